// Whether this server's view is complete, so that "none", "not synced yet" and "cut off" never look
// alike. Complete means: synced once (through a complete neighbour, or at a cold start, where no
// server is complete yet and none misses a host), every origin that a reachable log names has a log
// here, no reachable log and no neighbour misses a host, and no origin is suspect or split. The
// invariant: a server names its own losses only, never those that it heard of (see missing.ts).

import type { Name, OriginId } from '../../../protocol/ids.ts';
import type { MessageOf } from '../../../protocol/messages.ts';
import { compareText, hostPartOf } from '../../kit/text.ts';
import { forgetNamed, isHeard, nameAnew } from '../origins/named.ts';
import { bareHosts, bounded, ownMissing, saidMissing, splitHosts, toBeSaid } from './missing.ts';
import { appendOwn, combinedHash, isVouched, sendToAll } from './replication.ts';
import { isViewDue, takeView, touchView } from '../due.ts';
import type { Link } from '../entities.ts';
import type { Why } from '../replication/slice.ts';
import type { State } from '../state.ts';
import { isOwnHost } from '../state.ts';

/** Computes the view anew if its basis has changed. Returns whether the view has changed. */
export function refreshView(state: State): boolean {
  if (!isViewDue(state) || isTooSoon(state)) return false;
  takeView(state);
  state.view.viewedMs = state.nowMs;
  const said = toBeSaid(state);
  if (said !== null) appendOwn(state, { kind: 'missing', ...said });
  state.view.isSynced ||= hasSyncedNeighbour(state) || isColdStartOver(state);
  const own = ownMissing(state);
  const view = { ...missingHosts(state, own), why: whyNot(state) };
  const isComplete = view.why === null;
  const isTurned = isComplete !== state.view.isComplete;
  const isOwnNew = own.missing.join() !== state.view.ownMissing.join();
  const isOther = view.why !== state.view.why || view.missingCount !== state.view.missingCount;
  const isNew = isTurned || isOther || view.missing.join() !== state.view.missing.join();
  Object.assign(state.view, view, { isComplete, ownMissing: own.missing });
  tellNeighbours(state, own, isOwnNew);
  if (isTurned) tellTurn(state);
  return isNew;
}

function tellNeighbours(state: State, own: ReturnType<typeof ownMissing>, isOwnNew: boolean): void {
  const complete = isVouched(state);
  if (complete === state.view.isVouched && !isOwnNew) return;
  state.view.isVouched = complete;
  sendToAll(state, { kind: 'view', complete, ...own });
}

/** The first reason for which the view is not complete; null if there is none. */
function whyNot(state: State): Why | null {
  if (!state.view.isSynced || lacksLog(state)) return 'unsynced';
  if (splitHosts(state).length > 0 || isSplitSaid(state)) return 'split';
  const isDoubted = [...state.view.missedBy.keys()].some((host) => !isOwnHost(state, host));
  if (isDoubted || ownMissing(state).missingCount > 0) return 'suspect';
  return bareHosts(state).size > 0 ? 'limit' : null;
}

function isSplitSaid(state: State): boolean {
  for (const { hosts, count } of saidMissing(state)) {
    if (count > hosts.length || hosts.some((host) => !isOwnHost(state, host))) return true;
  }
  return false;
}

/** In a boot storm and a net-split every message changes something: a look now and then will do. */
function isTooSoon(state: State): boolean {
  const origins = state.origins.size + state.reach.unheard.size;
  const dueMs = state.view.viewedMs + Math.floor(origins / ORIGINS_PER_MS);
  if (state.view.isComplete || state.nowMs >= dueMs) return false;
  state.timers.setEarlier('view', dueMs, () => {
    // The end of the step computes the view.
  });
  return true;
}

/** A neighbour says what its view is. */
export function noteNeighbourView(
  state: State,
  link: Link,
  view: Pick<MessageOf<'view'>, 'complete' | 'missing' | 'missingCount'>,
): void {
  countMissing(state, link.neighbourMissing, -1);
  countMissing(state, view.missing, 1);
  link.neighbourMissing = view.missing;
  link.neighbourMissingCount = view.missingCount ?? view.missing.length;
  link.isNeighbourComplete = view.complete;
  touchView(state);
}

/** A neighbour is lost, or speaks over another connection. */
export function forgetNeighbourView(state: State, link: Link): void {
  noteNeighbourView(state, link, { complete: false, missing: [] });
}

function countMissing(state: State, hosts: readonly Name[], step: 1 | -1): void {
  const { missedBy } = state.view;
  for (const host of hosts) {
    const count = (missedBy.get(host) ?? 0) + step;
    if (count === 0) missedBy.delete(host);
    else missedBy.set(host, count);
  }
}

/**
 * All hosts that a server in reach misses, this one included; of those without a name only the
 * number is known.
 */
