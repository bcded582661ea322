// Who links to whom. Masters link to all masters; a leaf to two masters on two hosts, its own
// cluster's first, spread by rendezvous hashing of names (Thaler and Ravishankar, 1998), so that a
// restart moves no other leaf; siblings link to each other; a server that knows no master, or lacks
// one, tries the peers that it was given. The invariant: a link is given up only when its
// replacement has held.

import type { Name } from '../../../protocol/ids.ts';
import { hashOf } from '../../kit/hash.ts';
import { reachesOtherHost } from '../origins/reachability.ts';
import { touchTargets } from '../due.ts';
import type { Link, Origin } from '../entities.ts';
import type { State } from '../state.ts';
import { isOwnHost } from '../state.ts';
import { soughtAddresses } from './seeking.ts';

/** The addresses to be dialled, linked ones left out. */
export function wantedAddresses(state: State): Set<string> {
  const wanted = new Set<string>();
  const { options } = state;
  addAll(wanted, state.addresses.siblings);
  const sought = soughtAddresses(state);
  if (state.life.isStopping) return withoutLinked(state, wanted);
  if (options.facts.role === 'master') addMasters(state, wanted);
  else if (!isListening(state)) addChosen(state, wanted);
  addAll(wanted, sought);
  return withoutLinked(state, wanted);
}

/**
 * The addresses at which a leaf that has too few masters must not wait for long: those of the masters
 * of its choice, which others can reach.
 */
export function urgentAddresses(state: State): Set<string> {
  const urgent = new Set<string>();
  if (state.options.facts.role === 'master' || hasEnoughMasters(state)) return urgent;
  for (const { log } of chosenMasters(state)) addAll(urgent, log.facts.addresses);
  return urgent;
}

function withoutLinked(state: State, wanted: Set<string>): Set<string> {
  for (const address of linkedAddresses(state)) wanted.delete(address);
  return wanted;
}

function addMasters(state: State, wanted: Set<string>): void {
  addAll(wanted, state.options.peers);
  addAll(wanted, state.addresses.masters.keys());
  for (const origin of mastersOf(state)) addAll(wanted, origin.log.facts.addresses);
}

function addChosen(state: State, wanted: Set<string>): void {
  const chosen = chosenMasters(state);
  if (lacksMasters(state, chosen)) {
    addAll(wanted, state.options.peers);
    addAll(wanted, worthTrying(state));
  }
  for (const origin of chosen) addAll(wanted, origin.log.facts.addresses);
}

/**
 * Whether a leaf has only just found its first master: it hears of the others before it takes a
 * second one. Else, in a boot storm, all leaves would take the one that they hear of first.
 */
function isListening(state: State): boolean {
  let firstMs = Infinity;
  for (const { origin, upMs } of state.links.values()) {
    const facts = state.origins.get(origin)?.log.facts;
    const isMaster = facts?.role === 'master' && !isOwnHost(state, facts.host);
    if (isMaster) firstMs = Math.min(firstMs, upMs);
  }
  const dueMs = firstMs + LISTEN_MS;
  if (dueMs <= state.nowMs || dueMs === Infinity) return false;
  state.timers.setEarlier('listen', dueMs, () => {
    touchTargets(state);
  });
  return true;
}

/** The links that we dialled and no longer need. */
export function unneededLinks(state: State): Link[] {
  if (state.options.facts.role === 'master' || !hasEnoughMasters(state)) return [];
  const chosen = new Set(chosenMasters(state).map((origin) => origin.id));
  const held = [...state.links.values()].filter((link) => chosen.has(link.origin));
  const isSettled = held.every((link) => state.nowMs - link.upMs >= SETTLED_MS);
  if (held.length < LEAF_MASTERS || !isSettled) return [];
  return [...state.links.values()].filter((link) => {
    const facts = state.origins.get(link.origin)?.log.facts;
    const isSibling = facts !== undefined && isOwnHost(state, facts.host);
    return link.isDialledByUs && !chosen.has(link.origin) && !isSibling;
  });
}

/** How many masters this server ought to have links to, and how many it has. */
export function masterLinks(state: State): { wanted: number; held: number } {
  const masters = mastersOf(state);
  const held = masters.filter((origin) => state.links.has(origin.id));
  if (state.options.facts.role === 'master') {
    return { wanted: Math.min(LEAF_MASTERS, masters.length), held: held.length };
  }
  const others = new Set(otherHosts(state, masters));
  const heldHosts = new Set(otherHosts(state, held));
  return { wanted: Math.min(LEAF_MASTERS, others.size), held: heldHosts.size };
}

/** Tells the operator when the last master has gone out of reach. */
export function noteMasters(state: State): void {
  const isMaster = state.options.facts.role === 'master';
  const isReached = isMaster || mastersOf(state).some(({ standing }) => standing === 'reachable');
  if (state.linking.reachesMaster && !isReached) state.out.notice('masters-unreachable', {});
  state.linking.reachesMaster = isReached;
}

