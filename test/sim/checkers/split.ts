// Split: cut into groups of several hosts, every server says split, and none deletes the other
// side. Looked at when a clean cut has lasted long enough, and nothing else has happened around it.

import type { Cluster, Groups, SimServer } from '../world/cluster.ts';
import { instancesAt } from '../world/cluster.ts';
import type { Checker } from './checker.ts';

interface Before {
  readonly sinceMs: number;
  /** The servers that each server could reach when the cut came. */
  readonly known: ReadonlyMap<SimServer, ReadonlySet<SimServer>>;
  /** Who answered what. */
  readonly answered: ReadonlyMap<SimServer, ReadonlySet<string>>;
}

/** Each side of a cut freezes the other. */
export function splitNoticed(): Checker {
  let before: Before | null = null;
  return {
    name: 'a cut into groups of several hosts is a split, and deletes nothing',
    check: (world) => {
      const cut = world.groups;
      if (cut === null) before = null;
      else if (before?.sinceMs !== cut.sinceMs) before = lookAround(world, cut.sinceMs);
      if (cut === null || before === null || world.disturbedMs > cut.sinceMs) return [];
      const forMs = world.nowMs - cut.sinceMs;
      const settledMs = world.silentMs + GRACE_MS;
      if (forMs < settledMs || forMs >= world.splitHoldMs || cut.calmMs < settledMs) return [];
      return areSeveral(cut.hosts, before) ? unfrozenIn(world, before, cut) : [];
    },
  };
}

function lookAround(world: Cluster, sinceMs: number): Before {
  const running = world
    .running()
    .filter(({ process, environment }) => process.state === 'running' && environment === 'testing');
  const known = new Map(
    running.map((server) => {
      const { origins } = server.core.state;
      const others = running.filter((other) => {
        return origins.get(other.core.state.self.id)?.standing === 'reachable';
      });
      return [server, new Set(others)] as const;
    }),
  );
  const answered = new Map(
    running.map((server) => {
      const live = instancesAt(server).filter(({ state }) => state === 'live');
      return [server, new Set<string>(live.map(({ registration }) => registration.instance))];
    }),
  );
  return { sinceMs, known, answered };
}

/**
 * Whether all knew each other, every group has servers on two hosts at least, and none of them is in
 * no group: masters that came in place of others are not, and may be a way between the groups.
 */
function areSeveral(groups: Groups['hosts'], { known }: Before): boolean {
  const hosts = new Set([...known.keys()].map(({ spec }) => spec.host));
  const haveAllKnown = [...known.values()].every((others) => others.size === known.size);
  const haveAllSides = [...hosts].every((host) => groups.some((group) => group.has(host)));
  return (
    haveAllKnown &&
    haveAllSides &&
    groups.every((group) => [...group].filter((host) => hosts.has(host)).length >= 2)
  );
}

function unfrozenIn(world: Cluster, before: Before, cut: Groups): string[] {
  const wrong: string[] = [];
  for (const [server, others] of before.known) {
    const { origins } = server.core.state;
    for (const other of others) {
      const side = cut.hosts.find((hosts) => hosts.has(server.spec.host));
      if (side?.has(other.spec.host) === true) continue;
      const standing = origins.get(other.core.state.self.id)?.standing ?? 'unknown';
      if (standing !== 'split') wrong.push(`${server.name} takes ${other.name} for ${standing}`);
    }
    const answered = new Set<string>(
      instancesAt(server).map(({ registration }) => registration.instance),
    );
    for (const service of world.services) {
      const wasAnswered = before.answered.get(server)?.has(service.instance) === true;
      // A process that hung a moment ago is on its way back.
      const hasHung = service.process.awakeMs > cut.sinceMs;
      const isHeld = service.isOffered && !hasHung;
      if (isHeld && wasAnswered && !answered.has(service.instance)) {
        wrong.push(`${server.name} has deleted ${service.instance}`);
      }
    }
  }
  return wrong;
}

/** After the silence: the long grace, and the way. */
const GRACE_MS = 2_400;
