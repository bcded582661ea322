import { expect, test } from 'vitest';

import { Absence } from '../../src/sidecar/absence.ts';

test('an absence that lasts is told ever less often, until it is over', async () => {
  const told: number[] = [];
  const toldTwice = new Promise<void>((resolve) => {
    const absence = new Absence((seconds) => {
      told.push(seconds);
      if (told.length < 2) return;
      absence.update(false);
      resolve();
    }, 1_000);
    absence.update(true);
    absence.update(true);
  });
  // Its own timer keeps no process.
  const awake = setInterval(() => undefined, 1_000);

  await toldTwice;

  clearInterval(awake);
  expect(told).toEqual([1, 2]);
});
