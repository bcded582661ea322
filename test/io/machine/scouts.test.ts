import { expect, test } from 'vitest';

import type { Channel, DialHandlers, Runtime } from '../../../src/io/machine/runtime.ts';
import { withScouts } from '../../../src/io/machine/scouts.ts';

/** A runtime whose dials are answered by the test, and clients that share it. */
class Host {
  readonly dials: { readonly address: string; readonly handlers: DialHandlers }[] = [];
  cancelled = 0;
  readonly told: string[] = [];
  readonly #runtime = withScouts({
    dial: (address, handlers) => {
      this.dials.push({ address, handlers });
      return () => {
        this.cancelled += 1;
      };
    },
  } as Runtime);

  dial(client: string, address: string): () => void {
    return this.#runtime.dial(address, {
      opened: () => {
        this.told.push(`${client} opened`);
        return { received: () => 0, drained: () => 0, closed: () => 0 };
      },
      failed: (reason) => this.told.push(`${client} ${reason}`),
      refused: (reason) => this.told.push(`${client} refused: ${reason}`),
    });
  }

  /** The addresses dialled since the last call. */
  takeDials(): readonly string[] {
    return this.dials.splice(0).map(({ address }) => address);
  }
}

const SOCKET = '/run/a.sock';

test('of many clients that ask at once one dials, and all are told that nobody is there', () => {
  const host = new Host();
  for (const client of ['c1', 'c2', 'c3']) host.dial(client, SOCKET);
  const [scout, ...others] = host.dials;
  expect(others).toEqual([]);

  scout?.handlers.failed('no such socket', true);

  expect(host.told.sort()).toEqual(['c1', 'c2', 'c3'].map((client) => `${client} no such socket`));
  expect(host.dials).toHaveLength(1);
  host.dial('c1', SOCKET);
  expect(host.dials).toHaveLength(2);
  host.dials[1]?.handlers.failed('no such socket', true);
});

test('a failure that may be due to a client alone is no news for the others', () => {
  const host = new Host();
  for (const client of ['c1', 'c2', 'c3']) host.dial(client, '127.0.0.1:1');
  const [scout] = host.dials;
  host.takeDials();

  scout?.handlers.failed('the secret cannot be read');

  expect(host.told).toEqual(['c1 the secret cannot be read']);
  expect(host.takeDials()).toEqual(['127.0.0.1:1', '127.0.0.1:1']);
});

test('where somebody is there each dials itself', () => {
  const host = new Host();
  for (const client of ['c1', 'c2', 'c3']) host.dial(client, '127.0.0.1:1');
  const [scout] = host.dials;
  host.takeDials();

  scout?.handlers.opened({} as Channel);

  expect(host.told).toEqual(['c1 opened']);
  expect(host.takeDials()).toEqual(['127.0.0.1:1', '127.0.0.1:1']);
});

test('who waits dials itself when the one that dialled gives up, and may give up too', () => {
  const host = new Host();
  const cancel = host.dial('c1', '[::1]:1');
  host.dial('c2', '[::1]:1');
  const cancelWaiting = host.dial('c3', '[::1]:1');
  host.takeDials();

  cancelWaiting();
  cancel();

  expect(host.takeDials()).toEqual(['[::1]:1']);
  expect([host.cancelled, host.told]).toEqual([1, []]);
});

test('other hosts are dialled by each client', () => {
  const host = new Host();
  for (const client of ['c1', 'c2']) host.dial(client, '10.0.0.1:1');

  expect(host.takeDials()).toEqual(['10.0.0.1:1', '10.0.0.1:1']);
});
