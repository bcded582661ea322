// The missing hosts, and the servers that name them. A server names in its own log the hosts that a
// net-split took from it, and those in doubt of which others may know nothing. So the news travels as
// far as that log and ends with it: no server repeats what it has only heard, or two would keep each
// other incomplete for ever. In a fleet that lost a hundred hosts not every server need say so: a few
// do, those with the lowest ids first, and others only if these do not. The invariant: if a server in
// reach has lost a host, some log in reach says so, or soon will.

import { MISSING_NAMES_MAX } from '../../../protocol/constants.ts';
import type { Name } from '../../../protocol/ids.ts';
import { compareText } from '../../kit/text.ts';
import type { Missing } from '../origins/log.ts';
import type { Tidings } from '../origins/reachability.ts';
import { touchView } from '../due.ts';
import type { Origin } from '../entities.ts';
import type { State } from '../state.ts';
import { reachableOrigins } from '../state.ts';

/** The form in a message. */
interface Told {
  readonly missing: readonly Name[];
  readonly missingCount: number;
}

/** The hosts of the origins that are out of reach or do not speak, as neighbours are told. */
export function ownMissing(state: State): Told {
  const away = [...state.reach.away].filter(({ standing }) => standing !== 'crashed');
  return bounded(hostsOf([...away, ...leftInSplit(state), ...unspoken(state)], () => true));
}

/**
 * Neighbours that shook hands a while ago and have sent nothing of their logs, until they are
 * forgotten: where large packets vanish, only the handshake succeeds, again and again.
 */
function unspoken({ reach: { unspoken: ids }, origins, nowMs }: State): Origin[] {
  return [...ids].flatMap((id) => {
    const origin = origins.get(id);
    const isOverdue = origin !== undefined && nowMs >= origin.metMs + OVERDUE_MS;
    return isOverdue ? [origin] : [];
  });
}

/** As many names as a message has room for, and how many there are. */
export function bounded(hosts: readonly Name[]): Told {
  return { missing: hosts.slice(0, MISSING_NAMES_MAX), missingCount: hosts.length };
}

/** The hosts of the logs in reach with too many registrations: see receiving/bare.ts. */
export function bareHosts({ reach: { bare } }: Pick<State, 'reach'>): ReadonlySet<Name> {
  return new Set(hostsOf(bare, ({ standing }) => standing === 'reachable'));
}

/** The hosts that a net-split took from this server. */
export function splitHosts(state: Pick<State, 'reach' | 'past'>): readonly Name[] {
  return hostsOf(splitOrigins(state), () => true);
}

function splitOrigins({ reach, past }: Pick<State, 'reach' | 'past'>): Origin[] {
  const away = [...reach.away].filter(({ standing }) => standing === 'split');
  return [...away, ...leftInSplit({ past })];
}

/**
 * Origins were lost. A neighbour that was sent nothing of one, and has said nothing of it, may not
 * know that there is such a server: it cannot find out by itself that its host is in doubt. A server
 * that slept has lost nothing that others have not.
 */
export function noteLosses(state: State, { missed, reached }: Tidings): void {
  const { unshared } = state.replication;
  for (const id of reached) unshared.delete(id);
  if (state.life.waiting !== null) return;
  for (const id of missed) {
    const origin = state.origins.get(id);
    if (origin !== undefined && isUnshared(state, origin)) unshared.add(id);
  }
}

function isUnshared({ links }: State, { id, slot }: Origin): boolean {
  for (const { origin, hasDigest, progress } of links.values()) {
    if (hasDigest && origin !== id && progress.cursorAt(slot) === 0) return true;
  }
  return false;
}

/** The origins of which others may know nothing, until there is a verdict on them. */
function unsharedSuspects({ replication: { unshared }, origins }: State): Origin[] {
  const known = [...unshared].flatMap((id) => origins.get(id) ?? []);
  return known.filter(({ standing }) => standing === 'suspect');
}

/**
 * Servers that left while they were split off, until another server speaks of their instances:
 * their host may have been restarted, and servers that rely on this one know nothing of its new
 * life yet.
 */
function leftInSplit({ past: { departed } }: Pick<State, 'past'>): Origin[] {
  const origins = [...departed.values()].map(({ origin }) => origin);
  return origins.filter(({ standing }) => standing === 'split');
}

function hostsOf(origins: Iterable<Origin>, isMeant: (origin: Origin) => boolean): Name[] {
  const hosts = new Set<Name>();
  for (const origin of origins) if (isMeant(origin)) hosts.add(origin.log.facts.host);
  return [...hosts].sort(compareText);
}

/** The hosts that other reachable servers have lost, by their logs. */
export function* saidMissing(state: State): Generator<Missing> {
  for (const { standing, log } of state.reach.losers) {
    if (standing === 'reachable' && log !== state.self.log) yield log.missing;
  }
}

/** The missing hosts that this server's log should name now; null if it names them already. */
export function toBeSaid(state: State): Missing | null {
  const lost = [...splitOrigins(state), ...unsharedSuspects(state)];
  const { missing: hosts, missingCount: count } = bounded(hostsOf(lost, () => true));
  const said = state.self.log.missing;
  const isSaid = said.count === count && said.hosts.join() === hosts.join();
  if (isSaid || (said.count === 0 && !isOurTurn(state, hosts))) return null;
  state.view.sayMissingMs = Infinity;
  return { hosts, count };
}

/** Whether too few others say it, and have had time to. */
function isOurTurn(state: State, hosts: readonly Name[]): boolean {
  if (areSaid(state, hosts)) {
    state.view.sayMissingMs = Infinity;
    return false;
  }
  if (state.view.sayMissingMs === Infinity) state.view.sayMissingMs = state.nowMs + delayMs(state);
  if (state.nowMs >= state.view.sayMissingMs) return true;
  state.timers.setEarlier('say missing', state.view.sayMissingMs, () => {
    touchView(state);
  });
  return false;
}

function areSaid(state: State, hosts: readonly Name[]): boolean {
  const counts = new Map<Name, number>();
  for (const { hosts: others } of saidMissing(state)) {
    for (const host of others) counts.set(host, (counts.get(host) ?? 0) + 1);
  }
  return hosts.every((host) => (counts.get(host) ?? 0) >= SAYERS);
}

/** Those with the lowest ids speak at once, the next ones a little later each. */
function delayMs(state: State): number {
  let rank = 0;
  for (const { id } of reachableOrigins(state)) if (id < state.self.id) rank += 1;
  return rank < SAYERS ? 0 : Math.min(SAY_MS_MAX, (rank - SAYERS + 1) * SAY_STEP_MS);
}

/** A neighbour's log comes sooner than this, or something is in its way. */
export const OVERDUE_MS = 250;

/** So many servers name a missing host: all of them would have to be restarted at one time. */
const SAYERS = 8;

/** Longer than news takes in a small fleet. */
const SAY_STEP_MS = 5;

/** Sooner than a cold start can be over, so that a new server hears of it. */
const SAY_MS_MAX = 400;
