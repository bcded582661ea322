// "Restart one server, then the other", as an upgrade of the package does: whatever the pause
// between the two, and whether the kernel or an operator ends them, no watch is told anything of
// the services of that host, and no lookup misses them. One service has a sidecar, the other one
// the library.

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { watch } from '../../src/index.ts';
import { type Host, serveWords, startHosts } from '../support/hosts.ts';
import { LookupLoop } from '../support/lookup-loop.ts';
import type { Running, Stage } from '../support/processes.ts';

/** A restart of both servers of a host. */
export interface PairRestart {
  /** From the moment at which the first is ready again to the signal to the second. */
  readonly pauseMs: number;
  /** The signals that end the first and the second. */
  readonly signals: readonly [NodeJS.Signals, NodeJS.Signals];
}

/** What any watch or lookup noticed: nothing, if all is well. */
export interface PairOutcome {
  /** The events of watches at another host. */
  readonly told: readonly string[];
  /** The answers of lookups there that were not one live instance. */
  readonly misses: readonly string[];
}

/** Restarts both servers of a host, again and again, while others look on. */
export async function restartPairs(
  stage: Stage,
  restarts: readonly PairRestart[],
): Promise<PairOutcome> {
  const [h1, h2, h3] = (await startHosts(stage, 3)) as [Host, Host, Host];
  const sidecar = stage.start([
    ...['register', '--name=sidecar', '--port=1', '--log-format=json'],
    `--server=${h3.address}`,
  ]);
  await registeredWith(sidecar, ['h3-a', 'h3-b']);
  const library = stage.spawn([process.execPath, PROGRAM, h3.address, 'library', '2']);
  await library.printed({ change: 'synced' });
  const watches = SERVICES.map((service) => new Watching(service, h1.address));
  await Promise.all(watches.map((each) => each.synced));
  const loops = SERVICES.map((service) => new LookupLoop(service, [h1.address]));

  const words = serveWords({ ...h3, isMaster: false, peers: [h1.address, h2.address] });
  let { a, b } = h3;
  for (const { pauseMs, signals } of restarts) {
    await a.end(signals[0]);
    a = stage.start(words);
    await a.said({ event: 'server-started' });
    await delay(pauseMs);
    await b.end(signals[1]);
    b = stage.start(words);
    await Promise.all([a, b].map((server) => server.said({ event: 'view-complete' })));
    await registeredWith(sidecar, ['h3-a', 'h3-b']);
    await Promise.all(loops.map((loop) => loop.turn()));
  }
  const misses = await Promise.all(loops.map((loop) => loop.end()));
  // An instance in doubt is called gone within this time.
  await delay(DOUBT_MS);
  return { told: watches.flatMap((each) => each.told), misses: misses.flat() };
}

/** A watch that remembers all that it is told after the present set. */
class Watching {
  readonly told: string[] = [];
  readonly synced: Promise<void>;

  constructor(service: string, server: string) {
    this.synced = new Promise((resolve, reject) => {
      this.#follow(service, server, resolve).catch(reject);
    });
  }

  async #follow(service: string, server: string, synced: () => void): Promise<void> {
    let isSynced = false;
    for await (const { change, cause = '' } of watch(service, { servers: [server] })) {
      if (change === 'synced') {
        isSynced = true;
        synced();
      } else if (isSynced) {
        this.told.push(`${service}: ${change} ${cause}`);
      }
    }
  }
}

async function registeredWith(sidecar: Running, servers: readonly string[]): Promise<void> {
  await Promise.all(servers.map((server) => sidecar.said({ event: 'registered', server })));
}

const SERVICES = ['sidecar', 'library'];

const PROGRAM = join(import.meta.dirname, '../support/watching-program.js');

/** Longer than the longest grace. */
const DOUBT_MS = 3_000;
