import { expect } from 'vitest';

import { test } from '../support/processes.ts';
import { playRounds } from './rounds.ts';

test('10,000 rounds of connecting, registering and closing leave nothing behind', async ({
  stage,
}) => {
  const { before, after } = await playRounds(stage, 10_000);

  console.log(JSON.stringify({ before, after }));
  expect([before.handles, after.handles]).toEqual([[], []]);
  // Less than 100 bytes a round: nothing that a round makes is as small as that.
  expect(after.heapBytes - before.heapBytes).toBeLessThan(900_000);
});
