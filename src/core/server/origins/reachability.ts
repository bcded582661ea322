// Crash or net-split: the verdict on an origin that can no longer be reached. It is suspect for a
// grace; then one host vanishing is a crash, several at once are a net-split. A crashed origin is
// kept for a while, because a cut rarely falls in one instant; a split one is frozen. Its life is
// a table, standings.ts; this file decides when each event of the table happens.

import { LINK_SILENCE_MS } from '../../../protocol/constants.ts';
import type { Name, OriginId } from '../../../protocol/ids.ts';
import type { Loss } from '../../../protocol/records.ts';
import { compareText } from '../../kit/text.ts';
import { noteBack, noteGone } from './gone.ts';
import { noteReturn } from './late.ts';
import { noteLost, noteReached } from './lives.ts';
import { dropOrigin, moveOn, noteNews } from './origins.ts';
import { touchView } from '../due.ts';
import type { Origin } from '../entities.ts';
import type { State } from '../state.ts';
import { isOwnHost } from '../state.ts';
import { cutOff, extendReach, hasWay } from './topology.ts';

/** The news for others at the end of a step. */
export interface Tidings {
  /** Newly reachable: offered to every neighbour. */
  readonly reached: Set<OriginId>;
  /** No longer reachable: every neighbour is asked whether it can reach it. */
  readonly missed: Set<OriginId>;
  /** Dropped: every neighbour learns that we have nothing of it. */
  readonly forgotten: Set<OriginId>;
  /** All other hosts were given up: this server begins anew to learn what there is. */
  isAlone: boolean;
}

/** Finds out which origins can be reached, and what that changes: once per step. */
export function refreshReachability(state: State, tidings: Tidings): void {
  if (state.reach.loose.size === 0 && state.reach.grown.size === 0) return;
  noteNews(state);
  touchView(state);
  const changed = new Set([...takeLoose(state), ...known(state, state.reach.grown)]);
  state.reach.grown.clear();
  const { self, origins } = state;
  const reached = [...changed].flatMap((grown) => extendReach(self, { grown, origins }));
  for (const origin of reached.sort(byName)) {
    if (origin.standing !== 'reachable') becomeReachable(state, origin, tidings);
  }
  const out = [...changed].filter((origin) => origin !== self && origin.via === null);
  for (const origin of out.sort(byName)) handleUnreachable(state, origin, tidings);
}

function byName(one: Origin, other: Origin): number {
  return compareText(one.log.facts.name, other.log.facts.name) || compareText(one.id, other.id);
}

function takeLoose(state: State): Origin[] {
  const loose = known(state, state.reach.loose);
  state.reach.loose.clear();
  return loose.flatMap((origin) => cutOff(origin, state.origins));
}

function known(state: State, ids: Iterable<OriginId>): Origin[] {
  return [...ids].flatMap((id) => state.origins.get(id) ?? []);
}

function becomeReachable(state: State, origin: Origin, tidings: Tidings): void {
  const before = origin.standing;
  const isHealing = before === 'split' || wasCutOff(state, origin);
  for (const name of ['grace', 'crashed', 'hold'] as const)
    state.timers.cancel(`${name} ${origin.id}`);
  forgetOldLosses(state, origin);
  origin.isPast = false;
  noteBack(state, origin);
  noteReached(state, origin);
  moveOn(state, origin, 'reached');
  noteReturn(state, origin);
  tidings.reached.add(origin.id);
  tidings.missed.delete(origin.id);
  tidings.forgotten.delete(origin.id);
  state.out.notice('origin-reachable', labels(origin));
  const { host } = origin.log.facts;
  if (hasSplitServer(state, host)) armReturned(state, origin, tidings);
  if (!isHealing) return;
  origin.returnedMs = state.nowMs;
  if (before === 'split') armAskAgain(state, tidings);
  else askAgainSoon(state, tidings);
}

/**
 * Whether a host was out of reach as a whole, and fell silent for a server that can be reached. One
 * whose links were only closed was not behind a cut: its servers end and start.
 */
