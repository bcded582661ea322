// Writing to the links: which are sent new entries, which are told of them, and what a lost link
// leaves.

import { expect, test } from 'vitest';
import { batches, offers, pair, wants } from '../../../../support/link-messages.ts';
import { originOf, put, up } from '../../../../support/server-stage.ts';

test('a neighbour that is linked to the source of news is told of it, and sent it when it asks', () => {
  const { stage, one, two } = pair();
  const third = stage.neighbour('3', {}, '1');
  stage.tell(one, '1', up('3'), up('5'));
  stage.origin(one, '5', { links: '1' });
  stage.pass(100);
  stage.take(third);
  stage.take(two);

  stage.tell(one, '5', put('a'));
  stage.pass(100);
  const told = stage.take(third);
  stage.hear(third, { kind: 'want', lines: [{ origin: originOf('5'), sequence: 2 }] });
  stage.pass(20);

  expect(batches(told)).toEqual([]);
  expect(offers(told)).toEqual(['5 3']);
  expect(batches(stage.take(third))).toEqual(['5 3 put']);
  expect(batches(stage.take(two))).toEqual(['5 3 put']);
});

test('the origins of a digest are asked for in one message, of one neighbour', () => {
  const { stage, one, two } = pair();
  const lines = ['5', '6'].map((digit) => ({ origin: originOf(digit), sequence: 4 }));

  stage.digest(one, { lines });
  stage.digest(two, { lines });

  const asked = stage.take(one);
  expect(asked.filter(({ kind }) => kind === 'want')).toHaveLength(1);
  expect(wants(asked)).toEqual(['5 0', '6 0']);
  expect(wants(stage.take(two))).toEqual([]);
});

test('an origin that came by a lost link is asked for at the next hop, at once', () => {
  const { stage, one, two } = pair();
  stage.origin(one, '5', { links: '12' });
  stage.tell(one, '1', up('5'));
  stage.tell(two, '2', up('5'));
  stage.take(two);

  stage.close(one);

  expect(wants(stage.take(two))).toContain('5 3');
});

test('snapshots of many small logs leave in one step', () => {
  const { stage, one, two } = pair();
  const digits = ['5', '6', '7'];
  stage.tell(one, '1', ...digits.map((digit) => up(digit)));
  for (const digit of digits) stage.origin(one, digit, { links: '1' });
  const lines = digits.map((digit) => ({ origin: originOf(digit), sequence: 0 }));
  stage.hear(two, { kind: 'want', lines });
  stage.pass(100);
  stage.take(two);

  // A neighbour that has the entries and asks from the beginning is sent the state.
  stage.hear(two, { kind: 'want', lines });

  const snapshots = stage.take(two).filter(({ kind }) => kind === 'snapshot');
  expect(snapshots).toHaveLength(3);
});
