// The rows of a link, by the small number of each origin.

import { expect, test } from 'vitest';
import { Slots } from '../../../../src/core/server/origins/slots.ts';
import { Rows } from '../../../../src/core/server/replication/rows.ts';
import type { OriginId } from '../../../../src/protocol/ids.ts';
import { originOf } from '../../../support/server-stage.ts';

const MANY = Array.from({ length: 300 }, (_, index) => {
  return index.toString(16).padStart(32, '0') as OriginId;
});

function known(ids: readonly OriginId[]): Map<OriginId, { readonly slot: number }> {
  const slots = new Slots();
  return new Map(ids.map((id) => [id, { slot: slots.take() }]));
}

test('each of many origins has a cursor of its own, and those that have none are at 0', () => {
  const rows = new Rows(known(MANY));

  for (const [index, id] of MANY.entries()) rows.setCursor(id, 2 ** 40 + index);
  rows.setCursor(MANY[7]!, 0);
  rows.setCursor(MANY[7]!, 0);

  expect(rows.cursorOf(MANY[299]!)).toBe(2 ** 40 + 299);
  expect(rows.cursorAt(6)).toBe(2 ** 40 + 6);
  expect(rows.cursorOf(MANY[7]!)).toBe(0);
  expect(rows.cursorsCount).toBe(299);
});

test('the cursor of a stranger is kept, and found again when the stranger is known', () => {
  const origins = known([originOf('1')]);
  const rows = new Rows(origins);
  rows.setCursor(originOf('2'), 5);
  const before = rows.cursorOf(originOf('2'));

  origins.set(originOf('2'), { slot: 1 });
  rows.settle(originOf('2'));
  rows.settle(originOf('1'));

  expect([before, rows.cursorOf(originOf('2')), rows.cursorAt(1)]).toEqual([5, 5, 5]);
  expect(rows.cursorOf(originOf('1'))).toBe(0);
  expect(rows.cursorsCount).toBe(1);
});

test('each of many origins has a mode and a mark of its own, which leave each other alone', () => {
  const rows = new Rows(known(MANY));
  const modes = ['open', 'eager', 'lazy'] as const;

  for (const [slot, id] of MANY.entries()) {
    rows.setPruned(id, slot % 2 === 0);
    rows.setModeAt(slot, modes[slot % 3]!);
  }

  expect(MANY.map((_, slot) => rows.modeAt(slot))).toEqual(MANY.map((_, slot) => modes[slot % 3]));
  expect(MANY.filter((id) => rows.isPruned(id))).toEqual(MANY.filter((_, slot) => slot % 2 === 0));
});

test('a stranger cannot be pruned', () => {
  const rows = new Rows(known(MANY));

  rows.setPruned(originOf('f'), true);

  expect(rows.isPruned(originOf('f'))).toBe(false);
});

test('nothing is left of an origin that is cleared, and its neighbours keep what they have', () => {
  const rows = new Rows(known(MANY));
  for (const [slot, id] of MANY.entries()) {
    rows.setCursor(id, 3);
    rows.setModeAt(slot, 'lazy');
    rows.setPruned(id, true);
  }

  rows.clear(MANY[100]!);

  const left = [99, 100, 101].map((slot) => {
    return [rows.cursorAt(slot), rows.modeAt(slot), rows.isPruned(MANY[slot]!)];
  });
  expect(left).toEqual([
    [3, 'lazy', true],
    [0, 'open', false],
    [3, 'lazy', true],
  ]);
});

test('a row takes nine bytes', () => {
  const ids = Array.from({ length: 2 ** 14 }, (_, index) => String(index) as OriginId);
  const origins = known(ids);
  const before = process.memoryUsage().arrayBuffers;

  const links = Array.from({ length: 64 }, () => new Rows(origins));
  for (const rows of links) rows.setCursor(ids.at(-1)!, 1);

  const bytes = process.memoryUsage().arrayBuffers - before;
  // There is room for twice as many.
  expect(bytes / links.length / ids.length).toBeLessThan(2 * 9 + 1);
  expect(links.every((rows) => rows.cursorsCount === 1)).toBe(true);
});
