// Bounded memory: the memory of a server is proportional to what is registered and known, whatever
// the network does. Each collection has a bound of its own; none may grow with time.

import type { Link } from '../../../src/core/server/entities.ts';
import { isLost } from '../../../src/core/server/links/seeking.ts';
import type { OriginId } from '../../../src/protocol/ids.ts';
import type { Size } from '../../fuzz/verdicts.ts';
import { isMadeUp } from '../../fuzz/speech.ts';
import { sizesOf } from '../../fuzz/verdicts.ts';
import type { Cluster, SimServer } from '../world/cluster.ts';
import type { Checker } from './checker.ts';

/** No collection of a server outgrows what it is about. */
export const boundedMemory: Checker = {
  name: 'what a server keeps is bounded by what is registered and known',
  check: (world) => {
    const known = knownAnywhere(world);
    return world
      .running()
      .filter(({ process }) => process.state === 'running')
      .flatMap((server) => tooLargeAt(world, server, known));
  },
};

function tooLargeAt(world: Cluster, server: SimServer, known: Known): string[] {
  const { state } = server.core;
  if (world.isLiedTo()) return tooLarge(server, sizesOf(state));
  const lives = world.servers.filter(({ environment }) => environment === server.environment);
  const left = lives.filter(({ core }) => core.state.life.hasLeft).length;
  const names = new Set(lives.map(({ name }) => name));
  const { peers, siblings } = state.options;
  // With hostile servers a handshake has succeeded. Who needs a way back keeps what they made up.
  const madeUp = world.hostiles.length > 0 && isLost(state) ? 256 : world.hostiles.length;
  const addresses = names.size + peers.length + siblings.length + madeUp;
  const lost = world.hostiles.length > 0 ? 256 : Math.min(addresses, 256);
  const origins = state.origins.size;
  const standing = standingLinks(server);
  // Who says goodbye is dropped at its first word of it, which may come before the end of the link.
  const hasLeft = (id: OriginId): boolean => state.past.goodbyes.has(id);
  const staying = standing.filter(({ origin }) => !hasLeft(origin));
  // A neighbour that shook hands has yet to send its log.
  const strangers = new Set(
    staying.map(({ origin }) => origin).filter((id) => !state.origins.has(id)),
  );
  // Origins that another server has, and this one has not got yet, or has dropped.
  const others = [...(known.get(server.environment) ?? [])].filter((id) => !state.origins.has(id));
  const elsewhere = others.length + DEAD;
  // An address that is not wanted any more stays until its dial has ended.
  const targets = [...state.linking.targets.values()].filter(({ isWanted, phase }) => {
    return isWanted || phase !== 'dialling';
  });
  const bounds: Size[] = [
    ['connections', state.connections.size, server.process.connectionsCount],
    ['sessions', state.sessions.size, state.connections.size],
    ['links', standing.length, state.connections.size],
    ['links to those who stay', staying.length, origins + strangers.size],
    ['owners', state.clients.owners.size, state.self.log.registrations.size],
    ['goodbyes', [...state.past.goodbyes.keys()].filter((id) => !isMadeUp(id)).length, left],
    ['targets', targets.length, addresses],
    ['addresses of masters', state.addresses.masters.size, Math.min(addresses, 256)],
    ['lost addresses', state.addresses.lost.size, lost],
    ['lost addresses of servers in reach', foundAt(server), 0],
    ['addresses sought without need', isLost(state) ? 0 : state.linking.sought.length, 0],
  ];
  for (const { progress } of state.links.values()) {
    const { cursors, asked, listed, awaited, looks, snapshots } = progress.counts;
    bounds.push(
      ['cursors of a link', cursors, origins + elsewhere],
      ['questions of a link', asked, origins + elsewhere],
      ['what a digest listed', listed, origins + elsewhere],
      ['what was offered on a link', awaited, origins + elsewhere],
      ['looks of a link', looks, origins + left],
      ['snapshots of a link', snapshots, origins],
    );
  }
  return tooLarge(server, bounds);
}

function tooLarge({ name }: SimServer, sizes: readonly Size[]): string[] {
  return sizes
    .filter(([, size, bound]) => size > bound)
    .map(([what, size, bound]) => `${name}: ${what}: ${String(size)} > ${String(bound)}`);
}

/** The origins that any server of an environment knows. */
type Known = ReadonlyMap<string, ReadonlySet<OriginId>>;

function knownAnywhere(world: Cluster): Known {
  const known = new Map<string, Set<OriginId>>();
  for (const { environment, core } of world.running()) {
    const ids = known.get(environment) ?? new Set();
    known.set(environment, ids);
    for (const id of core.state.origins.keys()) ids.add(id);
  }
  return known;
}

/** The addresses at which servers are looked for that are in reach. */
function foundAt({ core: { state } }: SimServer): number {
  const inReach = [...state.origins.values()].filter(({ standing }) => standing === 'reachable');
  const found = new Set(inReach.flatMap(({ log }) => log.facts.addresses));
  return [...state.addresses.lost.keys()].filter((address) => found.has(address)).length;
}

/** All but those that another has replaced, which stand for a moment more. */
function standingLinks({ core: { state } }: SimServer): Link[] {
  return [...state.links.values()].filter(({ connection }) => !connection.wasReleased);
}

/** A server that has just died had some that no other has. */
const DEAD = 4;
