// An answer before it is bytes: sections of records, a response code, extended errors. The
// invariant: an answer repeats its question, and where there is no room for all records the last
// ones are left out first.

import type { EdeCode, RcodeName } from './codes.ts';
import { EDE, HEADER_BYTES, RCODE, TYPE } from './codes.ts';
import type { QueryHead } from './query.ts';
import type { WireName } from './wire-name.ts';

/** The place of a service in an SRV record (RFC 2782). */
export interface Location {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: WireName;
}

/** The facts of a zone in an SOA record (RFC 1035); its times are always the same. */
export interface Authority {
  readonly server: WireName;
  readonly mailbox: WireName;
  readonly serial: number;
  /** Seconds for which "none" may be remembered. */
  readonly minimum: number;
}

/** The data of a record, by its type. Strings have a character for each byte. */
export type RecordData =
  | { readonly type: typeof TYPE.A | typeof TYPE.AAAA; readonly address: readonly number[] }
  | { readonly type: typeof TYPE.SRV; readonly location: Location }
  | { readonly type: typeof TYPE.TXT | typeof TYPE.HINFO; readonly texts: readonly string[] }
  | {
      readonly type: typeof TYPE.PTR | typeof TYPE.NS | typeof TYPE.CNAME;
      readonly name: WireName;
    }
  | { readonly type: typeof TYPE.SOA; readonly authority: Authority };

/** A record of an answer, of class IN. */
export interface DnsRecord {
  readonly owner: WireName;
  /** Seconds. */
  readonly ttl: number;
  readonly data: RecordData;
}

/** The reason of an answer (RFC 8914), for queries with EDNS. */
export interface ExtendedError {
  readonly code: EdeCode;
  /** At most 200 bytes. */
  readonly text: string;
}

/** An answer. */
export interface DnsAnswer {
  readonly asked: QueryHead;
  readonly rcode: RcodeName;
  /** Whether the server is the authority for the name; a refusal does not say so. */
  readonly isAuthoritative: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  readonly additional: readonly DnsRecord[];
  readonly errors: readonly ExtendedError[];
}

/** The result of a query, as lookups are counted; null for a query that asks for no service. */
export type Finding = 'live' | 'stale' | 'none' | 'cannot_tell';

/** The result of a lookup in an answer. */
export function findingOf({ rcode, answers, errors }: DnsAnswer): Finding | null {
  if (rcode === 'NXDOMAIN') return 'none';
  const isStale = errors.some(({ code }) => code === EDE.STALE_ANSWER);
  if (rcode === 'SERVFAIL') return isStale ? 'stale' : 'cannot_tell';
  const [first] = answers;
  if (rcode !== 'NOERROR' || first === undefined || !FINDING.has(first.data.type)) return null;
  return isStale ? 'stale' : 'live';
}

/** The types that say where instances are. */
const FINDING: ReadonlySet<number> = new Set([TYPE.A, TYPE.AAAA, TYPE.CNAME, TYPE.SRV]);

/** An answer without records, that does not claim authority. */
export function refusal(asked: QueryHead, rcode: RcodeName, error?: ExtendedError): DnsAnswer {
  const errors = error === undefined ? [] : [error];
  return { ...EMPTY, asked, rcode, errors };
}

/**
 * The bytes of a failure to answer, for any reason: only the header, with SERVFAIL (RFC 1035,
 * 4.1.1). Null if the bytes are no query.
 */
export function failureBytes(query: Uint8Array): Uint8Array | null {
  const [high, low, flags] = query;
  if (query.length < HEADER_BYTES || high === undefined || low === undefined) return null;
  if (flags === undefined || flags >= RESPONSE) return null;
  const bytes = new Uint8Array(HEADER_BYTES);
  // The number, the mark of a response, and the query's kind and recursion wish.
  bytes.set([high, low, RESPONSE | (flags & REPEATED), RCODE.SERVFAIL]);
  return bytes;
}

/** In the third byte: that it is a response; its kind, and whether recursion is desired. */
const RESPONSE = 0x80;
const REPEATED = 0x79;

const EMPTY = { isAuthoritative: false, answers: [], authority: [], additional: [] } as const;