function missingHosts(
  state: State,
  own: ReturnType<typeof ownMissing>,
): { missing: readonly Name[]; missingCount: number } {
  const bare = bareHosts(state);
  const all = new Set<Name>([...own.missing, ...state.view.missedBy.keys(), ...bare]);
  let count = own.missingCount;
  for (const link of state.links.values()) count = Math.max(count, link.neighbourMissingCount);
  for (const said of saidMissing(state)) {
    count = Math.max(count, said.count);
    for (const host of said.hosts) all.add(host);
  }
  const isNamed = (host: Name): boolean => {
    return own.missing.includes(host) || bare.has(host) || !isOwnHost(state, host);
  };
  const hosts = [...all].filter(isNamed);
  const { missing, missingCount } = bounded(hosts.sort(compareText));
  const isWhole = count <= missing.length || all.size !== hosts.length;
  return { missing, missingCount: isWhole ? missingCount : Math.max(missingCount, count) };
}

function tellTurn(state: State): void {
  if (state.view.isComplete) {
    state.out.notice('view-complete', {});
  } else {
    const { missingCount: count, missing: names } = state.view;
    const more = count > names.length ? ` and ${String(count - names.length)} more` : '';
    const missing = `${names.join(', ')}${more}` || 'a log on its way';
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
  return link.hasDigest && link.progress.hasAllListed;
}

/**
 * At a cold start no server is complete yet: one that has asked all others decides by itself, but
 * only if none misses a host. If all answer and have the same, that needs a moment's quiet.
 */
function isColdStartOver(state: State): boolean {
  const targets = [...state.linking.targets.values()];
  if (!targets.every((target) => target.wasTried || target.refusal !== null)) return false;
  const links = [...state.links.values()];
  const isAlone = !awaitsPeers(state);
  if (isAlone && links.length === 0) return true;
  const hasExchanged = links.some((link) => {
    const facts = state.origins.get(link.origin)?.log.facts;
    const isOther = facts !== undefined && !isOwnHost(state, facts.host);
    return hasTakenDigest(link) && (isOther || isAlone);
  });
  if (!hasExchanged || links.some((link) => !hasTakenDigest(link))) return false;
  return isNobodyMissed(state) && hasSettled(state, links);
}

/** Nobody waits for a host of `--peer` any more. */
export function giveUp(state: State, host: string): void {
  state.view.givenUpPeers.add(host);
  touchView(state);
}

/** Whether `--peer` names another host that an operator has not given up. */
export function awaitsPeers({ options, view: { givenUpPeers } }: State): boolean {
  const own = options.facts.addresses.map(hostPartOf);
  return options.peers.some((address) => {
    const host = hostPartOf(address);
    return !own.includes(host) && !givenUpPeers.has(host);
  });
}

function isNobodyMissed(state: State): boolean {
  const isMissed = [...state.view.missedBy.keys()].some((host) => !isOwnHost(state, host));
  return !isMissed && !isSplitSaid(state) && ownMissing(state).missingCount === 0;
}

function hasSettled(state: State, links: readonly Link[]): boolean {
  const settledMs = state.reach.newsMs + SETTLE_MS;
  const quietMs = state.reach.newsMs + QUIET_MS;
  if (state.nowMs >= settledMs) return true;
  if (state.nowMs >= quietMs && haveAllAnswered(state)) {
    if (links.every(({ agreedMs }) => agreedMs >= state.reach.newsMs)) return true;
    askForAgreement(state);
  }
  const againMs = Math.max(quietMs, state.view.askedMs + QUIET_MS);
  const nextMs = againMs > state.nowMs ? Math.min(againMs, settledMs) : settledMs;
  state.timers.set('settle', nextMs, () => {
    touchView(state);
  });
  return false;
}

/** An empty address of a sibling counts as an answer: that is this machine. */
function haveAllAnswered({
  linking: { targets },
  options,
  addresses: { siblings: siblingAddresses },
}: State): boolean {
  return [...targets.values()].every((target) => {
    const { address, isSelf, refusal, hasFailed } = target;
    const isHere = options.siblings.includes(address) || siblingAddresses.has(address);
    return !hasFailed || isSelf || refusal !== null || (isHere && !options.peers.includes(address));
  });
}

/** All new servers do so, and each learns what the others have. */
function askForAgreement(state: State): void {
  if (state.nowMs < state.view.askedMs + QUIET_MS) return;
  state.view.askedMs = state.nowMs;
  sendToAll(state, { kind: 'check', lines: [], ...combinedHash(state) });
}

function lacksLog(state: State): boolean {
  if (lacksNamed(state)) return true;
  if (state.reach.hasUnnamed) nameAnew(state);
  return state.reach.hasUnnamed || lacksNamed(state);
}

/**
 * Whether an origin that can be reached names one that is unheard. Each link is looked at once: one
 * log may name as many as all logs may.
 */
function lacksNamed(state: State): boolean {
  const { unheard } = state.reach;
  if (unheard.size === 0) return false;
  const named = new Set<OriginId>();
  for (const { standing, log } of state.origins.values()) {
    for (const id of log.links) {
      if (!unheard.has(id) || isHeard(state, id)) continue;
      if (standing === 'reachable') return true;
      named.add(id);
    }
  }
  for (const id of unheard) if (!named.has(id)) forgetNamed(state, id);
  return false;
}

/** A cold start is over when no news has arrived for this long. */
const SETTLE_MS = 5_000;

/** Or for this long, if all were reached and have the same. */
const QUIET_MS = 500;

/** The more origins are known or named, the more rarely an incomplete view is computed anew. */
const ORIGINS_PER_MS = 400;
