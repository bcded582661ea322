// Watches: whatever happens to servers, a watcher hears of each change once. Each event follows
// from the ones before, the end of the present set comes once, and an instance is not called
// removed if every server that the watcher asks has long been able to reach it.

import type { InstanceId } from '../../../src/protocol/ids.ts';
import type { Instance } from '../../../src/protocol/records.ts';
import type { WatchReport } from '../../../src/core/client/watcher.ts';
import { isMadeUp } from '../../fuzz/speech.ts';
import type { Cluster } from '../world/cluster.ts';
import type { SimWatcher } from '../world/watcher.ts';
import type { Checker } from './checker.ts';
import type { Paths } from './paths.ts';

/** Nothing is repeated, and no living instance is taken back. */
export function nothingRepeated(): Checker {
  const heard = new Map<SimWatcher, Told>();
  return {
    name: 'a watcher hears of each change once, and of no removal of what lives',
    check: (world, paths) =>
      world.watchers.flatMap((watcher) => {
        const told = heard.get(watcher) ?? { instances: new Map(), isSynced: false };
        heard.set(watcher, told);
        const { unheard } = watcher;
        watcher.unheard = [];
        return unheard.flatMap(({ nowMs, report }) => {
          const wrong = [wrongIn(told, report), falseRemoval({ world, paths, watcher }, report)];
          note(told, report);
          const at = `at ${(nowMs / 1_000).toFixed(3)} s a watcher on ${watcher.host}`;
          return wrong.flatMap((what) => (what === null ? [] : `${at} hears ${what}`));
        });
      }),
  };
}

interface Told {
  readonly instances: Map<InstanceId, Instance>;
  isSynced: boolean;
}

function wrongIn(told: Told, report: WatchReport): string | null {
  if (report.kind === 'refused') return 'that it is refused';
  if (report.kind === 'synced') return told.isSynced ? '`synced` again' : null;
  const { change, instance } = report;
  const id = instance.registration.instance;
  if (isMadeUp(id)) return null;
  const before = told.instances.get(id);
  const isRight = RIGHT[change](before, instance);
  return isRight ? null : `\`${change}\` of ${id}, ${before?.state ?? 'unknown'} before`;
}

type Rule = (before: Instance | undefined, after: Instance) => boolean;

const RIGHT: Readonly<Record<Extract<WatchReport, { kind: 'change' }>['change'], Rule>> = {
  present: (before) => before === undefined,
  added: (before) => before === undefined,
  updated: (before, after) =>
    before !== undefined && before.registration.revision < after.registration.revision,
  stale: (before, after) => before !== undefined && !isStale(before) && isStale(after),
  live: (before, after) => before !== undefined && isStale(before) && !isStale(after),
  removed: (before) => before !== undefined,
};

function isStale({ state }: Instance): boolean {
  return state === 'stale';
}

function note(told: Told, report: WatchReport): void {
  if (report.kind === 'synced') told.isSynced = true;
  if (report.kind !== 'change') return;
  const { change, instance } = report;
  if (change === 'removed') told.instances.delete(instance.registration.instance);
  else told.instances.set(instance.registration.instance, instance);
}

function falseRemoval(
  { world, paths, watcher }: { world: Cluster; paths: Paths; watcher: SimWatcher },
  report: WatchReport,
): string | null {
  if (report.kind !== 'change' || report.change !== 'removed') return null;
  const { instance } = report.instance.registration;
  const service = world.services.find((one) => one.instance === instance);
  if (service?.isOffered !== true || service.service !== watcher.spec.service) return null;
  // A watcher that slept first reads the old messages in its socket, one after the other.
  const awakeMs = Math.max(service.process.awakeMs, watcher.process.awakeMs);
  if (world.nowMs - awakeMs < LASTED_MS) return null;
  const here = world.running().filter(({ spec, environment, process }) => {
    const isHere = spec.host === watcher.at && environment === watcher.environment;
    return isHere && process.state === 'running';
  });
  const holders = world.running().filter(({ core }) => core.state.clients.owners.has(instance));
  const isReached = here.every((server) =>
    holders.some((holder) => paths.lastedMs(server, holder) > LASTED_MS),
  );
  return here.length > 0 && isReached ? `\`removed\` of ${instance}, which lives` : null;
}

/** Longer than a watcher doubts its knowledge. */
const LASTED_MS = 5_000;