function wasCutOff(state: State, origin: Origin): boolean {
  const isBackSoon = origin.standing === 'suspect' || origin.standing === 'crashed';
  if (!isBackSoon || !origin.fellSilent) return false;
  return !hasReachableServer(state, origin.log.facts.host);
}

/** A host that flaps, and is never away until its verdict, does not put off what is due already. */
function askAgainSoon(state: State, tidings: Tidings): void {
  if (!state.timers.has('ask again')) armAskAgain(state, tidings);
}

/** When a split origin is back, the others are judged again. */
export function armAskAgain(state: State, tidings: Tidings): void {
  state.timers.set('ask again', state.nowMs + ASK_AGAIN_MS, () => {
    askAgain(state, tidings);
  });
}

/**
 * Recent reports of a loss stay: a late message can make a dead origin reachable for a moment, and
 * reporters do not repeat themselves. A reporter that links to it again withdraws its report.
 */
function forgetOldLosses(state: State, origin: Origin): void {
  const { losses } = origin;
  for (const [reporter, { atMs }] of losses ?? []) {
    if (state.nowMs - atMs > togetherMs(state)) losses?.delete(reporter);
  }
  if (losses?.size === 0) origin.losses = null;
}

function handleUnreachable(state: State, origin: Origin, tidings: Tidings): void {
  const { timers, options } = state;
  if (origin.standing === 'reachable') {
    becomeSuspect(state, origin, tidings);
  } else if (origin.standing === 'suspect') {
    const isReported = noteReports(state, origin);
    const dueMs = Math.max(state.nowMs, origin.sinceMs + options.graceMs);
    if (isReported) timers.setEarlier(`grace ${origin.id}`, dueMs, judge(state, origin, tidings));
  } else if (origin.standing === 'new' && !timers.has(`grace ${origin.id}`)) {
    const dueMs = state.nowMs + QUIET_GRACES * options.graceMs;
    timers.set(`grace ${origin.id}`, dueMs, () => {
      tidings.forgotten.add(origin.id);
      dropOrigin(state, origin, { ending: 'forgotten' });
    });
  }
}

/** A neighbour has offered an origin: its links count. */
export function prove(state: State, origin: Origin): void {
  if (origin.isProven) return;
  origin.isProven = true;
  state.reach.grown.add(origin.id);
}

/** Marks an origin to which there is no way as suspect: still live, ranked last, and unproven. */
export function becomeSuspect(state: State, origin: Origin, tidings: Tidings): void {
  origin.fellSilent = false;
  origin.begun = null;
  const graces = noteReports(state, origin) ? 1 : QUIET_GRACES;
  origin.isProven = false;
  origin.sinceMs = state.nowMs;
  noteLost(state, origin);
  moveOn(state, origin, 'lost');
  tidings.missed.add(origin.id);
  tidings.reached.delete(origin.id);
  state.out.notice('origin-suspect', labels(origin));
  const dueMs = state.nowMs + graces * state.options.graceMs;
  state.timers.set(`grace ${origin.id}`, dueMs, judge(state, origin, tidings));
}

/**
 * Whether a server that can be reached lost this origin, or another one of its host. One that is
 * lost in the same step says nothing, nor does the origin itself of its sibling.
 */
function noteReports(state: State, origin: Origin): boolean {
  let isReported = false;
  for (const other of state.reach.directory.ofHost(origin.log.facts.host)) {
    for (const [reporter, { atMs, loss }] of other.losses ?? []) {
      const isFresh = state.nowMs - atMs <= togetherMs(state);
      const by = state.origins.get(reporter);
      if (!isFresh || by === undefined || !hasWay(by, state.self)) continue;
      isReported = true;
      origin.fellSilent ||= !IS_END[loss];
    }
  }
  return isReported;
}

function judge(state: State, origin: Origin, tidings: Tidings): () => void {
  return () => {
    if (hasSurelyEnded(state, origin) || hasReachableServer(state, origin.log.facts.host)) {
      becomeCrashed(state, origin, tidings);
    } else if (isOneOfSeveral(state, origin) || !reachesOtherHost(state)) {
      becomeSplit(state, origin, tidings);
      splitCrashed(state, origin, tidings);
      if (isRestOfSplit(state, origin)) askAgainSoon(state, tidings);
    } else {
      becomeCrashed(state, origin, tidings);
    }
  };
}

