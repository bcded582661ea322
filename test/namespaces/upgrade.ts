// Servers restarted while other hosts are cut off, with real processes: a new life does not deny
// instances that it has never held, as long as others name missing hosts.

import { expect } from 'vitest';

import { agree, agreeAll, askAll, sightsOf } from './views.ts';
import { EAST, netTest, PATIENTLY, WEST } from './world.ts';

netTest(
  'restarts on one side of a split make nobody certain that the other side is nothing',
  PATIENTLY,
  async ({ world }) => {
    await world.cut(WEST);
    await agree(world, {
      ...sightsOf(EAST, { reached: EAST, split: WEST }),
      ...sightsOf(WEST, { reached: WEST, split: EAST }),
    });
    const far = ['lookup', 'web', '--cluster=west'];
    const codes: (number | null)[] = [];
    for (const name of ['h1', 'h3']) {
      await world.restart(name);
      for (let round = 0; round < ROUNDS; round += 1) {
        const answers = await askAll(world, EAST, far);
        codes.push(...answers.map(({ code }) => code));
      }
    }
    await world.heal();
    await agreeAll(world);

    // 0: as stale; 5: nothing, and that is not certain.
    expect(codes.filter((code) => code !== 0 && code !== 5)).toEqual([]);
    expect(codes.filter((code) => code === 0).length).toBeGreaterThanOrEqual(4 * ROUNDS);
  },
);

/** How often all are asked after each restart. */
const ROUNDS = 4;
