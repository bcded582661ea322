// Ways back: the addresses of masters, the last ones of servers that this one has lost, and those
// of its sibling. They are kept apart from the logs, because a crash, the end of a hold or a
// restart of those servers removes a log. The invariant: an address counts as lost from the loss of
// its server until a server there is reached again, says goodbye or is given up by an operator, even
// if another way back was found meanwhile, which may end and lead nowhere; their number is bounded,
// and no neighbour fills the places of the others; and a server that needs no way back keeps no
// address of a master that is only hearsay and that no log names.

import type { Name } from '../../../protocol/ids.ts';
import type { Facts } from '../../../protocol/records.ts';
import { hostPartOf } from '../../kit/text.ts';
import { touchTargets } from '../due.ts';
import type { Connection, Origin } from '../entities.ts';
import type { State } from '../state.ts';
import type { Addresses } from './slice.ts';

/** The standing of an origin has changed: it was lost, or has come back. */
export function noteWays(state: State, origin: Origin): void {
  const { standing, log } = origin;
  const { host, addresses } = log.facts;
  if (host === state.options.facts.host) return;
  if (standing === 'reachable') noteReachedOver(state, origin);
  if (standing !== 'crashed' && standing !== 'split') return;
  const { lost } = state.addresses;
  forgetWays(state, addresses);
  // A crash may be judged when the next life of the server is in reach already.
  const found = addressesOf(reachableOn(state, host));
  for (const address of addresses) {
    if (!found.has(address)) lost.set(address, { host, reachedOver: origin.reachedOver });
  }
  if (lost.size > LOST_ADDRESSES_MAX) dropOldest(lost);
  touchTargets(state);
}

/** The neighbour over which most were reached loses its oldest. */
function dropOldest(lost: Addresses['lost']): void {
  const ways = new Map([...lost].map(([address, { reachedOver }]) => [address, reachedOver]));
  const reached = hearsayOf(ways);
  while (lost.size > LOST_ADDRESSES_MAX) lost.delete(mostNamed(reached).shift() ?? '');
}

function reachableOn({ reach }: State, host: Name): Origin[] {
  return [...reach.directory.ofHost(host)].filter(({ standing }) => standing === 'reachable');
}

function noteReachedOver(state: State, origin: Origin): void {
  forgetWays(state, origin.log.facts.addresses);
  const link = origin.via === null ? undefined : state.links.get(origin.via);
  origin.reachedOver = hostPartOf(link?.connection.remote ?? '');
}

/** A neighbour says that a master is at the addresses of this log. */
export function noteMaster(state: State, { source, log }: Origin): void {
  const link = source === null ? undefined : state.links.get(source);
  if (link === undefined) return;
  const by = hostPartOf(link.connection.remote);
  const { masters } = state.addresses;
  for (const address of log.facts.addresses) {
    if (masters.has(address)) continue;
    if (masters.size >= MASTER_ADDRESSES_MAX && !makeRoom(masters, by)) return;
    masters.set(address, by);
  }
}

/** The neighbour that has named most gives a place to one that has named fewer. */
function makeRoom(masters: Masters, by: string): boolean {
  const hearsay = hearsayOf(masters);
  const most = mostNamed(hearsay);
  const latest = most.at(-1);
  const own = hearsay.get(by)?.length ?? 0;
  return latest !== undefined && most.length > own + 1 && masters.delete(latest);
}

/**
 * A handshake has succeeded with a server: if it is a master, its address is kept for good. That is
 * the one that was dialled; of one that has dialled us, those that are where it came from.
 */
export function noteShaken(state: State, { dialled, remote }: Connection, facts: Facts): void {
  if (facts.role !== 'master') return;
  const isIts = (address: string): boolean => {
    return dialled === null ? hostPartOf(address) === hostPartOf(remote) : address === dialled;
  };
  for (const address of facts.addresses) if (isIts(address)) keepForGood(state, address);
}

