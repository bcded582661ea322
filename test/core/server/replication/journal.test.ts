// The order in which origins grew: each once, at its latest change.

import { expect, test } from 'vitest';
import { Journal } from '../../../../src/core/server/replication/journal.ts';

interface Row {
  readonly name: string;
  stamp: number;
}

function rowOf(name: string): Row {
  return { name, stamp: 0 };
}

test('a change since a stamp is found once, the earliest first', () => {
  const journal = new Journal<Row>();
  const [one, two, three] = [rowOf('one'), rowOf('two'), rowOf('three')];
  for (const row of [one, two]) journal.note(row);
  const { stamp } = journal;

  for (const row of [three, one, three]) journal.note(row);

  expect(journal.since(stamp).map(({ name }) => name)).toEqual(['one', 'three']);
  expect(journal.since(0).map(({ name }) => name)).toEqual(['two', 'one', 'three']);
  expect(journal.since(journal.stamp)).toEqual([]);
});

test('an origin that was taken out is found no more, until it changes again', () => {
  const journal = new Journal<Row>();
  const [one, two] = [rowOf('one'), rowOf('two')];
  for (const row of [one, two]) journal.note(row);

  journal.drop(one);
  const without = journal.since(0).map(({ name }) => name);
  journal.note(one);

  expect(without).toEqual(['two']);
  expect(journal.since(0).map(({ name }) => name)).toEqual(['two', 'one']);
});

test('a thousand changes of a few take the room of a few', () => {
  const journal = new Journal<Row>();
  const rows = ['one', 'two', 'three'].map(rowOf);
  for (let count = 0; count < 1_000; count += 1) {
    for (const row of rows) journal.note(row);
  }

  expect(journal.size).toBeLessThan(100);
  expect(journal.since(0)).toEqual(rows);
});
