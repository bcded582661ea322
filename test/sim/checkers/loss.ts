// No loss: an instance at a server that I can reach is live for me, within a bounded time after
// there is a path, and no older than it is there. It finds false removals, too: while a path lasts
// nothing is lost. What a cut held back comes by another link, or over a new connection when the link
// has fallen silent: so the bound is longer by as much as the silence of a link on the path is.

import { LINK_SILENCE_MS } from '../../../src/protocol/constants.ts';
import type { Cluster, SimServer } from '../world/cluster.ts';
import { instancesAt } from '../world/cluster.ts';
import type { SimService } from '../world/service.ts';
import type { Checker } from './checker.ts';
import type { Paths } from './paths.ts';

/** An instance that is held within reach is live. */
export function noLoss(): Checker {
  const heldSince = new Map<string, number>();
  return {
    name: 'what a service holds at a server within reach is live',
    check: (world, paths) => {
      const holdings = holdingsOf(world, heldSince);
      const answering = world.running().filter(({ process }) => process.state === 'running');
      return answering.flatMap((server) => lostAt(server, holdings, paths));
    },
  };
}

interface Holding {
  readonly service: SimService;
  readonly holder: SimServer;
  /** Of the registration at the holder. */
  readonly revision: number;
  readonly lastedMs: number;
}

function holdingsOf(world: Cluster, heldSince: Map<string, number>): Holding[] {
  const holdings: Holding[] = [];
  const seen = new Set<string>();
  for (const holder of world.running()) {
    const {
      clients: { owners },
      life: { isStopping },
      self,
    } = holder.core.state;
    if (isStopping || holder.process.state !== 'running') continue;
    for (const service of world.services) {
      if (!service.isOffered || !owners.has(service.instance)) continue;
      const revision = self.log.registrations.get(service.instance)?.revision ?? 0;
      const key = `${self.id} ${service.instance} ${String(revision)}`;
      const sinceMs = heldSince.get(key) ?? world.nowMs;
      heldSince.set(key, sinceMs);
      seen.add(key);
      holdings.push({ service, holder, revision, lastedMs: world.nowMs - sinceMs });
    }
  }
  for (const key of heldSince.keys()) if (!seen.has(key)) heldSince.delete(key);
  return holdings;
}

function lostAt(server: SimServer, holdings: readonly Holding[], paths: Paths): string[] {
  const live = new Map(
    instancesAt(server)
      .filter((instance) => instance.state !== 'stale')
      .map(({ registration }) => [registration.instance, registration.revision]),
  );
  return holdings
    .filter(({ service, holder, revision, lastedMs }) => {
      const excessMs = paths.silenceMs(server, holder) - LINK_SILENCE_MS;
      const dueMs = BOUND_MS + excessMs;
      const isDue = Math.min(lastedMs, paths.lastedMs(server, holder)) >= dueMs;
      return isDue && (live.get(service.instance) ?? 0) < revision;
    })
    .map(({ service, holder, revision }) => {
      const what = `revision ${String(revision)} of ${service.instance}`;
      return `${server.name} does not answer ${what}, which ${holder.name} holds`;
    });
}

/** The usual silence, and a few round trips over the slowest path. */
const BOUND_MS = 1_500;
