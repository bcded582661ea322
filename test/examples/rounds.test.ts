import { expect } from 'vitest';

import { test } from '../support/processes.ts';
import { playRounds } from './rounds.ts';

test('300 rounds of connecting, registering and closing leave nothing behind', async ({
  stage,
}) => {
  const { before, after } = await playRounds(stage, 300);

  expect([before.handles, after.handles]).toEqual([[], []]);
  // A round that kept its client would keep 20 kB or more.
  expect(after.heapBytes - before.heapBytes).toBeLessThan(270 * 4_000);
});
