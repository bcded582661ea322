// Ten servers come and go in random order, over and over. When they are let alone, all of them know
// the same: every service, and each other.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect } from 'vitest';
import { connect, lookup, peers, RarangiError, type ServeOptions } from '../../src/index.ts';
import { prngOf } from '../sim/world/prng.ts';
import { eventually } from '../support/conditions.ts';
import type { Stage } from '../support/processes.ts';

const THREAD = new URL('../support/server-thread.js', import.meta.url);
const SERVICE = 'db';

/** Lets ten servers come and go for so many rounds; each round ends with all of them converged. */
export async function converge(stage: Stage, rounds: number): Promise<void> {
  const seed = Number(process.env['RARANGI_TEST_SEED'] ?? Date.now() % 1_000_000);
  process.stderr.write(`ten servers: RARANGI_TEST_SEED=${seed}\n`);
  const random = prngOf(seed);
  const addresses = Array.from({ length: 5 }, () => stage.address());
  const servers = addresses.flatMap((address, index) => {
    const masters = addresses.slice(0, 2);
    const host = `h${index + 1}`;
    const peers = masters.filter((other) => other !== address);
    const options = { host, bind: address, peers, master: masters.includes(address) };
    return [new Thread(options), new Thread(options)];
  });
  const places = addresses.flatMap((address) => [`${address}:17340`, `${address}:17341`]);
  const clients = addresses.map((address) => connect({ servers: [address] }));
  const offers = clients.map((client, index) =>
    client.register({ name: SERVICE, port: index + 1 }),
  );
  const expected = { ports: [1, 2, 3, 4, 5], serversCount: 10, complete: true };

  try {
    for (let round = 1; round <= rounds; round += 1) {
      const moves = Array.from({ length: 10 }, () => {
        const server = servers[Math.floor(random() * servers.length)]!;
        const move = (['start', 'stop', 'kill'] as const)[Math.floor(random() * 3)]!;
        return server[move]();
      });
      await Promise.all(moves);
      await Promise.all(servers.map((server) => server.start()));

      const views = await Promise.all(
        places.map((place) => convergedView(place, `round ${round}`, expected)),
      );
      expect(views).toEqual(places.map(() => expected));
    }
  } finally {
    await Promise.all([...offers, ...clients].map((one) => one.close()));
    await Promise.all(servers.map((server) => server.kill()));
  }
}

interface View {
  readonly ports: readonly number[];
  readonly serversCount: number;
  readonly complete: boolean;
}

/** The knowledge of a server, once it is as expected. */
async function convergedView(server: string, what: string, expected: View): Promise<View> {
  let last = '';
  return eventually(
    () => `${what}: ${server} is at ${last}`,
    async () => {
      const view = await viewOf(server).catch(failureOf);
      last = JSON.stringify(view);
      return last === JSON.stringify(expected) ? expected : undefined;
    },
  );
}

/** A server that has no time to answer is one that has not converged yet. */
function failureOf(error: unknown): string {
  if (error instanceof RarangiError && error.retryable) return error.message;
  throw error;
}

async function viewOf(server: string): Promise<View> {
  const options = { servers: [server], timeoutMs: 10_000 };
  const [found, seen] = await Promise.all([lookup(SERVICE, options), peers(options)]);
  const live = found.instances.filter(({ state }) => state === 'live');
  const reachable = seen.servers.filter(({ state }) => state === 'reachable');
  return {
    ports: live.map(({ port }) => port).sort((a, b) => a - b),
    serversCount: reachable.length,
    complete: found.complete && seen.complete,
  };
}

/** A server in a thread. It handles its orders in turn. */
class Thread {
  readonly #options: ServeOptions;
  #worker: Worker | null = null;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: ServeOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#worker !== null) return;
      this.#worker = new Worker(THREAD, { workerData: this.#options });
      await once(this.#worker, 'message');
    });
  }

  /** Ends it with a goodbye. */
  stop(): Promise<void> {
    return this.#end((worker) => {
      worker.postMessage('stop');
    });
  }

  /** Ends it without one. */
  kill(): Promise<void> {
    return this.#end((worker) => void worker.terminate());
  }

  #end(how: (worker: Worker) => void): Promise<void> {
    return this.#inTurn(async () => {
      const worker = this.#worker;
      this.#worker = null;
      if (worker === null) return;
      how(worker);
      await once(worker, 'exit');
    });
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(act);
    return this.#turn;
  }
}
