// The numbers that origins have.

import { expect, test } from 'vitest';
import { Slots } from '../../../../src/core/server/origins/slots.ts';

test('a slot that is free is given out again before a new one', () => {
  const slots = new Slots();
  const first = [slots.take(), slots.take(), slots.take()];

  slots.free(1);

  expect(first).toEqual([0, 1, 2]);
  expect([slots.take(), slots.take()]).toEqual([1, 3]);
});
