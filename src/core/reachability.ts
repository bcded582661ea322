// Crash or net-split: what becomes of an origin that can no longer be reached. It is suspect for a
// grace; then one host vanishing is a crash, several at once are a net-split. A crashed origin is
// kept aside for a while, because a cut rarely falls in one instant; a split one is frozen.
//
//   new ──┐                  ┌──► aside ──► (dropped)
//         ▼                  │      │ another host fell silent
//     reachable ◄──► suspect ┤      ▼
//                            └──► split ──► (dropped: hold ended, host back without it, bye)

import type { Name, OriginId } from '../protocol/ids.ts';
import { dropOrigin, setStanding } from './origins.ts';
import type { Origin, State } from './state.ts';
import { isOwnHost } from './state.ts';
import { extendReach, reachableFrom } from './topology.ts';

/** What others must be told at the end of a step. */
export interface Tidings {
  /** Newly reachable: offered to every neighbour. */
  readonly reached: Set<OriginId>;
  /** No longer reachable: every neighbour is asked whether it can reach it. */
  readonly missed: Set<OriginId>;
  /** Dropped or frozen: every neighbour learns that we have nothing of it. */
  readonly forgotten: Set<OriginId>;
}

/** Computes who can be reached, and what that changes. Once per step, and anew only after a loss. */
export function refreshReachability(state: State, tidings: Tidings): void {
  const grown = [...state.grown];
  if (!state.isGraphShrunk && grown.length === 0) return;
  state.grown.clear();
  state.newsMs = state.nowMs;
  state.isViewDirty = true;
  if (state.isGraphShrunk) refreshAll(state, tidings);
  else refreshGrown(state, grown, tidings);
}

function refreshAll(state: State, tidings: Tidings): void {
  state.isGraphShrunk = false;
  const firstHops = reachableFrom(state.self, state.origins);
  for (const origin of [...state.origins.values()]) {
    if (origin === state.self) continue;
    origin.via = firstHops.get(origin.id) ?? null;
    if (origin.via === null) handleUnreachable(state, origin, tidings);
    else if (origin.standing !== 'reachable') becomeReachable(state, origin, tidings);
  }
}

/** A boot storm has thousands of new links, and each can only bring more into reach. */
function refreshGrown(state: State, grown: readonly OriginId[], tidings: Tidings): void {
  for (const id of grown) {
    const origin = state.origins.get(id);
    if (origin === undefined) continue;
    for (const reached of extendReach(state.self, { grown: origin, origins: state.origins })) {
      if (reached.standing !== 'reachable') becomeReachable(state, reached, tidings);
    }
    const isOut = origin !== state.self && origin.via === null;
    if (isOut) handleUnreachable(state, origin, tidings);
  }
}

function becomeReachable(state: State, origin: Origin, tidings: Tidings): void {
  const before = origin.standing;
  for (const name of ['grace', 'aside', 'hold']) state.timers.cancel(`${name} ${origin.id}`);
  origin.losses.clear();
  setStanding(state, origin, 'reachable');
  tidings.reached.add(origin.id);
  tidings.missed.delete(origin.id);
  tidings.forgotten.delete(origin.id);
  state.out.notice('origin-reachable', labels(origin));
  const { host } = origin.log.facts;
  state.timers.set(`returned ${origin.id}`, state.nowMs + state.options.graceMs, () => {
    dropSplitOf(state, host, tidings);
  });
  if (before !== 'split') return;
  state.timers.set('ask again', state.nowMs + ASK_AGAIN_MS, () => {
    askAgain(state, tidings);
  });
}

function handleUnreachable(state: State, origin: Origin, tidings: Tidings): void {
  const { timers, options } = state;
  if (origin.standing === 'reachable') {
    becomeSuspect(state, origin, tidings);
  } else if (origin.standing === 'suspect') {
    const isReported = wasReported(state, origin);
    const dueMs = Math.max(state.nowMs, origin.sinceMs + options.graceMs);
    if (isReported) timers.setEarlier(`grace ${origin.id}`, dueMs, judge(state, origin, tidings));
  } else if (origin.standing === 'new' && !timers.has(`grace ${origin.id}`)) {
    const dueMs = state.nowMs + QUIET_GRACES * options.graceMs;
    timers.set(`grace ${origin.id}`, dueMs, () => {
      tidings.forgotten.add(origin.id);
      dropOrigin(state, origin, 'crash');
    });
  }
}

/** Takes an origin for out of reach: still live, ranked last, and unproven. */
export function becomeSuspect(state: State, origin: Origin, tidings: Tidings): void {
  const graces = wasReported(state, origin) ? 1 : QUIET_GRACES;
  origin.isProven = false;
  origin.via = null;
  origin.sinceMs = state.nowMs;
  setStanding(state, origin, 'suspect');
  tidings.missed.add(origin.id);
  tidings.reached.delete(origin.id);
  state.out.notice('origin-suspect', labels(origin));
  const dueMs = state.nowMs + graces * state.options.graceMs;
  state.timers.set(`grace ${origin.id}`, dueMs, judge(state, origin, tidings));
}

