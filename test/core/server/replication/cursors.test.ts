// What a link keeps of each origin, by the small number that the origin has.

import { expect, test } from 'vitest';
import { Cursors, Marks, Places } from '../../../../src/core/server/replication/cursors.ts';
import type { OriginId } from '../../../../src/protocol/ids.ts';
import { originOf } from '../../../support/server-stage.ts';

const MANY = Array.from({ length: 300 }, (_, index) => {
  return index.toString(16).padStart(32, '0') as OriginId;
});

function known(ids: readonly OriginId[]): Map<OriginId, { readonly place: number }> {
  const places = new Places();
  return new Map(ids.map((id) => [id, { place: places.take() }]));
}

test('each of many origins has a cursor of its own, and those that have none are at 0', () => {
  const cursors = new Cursors(known(MANY));

  for (const [index, id] of MANY.entries()) cursors.set(id, 2 ** 40 + index);
  cursors.delete(MANY[7]!);
  cursors.delete(MANY[7]!);

  expect(cursors.get(MANY[299]!)).toBe(2 ** 40 + 299);
  expect(cursors.at(6)).toBe(2 ** 40 + 6);
  expect(cursors.get(MANY[7]!)).toBe(0);
  expect(cursors.size).toBe(299);
});

test('the cursor of a stranger is kept, and found again when the stranger is known', () => {
  const origins = known([originOf('1')]);
  const cursors = new Cursors(origins);
  cursors.set(originOf('2'), 5);
  const before = cursors.get(originOf('2'));

  origins.set(originOf('2'), { place: 1 });
  cursors.settle(originOf('2'));
  cursors.settle(originOf('1'));

  expect([before, cursors.get(originOf('2')), cursors.at(1)]).toEqual([5, 5, 5]);
  expect(cursors.get(originOf('1'))).toBe(0);
  expect(cursors.size).toBe(1);
});

test('each of many origins has a mark of its own, and a stranger has none', () => {
  const marks = new Marks(known(MANY));
  const isThird = (_: OriginId, index: number): boolean => index % 3 === 0;

  for (const id of MANY.filter(isThird)) marks.add(id);
  marks.add(MANY[0]!);
  marks.add(originOf('f'));
  marks.delete(MANY[3]!);
  marks.delete(MANY[4]!);

  expect(MANY.filter((id) => marks.has(id))).toEqual(MANY.filter(isThird).toSpliced(1, 1));
  expect([marks.hasAt(31), marks.hasAt(33), marks.has(originOf('f'))]).toEqual([
    false,
    true,
    false,
  ]);
  expect(marks.size).toBe(99);
});

test('a place that is free is given out again before a new one', () => {
  const places = new Places();
  const first = [places.take(), places.take(), places.take()];

  places.free(1);

  expect(first).toEqual([0, 1, 2]);
  expect([places.take(), places.take()]).toEqual([1, 3]);
});