/**
 * The latest handshake counts. A host has two servers, so the latest two of a host are kept; and if
 * there is no room, hearsay goes, then where nobody is linked and hands were shaken longest ago.
 */
function keepForGood(state: State, address: string): void {
  const { masters } = state.addresses;
  masters.delete(address);
  const [oldestOfHost, ...later] = [...masters]
    .filter(([other, by]) => by === null && hostPartOf(other) === hostPartOf(address))
    .map(([other]) => other);
  if (oldestOfHost !== undefined && later.length + 2 > SHAKEN_PER_HOST_MAX) {
    masters.delete(oldestOfHost);
  }
  if (masters.size >= MASTER_ADDRESSES_MAX) masters.delete(leastNeeded(state) ?? address);
  masters.set(address, null);
}

function leastNeeded({ addresses: { masters }, links, origins }: State): string | undefined {
  const hearsay = mostNamed(hearsayOf(masters)).at(-1);
  if (hearsay !== undefined) return hearsay;
  const linked = addressesOf([...links.keys()].flatMap((id) => origins.get(id) ?? []));
  const all = [...masters.keys()];
  return all.find((address) => !linked.has(address)) ?? all[0];
}

/** The addresses that are only hearsay, by the neighbour that has named them, the latest last. */
function hearsayOf(known: ReadonlyMap<string, string | null>): Hearsay {
  const hearsay = new Map<string, string[]>();
  for (const [address, by] of known) {
    if (by === null) continue;
    const named = hearsay.get(by);
    if (named === undefined) hearsay.set(by, [address]);
    else named.push(address);
  }
  return hearsay;
}

/** What the neighbour has named that has named most. */
function mostNamed(hearsay: Hearsay): string[] {
  const all = [...hearsay.values()];
  return all.reduce((most, named) => (named.length > most.length ? named : most), []);
}

/** A server that needs no way back forgets the masters that are hearsay and gone. */
export function forgetHearsay({ addresses: { masters }, reach }: State): void {
  const hearsay = [...hearsayOf(masters).values()].flat();
  if (hearsay.length === 0) return;
  const named = addressesOf(reach.directory.masters);
  for (const address of hearsay) if (!named.has(address)) masters.delete(address);
}

function addressesOf(origins: Iterable<Origin>): ReadonlySet<string> {
  const addresses = new Set<string>();
  for (const { log } of origins) for (const address of log.facts.addresses) addresses.add(address);
  return addresses;
}

/** Where a sibling was, another may be: the latest of these addresses are kept. */
export function noteSibling(state: State, addresses: readonly string[]): void {
  const { siblings } = state.addresses;
  for (const address of addresses) {
    siblings.delete(address);
    siblings.add(address);
  }
  for (const oldest of siblings) {
    if (siblings.size <= SIBLING_ADDRESSES_MAX) break;
    siblings.delete(oldest);
  }
}

/** The other server of this host may be at these as well. */
export function addSiblings(state: State, siblings: Iterable<string>): void {
  for (const address of siblings) state.addresses.siblings.add(address);
}

/** No server is looked for there any more. */
export function forgetWays(state: State, addresses: readonly string[]): void {
  for (const address of addresses) state.addresses.lost.delete(address);
}

/** An operator has given a host up, of which no log may be left. */
export function forgetWaysTo({ addresses: { lost } }: State, given: Name): void {
  for (const [address, { host }] of lost) if (host === given) lost.delete(address);
}

type Masters = Addresses['masters'];

type Hearsay = ReadonlyMap<string, string[]>;

const MASTER_ADDRESSES_MAX = 256;

/** Of one host, by the address of the handshake: a hostile server cannot fill the list from one. */
const SHAKEN_PER_HOST_MAX = 2;

/** As many as addresses of masters: one that answers leads to all others. */
const LOST_ADDRESSES_MAX = 256;

const SIBLING_ADDRESSES_MAX = 8;
