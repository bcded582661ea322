// The part of an answer about the view behind it. The invariant: "none" comes from certain
// knowledge only. A view that is not complete makes it "cannot tell". Doubt alone does not: it
// passes in half a second, and all is known of a host in doubt up to its last message.

import type { ExtendedError } from './answer.ts';
import { EDE } from './codes.ts';

/** A server's report of its view beside an answer. */
export interface DnsView {
  readonly complete: boolean;
  /** Names of hosts, as many as an answer has. */
  readonly missing: readonly string[];
  /** How many there are; the number of the names if absent. */
  readonly missingCount?: number | undefined;
  /** Why it is not complete, if it says so. */
  readonly why?: string | undefined;
}

/** What a view can prove. */
export type Certainty =
  /** A name that it lacks does not exist. */
  | 'certain'
  /** Hosts are cut off, or their news is on its way. */
  | 'cut-off'
  /** It has never been complete. */
  | 'unsynced';

/** What a view can prove. If it does not say why it is not complete, the worst is assumed. */
export function certaintyOf({ complete, missing, why }: DnsView): Certainty {
  if (complete || why === 'suspect') return 'certain';
  if (why === 'unsynced') return 'unsynced';
  return why === undefined && missing.length === 0 ? 'unsynced' : 'cut-off';
}

/** The extended error beside live instances; null for none. */
export function incompleteError(view: DnsView): ExtendedError | null {
  const certainty = certaintyOf(view);
  if (certainty === 'certain') return null;
  if (certainty === 'unsynced') return { code: EDE.OTHER, text: 'not complete: not synced yet' };
  return { code: EDE.OTHER, text: cutOffText('not complete', view) };
}

/** The extended error beside stale instances, which these hosts had. */
export function staleError(hosts: readonly string[]): ExtendedError {
  const [, ...others] = hosts;
  const verb = others.length === 0 ? 'is' : 'are';
  const text = withHosts(hosts, (names) => `stale: last known of ${names}, which ${verb} cut off`);
  return { code: EDE.STALE_ANSWER, text };
}

/** The extended error beside no instance, if that is not certain; null if it is. */
export function cannotTellError(view: DnsView): ExtendedError | null {
  const certainty = certaintyOf(view);
  if (certainty === 'certain') return null;
  if (certainty === 'unsynced') return { code: EDE.NOT_READY, text: 'not synced yet' };
  return { code: EDE.NO_REACHABLE_AUTHORITY, text: cutOffText('cannot tell', view) };
}

/** Two names, or more, that one name could mean. */
export function severalError(asked: string, names: readonly string[]): ExtendedError {
  const count = names.length === 2 ? 'two' : String(names.length);
  const sorted = [...names].sort((one, other) => (one < other ? -1 : 1));
  const head = `${count} services are called "${asked}" here`;
  return { code: EDE.OTHER, text: withHosts(sorted, (list) => `${head}: ${list}`) };
}

function cutOffText(what: string, { missing, missingCount, why }: DnsView): string {
  if (missing.length === 0) return `${what}: a part is not here yet`;
  const count = Math.max(missingCount ?? 0, missing.length);
  const state = why === 'limit' ? 'beyond the limits of this server' : 'cut off';
  const verb = count === 1 ? 'is' : 'are';
  return withHosts(missing, (names) => `${what}: ${names} ${verb} ${state}`, count);
}

/** Five names at most, and fewer where the text would be too long. */
function withHosts(
  names: readonly string[],
  textOf: (names: string) => string,
  all = names.length,
): string {
  for (let count = Math.min(names.length, NAMES_MAX); count > 0; count -= 1) {
    const shown = names.slice(0, count).join(', ');
    const text = textOf(count === all ? shown : `${shown} and ${all - count} more`);
    if (text.length <= TEXT_BYTES_MAX) return text;
  }
  return textOf(`${all} of them`).slice(0, TEXT_BYTES_MAX);
}

const NAMES_MAX = 5;
const TEXT_BYTES_MAX = 200;
