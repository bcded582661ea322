// The numbers of DNS that this door knows: types, classes, response codes, extended errors, sizes.
// One invariant: each number stands here once, with its RFC, so that the codec and the answers
// cannot differ about one.

/** Types of records (RFC 1035, 2782, 3596, 6891, 8482). */
export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

/** The only class that has names here (RFC 1035). */
export const CLASS_IN = 1;

/** The only kind of question that is answered (RFC 1035). */
export const OPCODE_QUERY = 0;

/** Response codes (RFC 1035, 6891). */
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const;

/** The name of a response code. */
export type RcodeName = keyof typeof RCODE;

/** When each is said, for the manual. @public */
export const RCODE_DOCS: Readonly<Record<RcodeName, string>> = {
  NOERROR: 'the name is there, though maybe without a record of that type',
  FORMERR: 'the query cannot be read, or has not exactly one question',
  SERVFAIL: 'the server cannot tell, or two services could be meant',
  NXDOMAIN: 'there is no such name; said from certain knowledge only, and must not be cached',
  NOTIMP: 'it is no query but something else, such as an update',
  REFUSED:
    'the name is outside of the zone, the class is not IN, it is a transfer, or the asker may not ask',
  BADVERS: 'the version of EDNS is above 0',
};

/** Extended errors (RFC 8914). */
export const EDE = {
  OTHER: 0,
  STALE_ANSWER: 3,
  NOT_READY: 14,
  PROHIBITED: 18,
  NOT_AUTHORITATIVE: 20,
  NO_REACHABLE_AUTHORITY: 22,
} as const;

/** When each is said, for the manual. @public */
export const EDE_DOCS: Readonly<Record<keyof typeof EDE, string>> = {
  OTHER:
    'with records: the answer is not complete; the text names the hosts that are cut off, or says how ' +
    'many records had no room over TCP; with SERVFAIL: it names the services that could be meant',
  STALE_ANSWER: 'only stale instances are known; the text names their hosts',
  NOT_READY: 'with SERVFAIL: the server has never been synced',
  PROHIBITED: 'with REFUSED: only the networks of --dns-from may ask',
  NOT_AUTHORITATIVE: 'with REFUSED: the name is outside of the zone',
  NO_REACHABLE_AUTHORITY:
    'with SERVFAIL: the server cannot tell, because these hosts are cut off, or beyond its limits',
};

/** The number of an extended error. */
export type EdeCode = (typeof EDE)[keyof typeof EDE];

/** Bytes of a header: a shorter query gets no answer. */
export const HEADER_BYTES = 12;

/** A query is never longer. */
export const QUERY_BYTES_MAX = 4 * 1024;

/** Bytes of a label, and of a whole name with its lengths (RFC 1035). */
export const LABEL_BYTES_MAX = 63;
export const NAME_BYTES_MAX = 255;

/** An answer over UDP to a client that says nothing of sizes (RFC 1035). */
export const UDP_BYTES_PLAIN = 512;

/** An answer over UDP through networks: it passes every one of them unfragmented. */
export const UDP_BYTES_MAX = 1_232;

/** An answer over UDP on loopback: what one datagram can hold. */
export const UDP_BYTES_LOOPBACK = 65_507;

/** An answer over TCP: what its two bytes of length can say. */
export const TCP_BYTES_MAX = 65_535;
