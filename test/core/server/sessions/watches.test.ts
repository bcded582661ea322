// The watches of all sessions by their service: what a change must be told to, and nothing else.

import { expect, test } from 'vitest';
import { Account } from '../../../../src/core/kit/account.ts';
import { Watchers, Watches } from '../../../../src/core/server/sessions/watches.ts';
import type { Name } from '../../../../src/protocol/ids.ts';

function watchOf(service: string, bytes = 10) {
  return { service: service as Name, bytes, untold: new Set<never>(), told: 0, viewed: 0 };
}

function stageOf() {
  const [all, held] = [new Watchers(), new Account()];
  const [one, other] = [new Watches(held, all, 1), new Watches(held, all, 2)];
  const told = (service: string): string[] =>
    all
      .sessionsOf(service as Name, () => true)
      .flatMap((id) => all.ofSession(service as Name, id))
      .map(({ to, request }) => `${String(to)}/${String(request)}`);
  return { held, one, other, told };
}

test('a change is told to the watches of its service, of the session with the fewest first', () => {
  const { one, other, told } = stageOf();
  for (const request of [1, 2, 3]) one.set(request, watchOf('db'));
  one.set(4, watchOf('web'));
  other.set(1, watchOf('db'));

  expect(told('db')).toEqual(['2/1', '1/1', '1/2', '1/3']);
  expect(told('web')).toEqual(['1/4']);
  expect(told('none')).toEqual([]);
});

test('a watch that ends, is replaced or goes with its session is told nothing more', () => {
  const { held, one, other, told } = stageOf();
  for (const request of [1, 2, 3]) one.set(request, watchOf('db'));
  other.set(1, watchOf('db'));

  one.set(1, watchOf('web', 20));
  one.delete(2);
  other.clear();
  one.delete(9);

  expect(told('db')).toEqual(['1/3']);
  expect(told('web')).toEqual(['1/1']);
  expect(held.bytes).toBe(30);
  one.clear();
  expect([told('db'), told('web'), held.bytes]).toEqual([[], [], 0]);
});
