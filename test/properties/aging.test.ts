// The law of a map that forgets its oldest entries: it finds the same oldest as a walk from its
// beginning, whatever was added, removed, moved to the end or cleared before.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AgingMap } from '../../src/core/kit/aging.ts';
import { collectGarbage } from '../support/garbage.ts';

const key = fc.nat(9);
const change = fc.oneof(
  { weight: 9, arbitrary: fc.record({ set: key }) },
  { weight: 3, arbitrary: fc.record({ moved: key }) },
  { weight: 3, arbitrary: fc.record({ deleted: key }) },
  { weight: 6, arbitrary: fc.record({ keep: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.constant('clear' as const) },
);

test('the oldest is what a walk from the beginning finds', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const map = new AgingMap<number, number>();
      changes.forEach((what, at) => {
        if (what === 'clear') map.clear();
        else if ('set' in what) map.set(what.set, at);
        else if ('moved' in what && map.delete(what.moved)) map.set(what.moved, at);
        else if ('deleted' in what) map.delete(what.deleted);
        else if ('keep' in what) keepLatest(map, what.keep);

        expect(map.oldestKey()).toBe([...map.keys()][0]);
      });
    }),
  );
});

test('what was deleted is not kept, though nobody looks for the oldest again', async () => {
  const map = new AgingMap<number, object>();
  const deleted = leaveOne(map);
  for (let key = 2; key < 1_000; key += 1) {
    map.set(key, {});
    map.delete(key);
  }
  await new Promise(setImmediate);
  collectGarbage();

  expect(map.size).toBe(1);
  expect(deleted.deref()).toBeUndefined();
});

/** The oldest stays, and of what came after it a table that the map has outgrown has a copy. */
function leaveOne(map: AgingMap<number, object>): WeakRef<object> {
  const deleted = {};
  map.set(0, {});
  map.set(1, deleted);
  map.oldestKey();
  for (let key = 2; key < 100; key += 1) map.set(key, {});
  for (let key = 1; key < 100; key += 1) map.delete(key);
  return new WeakRef(deleted);
}

/** Drops the oldest, and compares with what is left of the same entries in a list. */
function keepLatest(map: AgingMap<number, number>, most: number): void {
  const left = [...map].slice(Math.max(map.size - most, 0));
  map.dropOldest(() => map.size > most);

  expect([...map]).toEqual(left);
}
