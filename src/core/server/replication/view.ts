// Whether this server's view is complete, so that "none", "not synced yet" and "cut off" never look
// alike. Complete means: synced once (through a complete neighbour, or at a cold start when nothing
// new has come for a while), every origin that a reachable log names has a log here, no neighbour
// misses a host, and no origin is suspect or split. The invariant: only a server's own loss is told
// to neighbours, never what it heard of others; else two would keep each other incomplete for ever.

import type { Name, OriginId } from '../../../protocol/ids.ts';
import { compareText } from '../../kit/text.ts';
import { ownMissing, sendToAll } from './replication.ts';
import type { Link, State } from '../state.ts';
import { isOwnHost } from '../state.ts';

/** Computes the view anew if anything that it rests on has changed. Says whether it has changed. */
export function refreshView(state: State): boolean {
  if (!state.isViewDirty || isTooSoon(state)) return false;
  state.isViewDirty = false;
  state.viewedMs = state.nowMs;
  state.isSynced ||= hasSyncedNeighbour(state) || isColdStartOver(state);
  const own = ownMissing(state);
  const missing = missingHosts(state, own);
  const isComplete = state.isSynced && missing.length === 0 && !lacksLog(state);
  const isTurned = isComplete !== state.isComplete;
  const isOwnNew = own.join() !== state.ownMissing.join();
  const isNew = isTurned || missing.join() !== state.missing.join();
  state.isComplete = isComplete;
  state.missing = missing;
  state.ownMissing = own;
  if (isTurned || isOwnNew) sendToAll(state, { kind: 'view', complete: isComplete, missing: own });
  if (isTurned) tellTurn(state);
  return isNew;
}

/** In a boot storm and a net-split every message changes something: a look now and then will do. */
function isTooSoon(state: State): boolean {
  const dueMs = state.viewedMs + Math.floor(state.origins.size / ORIGINS_PER_MS);
  if (state.isComplete || state.nowMs >= dueMs) return false;
  state.timers.setEarlier('view', dueMs, () => {
    // The end of the step computes the view.
  });
  return true;
}

/** A neighbour says what its view is. */
export function noteNeighbourView(
  state: State,
  link: Link,
  view: { readonly complete: boolean; readonly missing: readonly Name[] },
): void {
  countMissing(state, link.neighbourMissing, -1);
  countMissing(state, view.missing, 1);
  link.neighbourMissing = view.missing;
  link.isNeighbourComplete = view.complete;
  state.isViewDirty = true;
}

/** A neighbour is none any more, or speaks over another connection. */
export function forgetNeighbourView(state: State, link: Link): void {
  noteNeighbourView(state, link, { complete: false, missing: [] });
}

function countMissing(state: State, hosts: readonly Name[], step: 1 | -1): void {
  const { missedBy } = state;
  for (const host of hosts) {
    const count = (missedBy.get(host) ?? 0) + step;
    if (count === 0) missedBy.delete(host);
    else missedBy.set(host, count);
  }
}

function missingHosts(state: State, own: readonly Name[]): Name[] {
  const missing = new Set<Name>(own);
  for (const host of state.missedBy.keys()) if (!isOwnHost(state, host)) missing.add(host);
  return [...missing].sort(compareText);
}

function tellTurn(state: State): void {
  if (state.isComplete) {
    state.out.notice('view-complete', {});
  } else {
    const missing = state.missing.join(', ') || 'a log on its way';
    state.out.notice('view-incomplete', { missing });
  }
}

function hasSyncedNeighbour(state: State): boolean {
  for (const link of state.links.values()) {
    if (link.isNeighbourComplete && hasTakenDigest(link)) return true;
  }
  return false;
}

function hasTakenDigest(link: Link): boolean {
  return link.hasDigest && link.expected.size === 0;
}

/** At a cold start nobody is complete yet: whoever has asked everyone decides by itself. */
function isColdStartOver(state: State): boolean {
  const targets = [...state.targets.values()];
  if (!targets.every((target) => target.wasTried || target.isRefused)) return false;
  const links = [...state.links.values()];
  if (state.options.peers.length === 0 && links.length === 0) return true;
  const hasExchanged = links.some((link) => {
    const facts = state.origins.get(link.origin)?.log.facts;
    const isOther = facts !== undefined && !isOwnHost(state, facts.host);
    return hasTakenDigest(link) && (isOther || state.options.peers.length === 0);
  });
  if (!hasExchanged || links.some((link) => !hasTakenDigest(link))) return false;
  const settledMs = state.newsMs + SETTLE_MS;
  if (state.nowMs >= settledMs) return true;
  state.timers.set('settle', settledMs, () => {
    state.isViewDirty = true;
  });
  return false;
}

function lacksLog(state: State): boolean {
  for (const id of state.unheard) {
    const isKnown = state.origins.has(id) || state.goodbyes.has(id);
    const named = isKnown ? null : namedBy(state, id);
    if (named === 'reachable') return true;
    if (named === null) state.unheard.delete(id);
  }
  return false;
}

/** Whether an origin that can be reached names another one, or only one that cannot. */
function namedBy(state: State, id: OriginId): 'reachable' | 'lost' | null {
  let isNamed = false;
  for (const { standing, log } of state.origins.values()) {
    if (!log.links.has(id)) continue;
    if (standing === 'reachable') return 'reachable';
    isNamed = true;
  }
  return isNamed ? 'lost' : null;
}

/** A cold start is over when nothing new has arrived for this long. */
const SETTLE_MS = 5_000;

/** The more origins there are, the more rarely an incomplete view is computed anew. */
const ORIGINS_PER_MS = 400;
