// A tenth of the seeds that ever found a fault, another tenth each day; and a seed decides
// everything.

import { expect, test } from 'vitest';
import { todaysTenth } from '../support/tenth.ts';
import { allSeeds, testSeeds } from './seeds.ts';
import { simulate } from './world/run.ts';

testSeeds(todaysTenth('seeds', allSeeds));

test('the same seed gives the same run', () => {
  const [one, other]: [string[], string[]] = [[], []];

  simulate({ seed: 2, minutes: 0.2, log: (line) => one.push(line) });
  simulate({ seed: 2, minutes: 0.2, log: (line) => other.push(line) });

  expect(one.length).toBeGreaterThan(50);
  expect(other).toEqual(one);
});
