// The options of a client, checked before anything is sent. The invariant: after this file every
// name is a name, every port a port, and every failure a RARANGI_USAGE that names the option that
// is wrong.

import { addressFaultOf } from '../../protocol/address.ts';
import { DEFAULT_ENVIRONMENT, TAG_VALUE_BYTES_MAX, TAGS_MAX } from '../../protocol/constants.ts';
import type { InstanceId, Name } from '../../protocol/ids.ts';
import { isId, parseName } from '../../protocol/ids.ts';
import type { Tag } from '../../protocol/records.ts';
import { isScheme, SCHEME_HINT } from '../../protocol/scalars.ts';
import { hasControlCharacters, utf8Bytes } from '../../protocol/texts.ts';
import type { Wanted } from '../../core/client/matching.ts';
import type { LockOptions } from '../tls/credentials.ts';
import { RarangiError } from '../rarangi-error.ts';

/** How long a call may take. */
export interface CallOptions {
  /** Milliseconds for the whole answer; 2000 if absent. */
  readonly timeoutMs?: number;
  /** Ends the call with RARANGI_ABORTED. */
  readonly signal?: AbortSignal;
}

/** Which servers are asked. */
export interface ClientOptions extends CallOptions, LockOptions {
  /** `development` if absent. */
  readonly environment?: string;
  /** `HOST`, `HOST:PORT` or the path of a socket; the servers of this host if absent. */
  readonly servers?: readonly string[];
}

/** Which instances are looked up, and how long that may take. */
export interface LookupQuery extends CallOptions, Wanted {
  /** Milliseconds to wait until there is a live instance, besides `timeoutMs`; 0 if absent. */
  readonly waitMs?: number;
}

/** Which instances are watched. */
export interface WatchQuery extends Wanted {
  /** Ends the loop, without an error. */
  readonly signal?: AbortSignal;
  /**
   * Called with the reason when every address was tried in vain, once for each reason; and with null
   * when a server is heard again. The watch tries on by itself.
   */
  readonly onUnheard?: (error: RarangiError | null) => void;
}

/** The options of a lookup without a client: which servers to ask, and for what. */
export interface LookupOptions extends ClientOptions, LookupQuery {}

/** The options of a watch without a client. */
export interface WatchOptions extends ClientOptions, WatchQuery {}

/** Which servers are listed, and which servers to ask for them. */
export interface PeersOptions extends ClientOptions {
  /** Also servers that left, crashed or were forgotten within the split hold. */
  readonly all?: boolean;
}

/** Which events are asked for; the newest of all if absent. */
export interface HistoryQuery {
  readonly service?: string;
  readonly host?: string;
  /** The id of an instance. */
  readonly instance?: string;
  /** Nothing older than this, in milliseconds. */
  readonly sinceMs?: number;
  /** How many at most, the newest; 100 if absent. */
  readonly limit?: number;
}

/** Which events are asked for, and which servers to ask for them. */
export interface HistoryOptions extends ClientOptions, HistoryQuery {}

/** How long an answer may take if no option says otherwise. */
export const DEFAULT_TIMEOUT_MS = 2_000;

/** The name that a text is. Throws RARANGI_USAGE. */
export function nameOf(text: string, what: string): Name {
  try {
    return parseName(text, what);
  } catch (error) {
    throw RarangiError.from(error, 'RARANGI_USAGE');
  }
}

/** The environment that is meant. Throws RARANGI_USAGE. */
export function environmentOf(options: ClientOptions): Name {
  return nameOf(options.environment ?? DEFAULT_ENVIRONMENT, 'environment');
}

/** The time for the whole answer. Throws RARANGI_USAGE. */
export function timeoutMsOf(options: ClientOptions): number {
  return millisecondsOf(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, 'timeout');
}

/** The id of an instance that a text is. Throws RARANGI_USAGE. */
export function instanceIdOf(text: string): InstanceId {
  if (isId(text)) return text as InstanceId;
  const hint = 'it has 32 hexadecimal digits in lower case, as lookup --json prints them';
  throw RarangiError.usage(`${JSON.stringify(text)} is not the id of an instance`, hint);
}

/** A duration in milliseconds. Throws RARANGI_USAGE. */
export function millisecondsOf(value: number, what: string): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw RarangiError.usage(
    `${what} ${String(value)} is not a number of milliseconds`,
    'use 0 or more',
  );
}

/** The port that a number is. Throws RARANGI_USAGE. */
export function portOf(value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= 65_535) return value;
  throw RarangiError.usage(
    `port ${String(value)} is not a port`,
    'use a whole number from 1 to 65535',
  );
}

/** The address of an instance; empty for that of the server. Throws RARANGI_USAGE. */
export function addressOf(text: string): string {
  const fault = text === '' ? null : addressFaultOf(text);
  if (fault !== null) throw RarangiError.usage(fault.problem, fault.hint);
  return text;
}

/** The scheme of an instance's URI, null for none. Throws RARANGI_USAGE. */
export function schemeOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (isScheme(text)) return text;
  throw RarangiError.usage(`scheme ${JSON.stringify(text)} is not a scheme`, SCHEME_HINT);
}

/** The tags of an instance, by key. Throws RARANGI_USAGE. */
export function tagsOf(given: Readonly<Record<string, string>> | undefined): Tag[] {
  const tags = Object.entries(given ?? {}).map(([key, value]) => ({
    key: nameOf(key, 'tag'),
    value: tagValueOf(key, value),
  }));
  if (tags.length > TAGS_MAX) {
    throw RarangiError.usage(
      `an instance cannot have ${String(tags.length)} tags`,
      `use ${String(TAGS_MAX)} or fewer`,
    );
  }
  return tags.sort((one, other) => (one.key < other.key ? -1 : 1));
}

function tagValueOf(key: string, value: unknown): string {
  if (typeof value !== 'string') {
    throw RarangiError.usage(`the value of tag ${key} is not a text`, 'put it in quotes');
  }
  if (utf8Bytes(value) <= TAG_VALUE_BYTES_MAX && !hasControlCharacters(value)) return value;
  throw RarangiError.usage(
    `the value of tag ${key} is too long or has control characters`,
    `use text of ${String(TAG_VALUE_BYTES_MAX)} bytes or fewer`,
  );
}

/** Which instances are wanted. Throws RARANGI_USAGE. */
export function wantedOf(options: Wanted): Wanted {
  const tags = Object.fromEntries(tagsOf(options.tags).map(({ key, value }) => [key, value]));
  const { cluster } = options;
  return cluster === undefined ? { tags } : { tags, cluster: nameOf(cluster, 'cluster') };
}