/** Whether a server that can be reached lost this origin, or another one of its host. */
function wasReported(state: State, origin: Origin): boolean {
  const { host } = origin.log.facts;
  for (const other of state.origins.values()) {
    if (other.log.facts.host !== host) continue;
    for (const [reporter, { atMs }] of other.losses) {
      const isFresh = state.nowMs - atMs <= TOGETHER_MS;
      if (isFresh && state.origins.get(reporter)?.standing === 'reachable') return true;
    }
  }
  return false;
}

function judge(state: State, origin: Origin, tidings: Tidings): () => void {
  return () => {
    const silent = silentHosts(state, origin);
    if (wasClosed(origin) || hasReachableServer(state, origin.log.facts.host)) {
      becomeAside(state, origin, tidings);
    } else if (silent.size > 1 || !reachesOtherHost(state)) {
      becomeSplit(state, origin, tidings);
      splitAsides(state, silent, tidings);
    } else {
      becomeAside(state, origin, tidings);
    }
  };
}

function becomeAside(state: State, origin: Origin, tidings: Tidings): void {
  origin.isProven = false;
  setStanding(state, origin, 'aside');
  tidings.forgotten.add(origin.id);
  state.out.notice('origin-crashed', labels(origin));
  state.timers.set(`aside ${origin.id}`, state.nowMs + ASIDE_MS, () => {
    dropOrigin(state, origin, 'crash');
  });
}

function becomeSplit(state: State, origin: Origin, tidings: Tidings): void {
  origin.isProven = false;
  state.timers.cancel(`aside ${origin.id}`);
  setStanding(state, origin, 'split');
  tidings.forgotten.add(origin.id);
  state.out.notice('origin-split', labels(origin));
  const { host } = origin.log.facts;
  if (hasReachableServer(state, host)) {
    state.timers.set(`returned ${origin.id}`, state.nowMs + state.options.graceMs, () => {
      dropSplitOf(state, host, tidings);
    });
  }
  state.timers.set(`hold ${origin.id}`, state.nowMs + state.options.splitHoldMs, () => {
    if (!reachesOtherHost(state)) state.isSynced = false;
    forgetOrigin(state, origin, 'the hold has ended');
  });
}

/** Drops an origin that was split off, and says why. */
export function forgetOrigin(state: State, origin: Origin, reason: string): void {
  state.out.notice('origin-forgotten', { ...labels(origin), reason });
  dropOrigin(state, origin, 'crash');
}

function splitAsides(state: State, hosts: ReadonlySet<Name>, tidings: Tidings): void {
  for (const other of [...state.origins.values()]) {
    if (other.standing !== 'aside' || !hosts.has(other.log.facts.host)) continue;
    if (!wasClosed(other)) becomeSplit(state, other, tidings);
  }
}

function dropSplitOf(state: State, host: Name, tidings: Tidings): void {
  if (!hasReachableServer(state, host)) return;
  for (const origin of [...state.origins.values()]) {
    if (origin.standing !== 'split' || origin.log.facts.host !== host) continue;
    tidings.forgotten.add(origin.id);
    forgetOrigin(state, origin, 'its host is back without it');
  }
}

function askAgain(state: State, tidings: Tidings): void {
  const split = [...state.origins.values()].filter((origin) => origin.standing === 'split');
  const hosts = new Set(split.map((origin) => origin.log.facts.host));
  if (hosts.size !== 1 || !reachesOtherHost(state)) return;
  for (const origin of split) {
    state.timers.cancel(`hold ${origin.id}`);
    becomeAside(state, origin, tidings);
  }
}

/** The hosts that fell silent about when this origin did, and are wholly out of reach. */
function silentHosts(state: State, origin: Origin): Set<Name> {
  const hosts = new Set<Name>([origin.log.facts.host]);
  for (const other of state.origins.values()) {
    const isOut = OUT_OF_REACH.has(other.standing);
    const isNear = Math.abs(other.sinceMs - origin.sinceMs) <= TOGETHER_MS;
    const { host } = other.log.facts;
    if (!isOut || !isNear || wasClosed(other) || hosts.has(host)) continue;
    if (!hasReachableServer(state, host)) hosts.add(host);
  }
  return hosts;
}

function wasClosed(origin: Origin): boolean {
  const fresh = [...origin.losses.values()].filter(
    (report) => origin.sinceMs - report.atMs <= TOGETHER_MS,
  );
  return fresh.length > 0 && fresh.every((report) => report.loss === 'closed');
}

function hasReachableServer(state: State, host: Name): boolean {
  for (const other of state.origins.values()) {
    if (other.standing === 'reachable' && other.log.facts.host === host) return true;
  }
  return false;
}

/** Whether a server of another host can be reached. */
export function reachesOtherHost(state: State): boolean {
  for (const other of state.origins.values()) {
    if (other.standing === 'reachable' && !isOwnHost(state, other.log.facts.host)) return true;
  }
  return false;
}

function labels(origin: Origin): { server: string; host: string } {
  return { server: origin.log.facts.name, host: origin.log.facts.host };
}

const OUT_OF_REACH: ReadonlySet<string> = new Set(['suspect', 'aside', 'split']);

/** Hosts that fall silent within this belong together. */
const TOGETHER_MS = 5_000;

/** How long a crashed origin is kept aside. */
const ASIDE_MS = 5_000;

/** When a split origin is back, the others get this long before the question is put again. */
const ASK_AGAIN_MS = 5_000;

/** Graces for an origin of which no server reports the loss: then it is in the paths. */
const QUIET_GRACES = 4;
