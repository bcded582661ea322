// Lookups one after another, while something happens: a client would miss what they miss.

import { lookup } from '../../src/index.ts';
import { deferred } from '../../src/io/deferred.ts';

/** Looks up a service at the servers of one host, again and again, until it is ended. */
export class LookupLoop {
  readonly #misses: string[] = [];
  readonly #ended: Promise<void>;
  #turn = deferred();
  #isEnding = false;

  constructor(service: string, servers: readonly string[]) {
    this.#ended = this.#run(service, servers);
  }

  /** Resolves when a lookup that begins from now on has been answered. */
  async turn(): Promise<void> {
    await this.#turn.promise;
    await this.#turn.promise;
  }

  /** The answers that were not one live instance. */
  async end(): Promise<string[]> {
    this.#isEnding = true;
    await this.#ended;
    return this.#misses;
  }

  async #run(service: string, servers: readonly string[]): Promise<void> {
    while (!this.#isEnding) {
      const miss = await missOf(service, servers);
      if (miss !== null) this.#misses.push(miss);
      this.#turn.resolve();
      this.#turn = deferred();
    }
  }
}

async function missOf(service: string, servers: readonly string[]): Promise<string | null> {
  try {
    const answer = await lookup(service, { servers });
    const isFound = answer.instances.length === 1 && answer.instances[0]?.state === 'live';
    return isFound ? null : JSON.stringify(answer);
  } catch (error) {
    return String(error);
  }
}