function becomeCrashed(state: State, origin: Origin, tidings: Tidings): void {
  origin.isProven = false;
  origin.verdict = howLost(state, origin);
  moveOn(state, origin, 'crashed');
  noteGone(state, origin, { why: 'crashed' });
  state.tally.add('lost', ['crash']);
  state.out.notice('origin-crashed', labels(origin));
  armCrashed(state, origin, tidings);
}

/** Why it counts as a crash, for people. */
function howLost(state: State, origin: Origin): string {
  const { name, host } = origin.log.facts;
  if (origin.isOutlived) return `server ${name} has started anew`;
  if (wasClosed(state, origin)) return `server ${name} ended`;
  return hasReachableServer(state, host)
    ? `server ${name} fell silent`
    : `host ${host} fell silent`;
}

function armCrashed(state: State, origin: Origin, tidings: Tidings): void {
  state.timers.set(`crashed ${origin.id}`, state.nowMs + togetherMs(state), () => {
    tidings.forgotten.add(origin.id);
    dropOrigin(state, origin, { ending: 'forgotten' });
  });
}

function becomeSplit(state: State, origin: Origin, tidings: Tidings): void {
  origin.isProven = false;
  state.timers.cancel(`crashed ${origin.id}`);
  noteBack(state, origin);
  origin.verdict = `host ${origin.log.facts.host} is cut off`;
  moveOn(state, origin, 'split');
  state.tally.add('lost', ['split']);
  state.out.notice('origin-split', labels(origin));
  const { host } = origin.log.facts;
  if (hasReachableServer(state, host)) {
    armReturned(state, origin, tidings);
  }
  armHold(state, origin, tidings);
}

function armHold(state: State, origin: Origin, tidings: Tidings): void {
  state.timers.set(`hold ${origin.id}`, state.nowMs + state.options.splitHoldMs, () => {
    if (!reachesOtherHost(state)) tidings.isAlone = true;
    tidings.forgotten.add(origin.id);
    forgetOrigin(state, origin, 'the split hold has ended');
  });
}

/** Judges an origin that is out of reach anew, each time from now. */
export function rearm(state: State, origin: Origin, tidings: Tidings): void {
  if (origin.standing === 'suspect') {
    const dueMs = state.nowMs + state.options.graceMs;
    state.timers.set(`grace ${origin.id}`, dueMs, judge(state, origin, tidings));
  } else if (origin.standing === 'crashed') {
    armCrashed(state, origin, tidings);
  } else if (origin.standing === 'split') {
    armHold(state, origin, tidings);
    if (hasReachableServer(state, origin.log.facts.host)) armReturned(state, origin, tidings);
  }
}

/** Drops an origin that was split off, and says why. */
export function forgetOrigin(state: State, origin: Origin, reason: string): void {
  state.out.notice('origin-forgotten', { ...labels(origin), reason });
  noteGone(state, origin, { why: 'forgotten', detail: reason });
  state.history.noteServer(state.nowMs, origin, { event: 'forgotten', detail: reason });
  origin.verdict = `host ${origin.log.facts.host} was cut off, and forgotten: ${reason}`;
  dropOrigin(state, origin, { ending: 'forgotten' });
}

function splitCrashed(state: State, origin: Origin, tidings: Tidings): void {
  for (const other of [...state.reach.crashed]) {
    if (hasSurelyEnded(state, other)) continue;
    const { host } = other.log.facts;
    const isTogether = host === origin.log.facts.host || fellSilentWith(state, origin, host);
    if (isTogether) becomeSplit(state, other, tidings);
  }
}

/** A host is back: an origin that does not return with it within a grace is dropped. */
function armReturned(state: State, origin: Origin, tidings: Tidings): void {
  const { host } = origin.log.facts;
  state.timers.set(`returned ${origin.id}`, state.nowMs + state.options.graceMs, () => {
    dropSplitOf(state, host, tidings);
  });
}

