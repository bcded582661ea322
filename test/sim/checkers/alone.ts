// Lost alone: a host that loses its power while a server reaches all others is a crash for that
// server. It may be in doubt for a grace, but it is never frozen: `stale` would mean that it may
// live on behind a cut, and there is none. Looked at for as long as nothing else falls silent, and
// there is another host in reach: a server that reaches none cannot know. Of two hosts that are lost
// one soon after the other neither is alone. What a server has frozen before the loss, as an earlier
// life of a server of that host, says nothing of it.

import type { Origin } from '../../../src/core/server/entities.ts';
import type { Cluster, SimServer } from '../world/cluster.ts';
import type { Checker } from './checker.ts';
import type { Paths } from './paths.ts';

/** A server that reaches all others never calls a lone loss a net-split. */
export function loneLosses(): Checker {
  let dark: ReadonlySet<string> = new Set();
  let lastDarkMs = -Infinity;
  let losses: Loss[] = [];
  return {
    name: 'a host that falls silent alone is frozen by nobody who reaches all others',
    check: (world, paths) => {
      // Hosts that it makes up may fall silent with the lone one.
      if (world.isLiedTo()) losses = [];
      const hosts = new Set(world.servers.map(({ spec }) => spec.host));
      const now = new Set([...hosts].filter((host) => world.network.isCut(host, host)));
      const fresh = [...now].filter((host) => !dark.has(host));
      dark = now;
      losses = losses.filter((loss) => isAlone(world, loss));
      const isAfterOther = world.nowMs - lastDarkMs < togetherMs(world);
      const [host] = fresh;
      if (host !== undefined && fresh.length === 1 && !isAfterOther && !world.isLiedTo()) {
        losses.push(...lossesOf(host, world, paths));
      }
      if (host !== undefined) lastDarkMs = world.nowMs;
      losses = losses.filter(({ server, host }) => reachesAll(server, host, { world, paths }));
      return losses.flatMap(({ server, host, sinceMs }) => {
        const isFrozen = frozenSince(server, sinceMs).has(host);
        return isFrozen
          ? [`${server.name} takes ${host} for cut off, which fell silent alone`]
          : [];
      });
    },
  };
}

/** A host that has lost its power, and a server that reached it and all others at that time. */
interface Loss {
  readonly host: string;
  readonly server: SimServer;
  readonly sinceMs: number;
}

function lossesOf(host: string, world: Cluster, paths: Paths): Loss[] {
  const sinceMs = world.silencedMs.at(-1) ?? 0;
  return world
    .running()
    .filter((server) => server.spec.host !== host && server.environment === 'testing')
    .filter((server) => {
      const reached = reachedBy(server);
      // It lost its masters, say, all at one stroke, and cannot know that they are no more.
      const lost = frozenSince(server, sinceMs - togetherMs(world));
      if ([...lost].some((other) => other !== host)) return false;
      const others = othersOf(server, host, world);
      const isWhole = reached.has(host) && others.every(({ spec }) => reached.has(spec.host));
      return isWhole && reachesAll(server, host, { world, paths });
    })
    .map((server) => ({ host, server, sinceMs }));
}

/** Whether nothing has fallen silent since, and the server itself ran all the time. */
function isAlone(world: Cluster, { server, sinceMs }: Loss): boolean {
  const isCalm = world.silencedMs.at(-1) === sinceMs && world.mendedMs <= sinceMs;
  return isCalm && server.process.state === 'running' && server.process.awakeMs < sinceMs;
}

/** Whether there are servers on other hosts than that, and it has a path to every one. */
function reachesAll(
  server: SimServer,
  host: string,
  { world, paths }: { readonly world: Cluster; readonly paths: Paths },
): boolean {
  const others = othersOf(server, host, world);
  return others.length > 0 && others.every((other) => paths.wasWhole(server, other));
}

/** The servers on hosts that are neither its own nor that one. */
function othersOf({ spec }: SimServer, host: string, world: Cluster): SimServer[] {
  return world.running().filter((other) => {
    return other.environment === 'testing' && ![spec.host, host].includes(other.spec.host);
  });
}

/** The hosts that a server reaches. */
function reachedBy({ core }: SimServer): Set<string> {
  const origins = [...core.state.origins.values()];
  return hostsOf(origins.filter(({ standing }) => standing === 'reachable'));
}

/** The hosts that a server takes for split off, and has lost since a time. */
function frozenSince({ core }: SimServer, lostMs: number): Set<string> {
  const frozen = [...core.state.reach.away].filter(({ standing }) => standing === 'split');
  return hostsOf(frozen.filter(({ sinceMs }) => sinceMs >= lostMs));
}

function hostsOf(origins: readonly Origin[]): Set<string> {
  return new Set(origins.map(({ log }) => log.facts.host));
}

/**
 * Hosts that fall silent within this time may be behind one cut; the silences decide how late that
 * shows.
 */
function togetherMs({ silentMs }: Cluster): number {
  return TOGETHER_MS + 2 * silentMs;
}

/** For links without silence. */
const TOGETHER_MS = 5_000;
