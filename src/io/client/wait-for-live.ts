// A lookup that waits: a watch is kept until there is a live instance. The invariant: the servers
// tell, and the client does not poll; an instance that comes before the present set is complete is
// not yet an answer.

import { nearestFirst } from '../../core/client/matching.ts';
import type { Wanted } from '../../core/client/matching.ts';
import type { WatchReport } from '../../core/client/watcher.ts';
import { Watcher } from '../../core/client/watcher.ts';
import type { Name } from '../../protocol/ids.ts';
import type { LookupAnswer } from '../../answers/shapes.ts';
import { viewInfoOf } from '../../answers/view.ts';
import { instanceInfoOf } from '../../answers/shapes.ts';
import { candidatesOf } from './candidates.ts';
import { lockFor, runtime } from './driver.ts';
import type { ClientOptions } from './options.ts';
import { environmentOf } from './options.ts';
import { refusedError, waitedInVain } from './failures.ts';
import { untilReport } from './until-report.ts';
import { isOwnHost } from './own-hosts.ts';

interface AwaitedService {
  readonly service: Name;
  readonly wanted: Wanted;
  readonly waitMs: number;
}

/** The first answer with a live instance. Rejects with RARANGI_TIMEOUT, or as a lookup does. */
export async function waitForLive(
  given: AwaitedService,
  options: ClientOptions,
): Promise<LookupAnswer> {
  const { service, wanted, waitMs } = given;
  const environment = environmentOf(options);
  const { addresses } = candidatesOf(options, environment);
  const random = (): number => runtime.random();
  const watcher = new Watcher({ environment, addresses, service, wanted, random, isOwnHost });
  let isSynced = false;
  return await untilReport<WatchReport, LookupAnswer>(watcher, {
    lock: lockFor(options, environment),
    signal: options.signal,
    what: `the wait for ${service}`,
    limit: {
      atMs: runtime.nowMs() + waitMs,
      error: () => {
        const { wasConnected } = watcher.view();
        return waitedInVain({ ...given, wasConnected, denials: watcher.denials() });
      },
    },
    settle: (report) => {
      if (report.kind === 'refused') return refusedError(report.refusal);
      isSynced ||= report.kind === 'synced';
      const { instances, place, ...view } = watcher.view();
      const isLive = instances.some(({ state }) => state !== 'stale');
      if (!isSynced || !isLive || place === null) return undefined;
      const ordered = nearestFirst(instances, place, random);
      return { service, ...viewInfoOf(view), instances: ordered.map(instanceInfoOf) };
    },
  });
}
