// No resurrection. An instance that was given up is soon live nowhere; and where a server has learnt
// of it, from its service's own word or from the logs of all that held it, it is never live again.
// The bound of the design, a silence and a long grace, counts from the loss of the last path to a
// server that knows. A host may die, and its neighbours find out a silence later. If a neighbour
// falls silent to an observer before it has told of that, the observer waits for one more silence,
// and so on for the next one on another way: each silence that begins before the last one is over
// prolongs the wait.

import type { OriginId } from '../../../src/protocol/ids.ts';
import type { Cluster, SimServer } from '../world/cluster.ts';
import { instancesAt } from '../world/cluster.ts';
import type { SimService } from '../world/service.ts';
import type { Checker } from './checker.ts';

/** An instance that was given up never comes back. */
export function noResurrection(): Checker {
  const holders = new Holders();
  const learnt = new Map<SimServer, Set<string>>();
  return {
    name: 'what was given up is soon gone and never live again',
    check: (world, paths) => {
      holders.note(world);
      const awake = world.running().filter((server) => {
        const isAwake = world.nowMs - server.process.awakeMs > world.silentMs + GRACE_MS;
        return server.process.state === 'running' && isAwake;
      });
      return awake.flatMap((server) => {
        const known = learnt.get(server) ?? new Set<string>();
        learnt.set(server, known);
        const isTold = (instance: string): boolean => {
          return world.running().some((holder) => {
            const isHolder = holders.has(instance, holder.core.state.self.id);
            return isHolder && paths.lastedMs(server, holder) > world.silentMs + FORGOTTEN_MS_MAX;
          });
        };
        const wrong = deadAt(world, server, { learnt: known, isTold });
        for (const service of world.services) {
          if (hasLearnt(server, service, holders)) known.add(service.instance);
        }
        return wrong;
      });
    },
  };
}

interface Knowing {
  /** The instances of which it has learnt that they are over. */
  readonly learnt: ReadonlySet<string>;
  /** Whether a server that held an instance lives, and has long had a true path to it. */
  readonly isTold: (instance: string) => boolean;
}

function deadAt(world: Cluster, server: SimServer, { learnt, isTold }: Knowing): string[] {
  const wrong: string[] = [];
  const live = new Set(
    instancesAt(server)
      .filter((instance) => instance.state !== 'stale')
      .map((instance) => instance.registration.instance),
  );
  for (const { instance, endedMs } of world.services) {
    if (endedMs >= world.nowMs || !live.has(instance)) continue;
    if (learnt.has(instance)) wrong.push(`${server.name} brings ${instance} back to life`);
    const lateMs =
      world.nowMs - knownMs(world, { endedMs, isTold: isTold(instance) }) - FORGOTTEN_MS_MAX;
    if (lateMs > 0 && lateMs > stoodStillMs(world, endedMs)) {
      wrong.push(`${server.name} still answers ${instance}, which was given up`);
    }
  }
  return wrong;
}

/** When the loss of the last path to a server that does not know is known everywhere. */
function knownMs(world: Cluster, end: { endedMs: number; isTold: boolean }): number {
  const { silentMs } = world;
  const waits = world.silencedMs.map((atMs) => ({ fromMs: atMs, toMs: atMs }));
  if (!end.isTold) {
    const bridges = world.hostiles.filter(({ isBridge }) => isBridge);
    for (const { cameMs, leftMs } of bridges) waits.push({ fromMs: cameMs, toMs: leftMs });
  }
  let knownMs = end.endedMs + silentMs;
  for (const { fromMs, toMs } of waits.sort((one, other) => one.fromMs - other.fromMs)) {
    if (fromMs <= knownMs) knownMs = Math.max(knownMs, toMs + silentMs);
  }
  return knownMs;
}

/** The last way to a server that knows may lead over one that is starved and waits so much longer. */
function stoodStillMs(world: Cluster, sinceMs: number): number {
  return Math.max(...world.servers.map(({ process }) => process.stoodStillMs(sinceMs)));
}

/** The origins that ever held an instance, and the sequence of each when it last did. */
class Holders {
  readonly #sequences = new Map<string, Map<OriginId, number>>();
  readonly #noted = new Set<SimServer>();

  note(world: Cluster): void {
    for (const server of world.servers) {
      if (this.#noted.has(server)) continue;
      if (server.process.state === 'ended') this.#noted.add(server);
      const {
        clients: { owners },
        self,
      } = server.core.state;
      for (const instance of owners.keys()) {
        const sequences = this.#sequences.get(instance) ?? new Map<OriginId, number>();
        this.#sequences.set(instance, sequences.set(self.id, self.log.sequence));
      }
    }
  }

  has(instance: string, id: OriginId): boolean {
    return this.#sequences.get(instance)?.has(id) === true;
  }

  of(instance: string): readonly (readonly [OriginId, number])[] {
    return [...(this.#sequences.get(instance) ?? [])];
  }
}

/** Whether the logs of all that ever held an instance say here that it is gone. */
function hasLearnt(
  server: SimServer,
  { instance, endedMs }: SimService,
  holders: Holders,
): boolean {
  const {
    origins,
    past: { goodbyes },
    clients: { removals },
  } = server.core.state;
  const held = holders.of(instance);
  // An instance that never came here may yet come, in messages that a cut has held back.
  const cause = removals.get(instance)?.cause;
  if (endedMs === Infinity || held.length === 0 || cause === undefined) return false;
  // A goodbye ends all that its sender held, but says nothing of later holders.
  const hasSaidSo = cause === 'deregistered' || cause === 'unhealthy';
  if (hasSaidSo && !held.some(([id]) => goodbyes.has(id))) return true;
  return held.every(([id, sequence]) => {
    const origin = origins.get(id);
    if (goodbyes.has(id)) return true;
    if (origin?.standing !== 'reachable' || origin.log.sequence < sequence) return false;
    return !origin.log.registrations.has(instance);
  });
}

/** A long grace, and the way. */
const FORGOTTEN_MS_MAX = 2_000 + 200;

/** A server that slept asks its neighbours first: a silence's time for links, and a long grace. */
const GRACE_MS = 1_900;
