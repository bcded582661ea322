// What an answer is before it is bytes: sections of records, a response code, extended errors. The
// invariant: an answer repeats what was asked, and its records are in the order in which they are
// to be left out, the last ones first, where there is no room for all.

import type { EdeCode, RcodeName } from './codes.ts';
import { EDE, HEADER_BYTES, RCODE, TYPE } from './codes.ts';
import type { Asked } from './query.ts';
import type { WireName } from './wire-name.ts';

/** Where a service is, as SRV says it (RFC 2782). */
export interface Location {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: WireName;
}

/** What a zone says of itself, as SOA says it (RFC 1035); its times are always the same. */
export interface Authority {
  readonly server: WireName;
  readonly mailbox: WireName;
  readonly serial: number;
  /** Seconds for which "none" may be remembered. */
  readonly minimum: number;
}

/** What a record says, by its type. Strings have a character for each byte. */
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

/** Why an answer is as it is (RFC 8914), for those who asked with EDNS. */
export interface ExtendedError {
  readonly code: EdeCode;
  /** At most 200 bytes. */
  readonly text: string;
}

/** An answer. */
export interface Answer {
  readonly asked: Asked;
  readonly rcode: RcodeName;
  /** Whether this server is the one that knows: not where it refuses. */
  readonly isAuthoritative: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  readonly additional: readonly DnsRecord[];
  readonly errors: readonly ExtendedError[];
}

/** What a query came to, as lookups are counted; null for what asks for no service. */
export type Finding = 'live' | 'stale' | 'none' | 'cannot_tell';

/** What an answer says of what was looked up. */
export function findingOf({ rcode, answers, errors }: Answer): Finding | null {
  if (rcode === 'NXDOMAIN') return 'none';
  const isStale = errors.some(({ code }) => code === EDE.STALE_ANSWER);
  if (rcode === 'SERVFAIL') return isStale ? 'stale' : 'cannot_tell';
  const [first] = answers;
  if (rcode !== 'NOERROR' || first === undefined || !FINDING.has(first.data.type)) return null;
  return isStale ? 'stale' : 'live';
}

/** The types that say where instances are. */
const FINDING: ReadonlySet<number> = new Set([TYPE.A, TYPE.AAAA, TYPE.CNAME, TYPE.SRV]);

/** An answer without a record that this server does not vouch for as an authority. */
export function refusal(asked: Asked, rcode: RcodeName, error?: ExtendedError): Answer {
  const errors = error === undefined ? [] : [error];
  return { ...EMPTY, asked, rcode, errors };
}

/**
 * The bytes that say that a query could not be answered, whatever is wrong with it: its header alone,
 * with SERVFAIL (RFC 1035, 4.1.1). Null for what is no query.
 */
export function failureBytes(query: Uint8Array): Uint8Array | null {
  const [high, low, flags] = query;
  if (query.length < HEADER_BYTES || high === undefined || low === undefined) return null;
  if (flags === undefined || flags >= RESPONSE) return null;
  const bytes = new Uint8Array(HEADER_BYTES);
  // The number, that it is a response, and what the query said of its kind and its wish.
  bytes.set([high, low, RESPONSE | (flags & REPEATED), RCODE.SERVFAIL]);
  return bytes;
}

/** In the third byte: that it is a response; its kind, and whether recursion is desired. */
const RESPONSE = 0x80;
const REPEATED = 0x79;

const EMPTY = { isAuthoritative: false, answers: [], authority: [], additional: [] } as const;