/** Whether there are servers on several hosts, and no master among all that are known. */
export function isWithoutMaster(state: State): boolean {
  const isMaster = state.options.facts.role === 'master';
  return !isMaster && mastersOf(state).length === 0 && reachesOtherHost(state);
}

/** Tells the operator when a fleet has been without a master for a while: at a start that is usual. */
export function noteNoMaster(state: State): void {
  const isWithout = isWithoutMaster(state);
  if (!isWithout) state.timers.cancel('no-master');
  if (isWithout && !state.linking.isWithoutMaster) {
    state.timers.set('no-master', state.nowMs + NO_MASTER_MS, () => {
      state.out.notice('no-master', {});
    });
  }
  state.linking.isWithoutMaster = isWithout;
}

function hasEnoughMasters(state: State): boolean {
  return masterLinks(state).held >= LEAF_MASTERS;
}

/**
 * Whether there are too few links to masters, and the chosen ones cannot be had. A leaf that also
 * tried all others would, in a boot storm, link to every master that it hears of.
 */
function lacksMasters(state: State, chosen: readonly Origin[]): boolean {
  if (hasEnoughMasters(state)) return false;
  const isPromising = ({ log }: Origin): boolean =>
    log.facts.addresses.some((address) => state.linking.targets.get(address)?.hasFailed !== true);
  return chosen.length < LEAF_MASTERS || !chosen.every(isPromising);
}

/**
 * Addresses of masters that a leaf tries if it can reach none: those that have failed, because they
 * may be back, and a few that have not. In a boot storm it hears of masters before it hears of
 * their links, and would otherwise link to all of them.
 */
function worthTrying(state: State): string[] {
  const { name } = state.options.facts;
  const hasFailed = (address: string): boolean =>
    state.linking.targets.get(address)?.hasFailed === true;
  const all = [...state.addresses.masters].map(([address, by]) => ({ address, by }));
  const untried = all
    .filter(({ address }) => !hasFailed(address))
    .map((one) => ({ ...one, score: hashOf(`${name}|${one.address}`) }))
    .sort((one, other) => other.score - one.score);
  const failed = all.map(({ address }) => address).filter(hasFailed);
  return [...failed, ...inTurn(untried).slice(0, TRIED_MAX)];
}

/** One that each neighbour has named, then another of each: none holds up the others with its own. */
function inTurn(ranked: readonly { address: string; by: string | null }[]): string[] {
  const counts = new Map<string | null, number>();
  return ranked
    .map(({ address, by }) => {
      const turn = counts.get(by) ?? 0;
      counts.set(by, turn + 1);
      return { address, turn };
    })
    .sort((one, other) => one.turn - other.turn)
    .map(({ address }) => address);
}

function otherHosts(state: State, origins: readonly Origin[]): Name[] {
  return origins.map((origin) => origin.log.facts.host).filter((host) => !isOwnHost(state, host));
}

function mastersOf(state: State): Origin[] {
  return [...state.reach.directory.masters].filter((origin) => {
    const isOut = origin.standing === 'crashed' || origin.standing === 'new';
    return origin !== state.self && !isOut;
  });
}

function chosenMasters(state: State): Origin[] {
  const { facts } = state.options;
  const ranked = mastersOf(state)
    .filter((origin) => origin.standing === 'reachable' && !isOwnHost(state, origin.log.facts.host))
    .map((origin) => ({
      origin,
      isNear: origin.log.facts.cluster === facts.cluster,
      score: hashOf(`${facts.name}|${origin.log.facts.name}`),
    }))
    .sort((one, other) => Number(other.isNear) - Number(one.isNear) || other.score - one.score);
  const chosen: Origin[] = [];
  for (const { origin } of ranked) {
    const isNewHost = chosen.every((other) => other.log.facts.host !== origin.log.facts.host);
    if (isNewHost && chosen.length < LEAF_MASTERS) chosen.push(origin);
  }
  return chosen;
}

function linkedAddresses(state: State): Set<string> {
  const linked = new Set<string>(state.options.facts.addresses);
  for (const link of state.links.values()) {
    addAll(linked, state.origins.get(link.origin)?.log.facts.addresses ?? []);
    if (link.connection.dialled !== null) linked.add(link.connection.dialled);
  }
  for (const target of state.linking.targets.values()) {
    if (target.origin !== null && state.links.has(target.origin)) linked.add(target.address);
  }
  return linked;
}

function addAll(set: Set<string>, items: Iterable<string>): void {
  for (const item of items) set.add(item);
}

/** A leaf keeps links to this many masters, each on a host of its own. */
const LEAF_MASTERS = 2;

/** A leaf takes its second master when it has had its first for this long. */
const LISTEN_MS = 250;

/** A fleet that has no master yet has this long to get one. */
const NO_MASTER_MS = 5_000;

/** So many otherwise unknown masters are tried at a time. */
const TRIED_MAX = 4;

/** A new link has held for this long before an old one is given up. */
const SETTLED_MS = 2_000;
