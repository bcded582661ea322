// Histories: the events of an instance in a watch, from first to last, form a possible life. It
// ends once; it never goes back to an older revision, not even after a removal; and it does not end
// for a reason that nothing in the world has given.

import type { InstanceId } from '../../../src/protocol/ids.ts';
import type { Cause } from '../../../src/protocol/records.ts';
import type { Standing } from '../../../src/core/catalogue/catalogue.ts';
import type { WatchReport } from '../../../src/core/client/watcher.ts';
import { isMadeUp } from '../../fuzz/speech.ts';
import type { Cluster } from '../world/cluster.ts';
import type { SimService } from '../world/service.ts';
import type { SimWatcher } from '../world/watcher.ts';
import type { Checker } from './checker.ts';

/** No second life, no step back, no removal without its cause. */
export function trueHistories(): Checker {
  const histories = new Map<SimWatcher, History>();
  return {
    name: 'a watch tells of each life once, forwards, and why it ended',
    check: (world) =>
      world.watchers.flatMap((watcher) => {
        const history = histories.get(watcher) ?? { told: new Map(), readCount: 0 };
        histories.set(watcher, history);
        const unread = watcher.heard.slice(history.readCount);
        history.readCount = watcher.heard.length;
        return unread.flatMap(({ nowMs, report }) => {
          if (report.kind !== 'change') return [];
          const at = `at ${(nowMs / 1_000).toFixed(3)} s a watcher on ${watcher.host}`;
          return wrongIn({ world, watcher, history, nowMs }, report).map(
            (what) => `${at} hears ${what}`,
          );
        });
      }),
  };
}

/** What a watch was told. */
interface History {
  readonly told: Map<InstanceId, Told>;
  readCount: number;
}

/** Its events of an instance: the highest revision, and how it ended, if it did. */
interface Told {
  revision: number;
  end: { readonly cause: Cause; readonly nowMs: number } | null;
}

interface Context {
  readonly world: Cluster;
  readonly watcher: SimWatcher;
  readonly history: History;
  readonly nowMs: number;
}

type Change = Extract<WatchReport, { readonly kind: 'change' }>;

function wrongIn({ world, watcher, history, nowMs }: Context, report: Change): string[] {
  const { change, cause = 'unknown' } = report;
  const { instance: id, revision } = report.instance.registration;
  if (isMadeUp(id)) return [];
  const told = history.told.get(id) ?? { revision, end: null };
  history.told.set(id, told);
  const service = world.services.find(({ instance }) => instance === id);
  if (change === 'removed') {
    told.end = { cause, nowMs };
    const isTrue = service === undefined || HAS_CAUSE[cause](service, world);
    return isTrue ? [] : [`\`removed\` of ${id}: ${cause}, which is not so`];
  }
  const wrong: string[] = [];
  if (revision < told.revision) {
    wrong.push(`revision ${String(revision)} of ${id} after ${String(told.revision)}`);
  }
  const isOver = told.end !== null && service !== undefined && hadEnded(service, told.end);
  if (told.end !== null && isOver && !isByTheDead(world, watcher, id)) {
    wrong.push(`\`${change}\` of ${id}, of which it was told \`removed\`: ${told.end.cause}`);
  }
  told.end = null;
  told.revision = Math.max(told.revision, revision);
  return wrong;
}

/** Whether its end was told, and not only the loss of a way to it. */
function hadEnded(service: SimService, { cause, nowMs }: NonNullable<Told['end']>): boolean {
  if (service.endedMs > nowMs) return false;
  if (cause === 'closed') return !service.process.hasStoodStill;
  if (cause === 'deregistered' || cause === 'unhealthy') return service.gaveUp !== null;
  // A watch that lagged may have told late of a loss and a return.
  return cause !== 'replaced' && nowMs - service.endedMs > LAG_MS;
}

/**
 * Whether a server of its host, which has told no watch of the end, answers it by the log of a server
 * alone that has ended: a watch that moves there cannot know better. How long a server may count an
 * ended one, the checker of resurrections says.
 */
function isByTheDead(world: Cluster, { at, environment }: SimWatcher, id: InstanceId): boolean {
  const running = new Set(world.running().map(({ core }) => core.state.self.id));
  return world.running().some(({ spec, environment: its, core: { state } }) => {
    if (spec.host !== at || its !== environment || state.clients.removals.has(id)) return false;
    const holders = [...state.origins.values()].filter(({ log, standing }) => {
      return COUNTED.has(standing) && log.registrations.has(id);
    });
    return holders.length > 0 && holders.every((holder) => !running.has(holder.id));
  });
}

const COUNTED: ReadonlySet<Standing> = new Set<Standing>(['reachable', 'suspect']);

/** The event that must have happened for a cause. */
const HAS_CAUSE: Readonly<Record<Cause, (service: SimService, world: Cluster) => boolean>> = {
  // A service or a server that is silent for too long is given up, and the session with it.
  closed: (service, world) => {
    const { endedMs, process } = service;
    return endedMs < Infinity || process.hasStoodStill || hasSlept(service, world);
  },
  // A server that says goodbye gives up the instances that its sibling does not hold.
  deregistered: (service, world) => service.gaveUp === 'deregistered' || hasLost(service, world),
  unhealthy: ({ gaveUp }) => gaveUp === 'unhealthy',
  // Masters that all ended took the ways to other hosts along: one that is not found again in time
  // looks lost alone.
  crash: (service, world) =>
    world.silencedMs.length > 0 || hasLost(service, world) || hasLostWays(service, world),
  replaced: ({ wasRenamed }) => wasRenamed,
  unknown: () => true,
};

/** Whether a server of its host has ended. */
function hasLost({ host, environment }: SimService, { servers }: Cluster): boolean {
  return servers.some((server) => {
    const isThere = server.spec.host === host && server.environment === environment;
    return isThere && (server.process.state === 'ended' || server.core.state.life.isStopping);
  });
}

/** Whether no master runs any more of those that ran when it began. */
function hasLostWays({ bornMs, environment }: SimService, world: Cluster): boolean {
  return !world.running().some((server) => {
    const isMaster = server.environment === environment && server.spec.isMaster === true;
    return isMaster && server.bornMs <= bornMs;
  });
}

/** Whether a server of its host has stood still. */
function hasSlept({ host, environment }: SimService, { servers }: Cluster): boolean {
  return servers.some((server) => {
    const isThere = server.spec.host === host && server.environment === environment;
    return isThere && server.process.hasStoodStill;
  });
}

/** The longest time that a message may lie on the way of a session: a host that sleeps. */
const LAG_MS = 25_000;
