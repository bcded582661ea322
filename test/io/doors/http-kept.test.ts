// What the HTTP door answers again, held against a door that answers for the first time, while
// instances come and go in a core of its own.

import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { HttpAnswers } from '../../../src/io/doors/http-answers.ts';
import { Exchange } from '../../../src/io/doors/http-exchange.ts';
import { identityOf } from '../../../src/io/machine/instance-key.ts';
import type { InstanceKey, Name } from '../../../src/protocol/ids.ts';
import { startInside } from '../../support/inside.ts';

interface Told {
  readonly status: number;
  readonly etag: string | undefined;
  /** Its lines or instances in one order, for the order is by lot. */
  readonly parts: readonly string[];
}

/** A core, and doors to it. */
class World {
  readonly #inside = startInside();
  readonly #session = this.#inside.session();
  readonly #revisions = new Map<number, number>();

  openDoor(): HttpAnswers {
    return new HttpAnswers(this.#inside.context);
  }

  /** Offers the instance of a number anew, or for the first time. */
  offer(number: number, role: string): void {
    const revision = (this.#revisions.get(number) ?? 0) + 1;
    this.#revisions.set(number, revision);
    const { instance, key } = identityOf(keyOf(number));
    const service = (number % 2 === 0 ? 'web' : 'db') as Name;
    const tags = [{ key: 'role' as Name, value: role }];
    const place = { service, address: '10.0.0.9', port: 8_000 + number, scheme: null };
    const registration = { instance, revision, ...place, tags };
    this.#session.ask({ kind: 'register', key, registration }, () => undefined);
  }

  giveUp(number: number): void {
    const { instance, key } = identityOf(keyOf(number));
    const question = { kind: 'deregister', instance, key, cause: 'deregistered' } as const;
    this.#session.ask(question, () => undefined);
  }

  /** What a door answers to an address. */
  ask(door: HttpAnswers, url: string): Told {
    const response = new Response();
    const headers = { host: 'localhost' };
    const rawHeaders = ['Host', 'localhost'];
    const request = { method: 'GET', url, headers, rawHeaders, socket: {} };
    const exchange = new Exchange(this.#inside.context, {
      request: request as unknown as IncomingMessage,
      response: response as unknown as ServerResponse,
      place: { address: '127.0.0.1:17348' } as Exchange['place'],
      isPaced: true,
      noteWritten: () => undefined,
    });
    door.handle(exchange);
    return response.told();
  }

  /** Stops it; returns what went wrong. */
  async stop(): Promise<readonly unknown[]> {
    await this.#inside.stop();
    return this.#inside.faults;
  }
}

/** Notes what is answered. */
class Response extends EventEmitter {
  #status = 0;
  #head: readonly string[] = [];
  #body = '';
  headersSent = false;

  writeHead(status: number, head: readonly string[]): void {
    this.headersSent = true;
    this.#status = status;
    this.#head = head;
  }

  end(body = ''): void {
    this.#body = body;
  }

  told(): Told {
    const status = this.#status;
    const etag = this.#head[this.#head.indexOf('ETag') + 1];
    const parts = this.#body.split(/\n|(?=\{"name")/).map((part) => part.replace(/[,\]}]*$/, ''));
    return { status, etag, parts: parts.sort() };
  }
}

function keyOf(number: number): InstanceKey {
  return String(number).padStart(32, '0') as InstanceKey;
}

const URLS = [
  '/v1/services/web',
  '/v1/services/db',
  '/v1/services/web?tag=role=a',
  '/v1/services/web?format=hostport',
  '/v1/services/db?live&tag=role=b&format=port',
];

test('a kept answer is what would be answered anew, whatever comes and goes', async () => {
  const act = fc.oneof(
    { weight: 1, arbitrary: fc.record({ number: fc.nat(5), role: fc.constantFrom('a', 'b') }) },
    { weight: 1, arbitrary: fc.record({ number: fc.nat(5), role: fc.constant(null) }) },
    { weight: 2, arbitrary: fc.record({ url: fc.constantFrom(...URLS), times: fc.nat(80) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 40, size: 'max' }), async (acts) => {
      const world = new World();
      const door = world.openDoor();
      for (const one of acts) {
        if ('url' in one) {
          const right = world.ask(world.openDoor(), one.url);
          for (let times = 0; times < one.times; times += 1) {
            expect(world.ask(door, one.url)).toEqual(right);
          }
        } else if (one.role === null) world.giveUp(one.number);
        else world.offer(one.number, one.role);
      }
      expect(await world.stop()).toEqual([]);
    }),
    { numRuns: 30 },
  );
});