function dropSplitOf(state: State, host: Name, tidings: Tidings): void {
  if (!hasReachableServer(state, host)) return;
  for (const origin of [...state.reach.directory.ofHost(host)]) {
    if (origin.standing !== 'split') continue;
    tidings.forgotten.add(origin.id);
    forgetOrigin(state, origin, 'its host is back without it');
  }
}

function askAgain(state: State, tidings: Tidings): void {
  const split = [...state.reach.away].filter((origin) => origin.standing === 'split');
  const hosts = new Set(split.map((origin) => origin.log.facts.host));
  if (hosts.size !== 1 || !reachesOtherHost(state)) return;
  for (const origin of split) {
    state.timers.cancel(`hold ${origin.id}`);
    becomeCrashed(state, origin, tidings);
  }
}

/** Whether another host fell silent about when this origin did. */
function isOneOfSeveral(state: State, origin: Origin): boolean {
  for (const { log } of state.reach.away) {
    const { host } = log.facts;
    if (host !== origin.log.facts.host && fellSilentWith(state, origin, host)) return true;
  }
  return isRestOfSplit(state, origin);
}

/**
 * Whether a host that was out of reach together with this one has only just returned, after its
 * verdict or before. The verdict must not depend on which of the two comes first, nor on the moment
 * of a heal; all are judged again when they had time. A host that fell silent when the other was
 * back already is a loss of its own.
 */
function isRestOfSplit(state: State, origin: Origin): boolean {
  for (const other of state.origins.values()) {
    const hasReturned = state.nowMs - other.returnedMs < ASK_AGAIN_MS;
    const wasTogether = origin.sinceMs < other.returnedMs;
    const isNear = Math.abs(other.sinceMs - origin.sinceMs) <= togetherMs(state);
    const isOther = other.log.facts.host !== origin.log.facts.host;
    if (hasReturned && wasTogether && isNear && isOther) return true;
  }
  return false;
}

/** Whether a host fell silent about when this origin did, and is wholly out of reach. */
function fellSilentWith(state: State, origin: Origin, host: Name): boolean {
  if (hasReachableServer(state, host)) return false;
  for (const other of state.reach.directory.ofHost(host)) {
    const isNear = Math.abs(other.sinceMs - origin.sinceMs) <= togetherMs(state);
    if (state.reach.away.has(other) && isNear && !hasSurelyEnded(state, other)) return true;
  }
  return false;
}

/** Whether an origin has ended, wherever the cut may be: its process ended, or has begun anew. */
function hasSurelyEnded(state: State, origin: Origin): boolean {
  return wasClosed(state, origin) || origin.isOutlived;
}

function wasClosed(state: State, origin: Origin): boolean {
  const fresh = [...(origin.losses?.values() ?? [])].filter(
    (report) => origin.sinceMs - report.atMs <= togetherMs(state),
  );
  return fresh.length > 0 && fresh.every((report) => IS_END[report.loss]);
}

/** Whether this kind of loss shows the end of a process. */
const IS_END: Readonly<Record<Loss, boolean>> = {
  closed: true,
  silent: false,
  released: false,
  unknown: false,
};

function hasReachableServer(state: State, host: Name): boolean {
  for (const { standing } of state.reach.directory.ofHost(host))
    if (standing === 'reachable') return true;
  return false;
}

function hasSplitServer(state: State, host: Name): boolean {
  for (const { standing } of state.reach.directory.ofHost(host))
    if (standing === 'split') return true;
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

/**
 * Hosts that fall silent within this belong together, and a crashed one is kept for it. A cut
 * shows in each link as late as the silence of that link says, so a slow server anywhere widens it.
 */
function togetherMs({ reach: { directory } }: State): number {
  return TOGETHER_MS + directory.longestSilenceMs - LINK_SILENCE_MS;
}

/** Where all have the usual silence. */
const TOGETHER_MS = 5_000;

/** When a split origin is back, the others get this long before they are judged again. */
const ASK_AGAIN_MS = 5_000;

/** Graces for an origin whose loss no server reports: then the paths may be at fault. */
const QUIET_GRACES = 4;
