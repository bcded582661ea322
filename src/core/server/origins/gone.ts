// The servers that have left, were taken for crashed or were forgotten, for questions about the
// past: a host that is cut off alone looks like one that crashed, and its services may run. The
// invariant: these servers are in no graph, and in no answer but to such questions; the latest are
// kept, for the split hold.

import type { Name } from '../../../protocol/ids.ts';
import type { GoneRow } from '../../../protocol/records.ts';
import type { Origin } from '../entities.ts';
import type { State } from '../state.ts';

/** Notes that a server is gone, and why; the latest word counts. */
export function noteGone(
  state: State,
  { id, standing, sinceMs, log }: Origin,
  { why, detail }: Pick<GoneRow, 'why' | 'detail'>,
): void {
  // One that was never in reach was never shown.
  if (standing === 'new') return;
  const {
    past: { gone },
    nowMs,
  } = state;
  const before = gone.get(id);
  const lastMs = before?.sinceMs ?? (standing === 'reachable' ? nowMs : sinceMs);
  gone.delete(id);
  gone.set(id, { facts: log.facts, why, detail, sinceMs: lastMs, notedMs: nowMs });
  prune(state);
}

/** It is in reach again, or was split off and is not gone. */
export function noteBack({ past: { gone } }: State, { id }: Origin): void {
  gone.delete(id);
}

/** Those that are gone, the latest first, as of now. */
export function goneRows(state: State): GoneRow[] {
  prune(state);
  return [...state.past.gone].reverse().map(([origin, { facts, why, detail, sinceMs }]) => ({
    origin,
    facts,
    why,
    agoMs: agoMs(state, sinceMs),
    ...(detail === undefined ? {} : { detail }),
  }));
}

/** How many are gone. */
export function goneCount(state: State): number {
  prune(state);
  return state.past.gone.size;
}

/** A host that was lost, and when it was last in reach. */
interface LostHost {
  readonly host: Name;
  readonly sinceMs: number;
}

/** The hosts, at most so many, that went without a goodbye and of which nothing is in reach since. */
export function lostHosts(state: State, max: number): LostHost[] {
  prune(state);
  const lost = new Map<Name, number>();
  for (const { facts, why, sinceMs } of [...state.past.gone.values()].reverse()) {
    const { host } = facts;
    if (lost.size >= max) break;
    if (why === 'left' || lost.has(host) || isThere(state, host)) continue;
    lost.set(host, sinceMs);
  }
  return [...lost].map(([host, sinceMs]) => ({ host, sinceMs }));
}

function isThere({ reach: { directory } }: State, host: Name): boolean {
  for (const { standing } of directory.ofHost(host)) if (standing === 'reachable') return true;
  return false;
}

/** How long ago that was, for an answer. */
export function agoMs({ nowMs }: State, sinceMs: number): number {
  return Math.max(0, Math.round(nowMs - sinceMs));
}

function prune({ past: { gone }, nowMs, options }: State): void {
  gone.dropOldest(({ notedMs }) => gone.size > GONE_MAX || nowMs - notedMs > options.splitHoldMs);
}

const GONE_MAX = 1_024;
