// The seeds of seeds.txt. One that fails is replayed with `npm run sim -- --seed N`.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { simulate } from './world/run.ts';

const seeds = readFileSync(join(import.meta.dirname, 'seeds.txt'), 'utf8')
  .split('\n')
  .filter((line) => !line.startsWith('#'))
  .flatMap((line) => /^(\d+ )*\d+/.exec(line)?.[0].split(' ').map(Number) ?? []);

for (const seed of seeds) {
  test(`every invariant holds in the run of seed ${String(seed)}`, () => {
    const { violations } = simulate({ seed, minutes: 1 });

    expect(violations).toEqual([]);
  });
}

test('the same seed gives the same run', () => {
  const [one, other]: [string[], string[]] = [[], []];

  simulate({ seed: 2, minutes: 0.2, log: (line) => one.push(line) });
  simulate({ seed: 2, minutes: 0.2, log: (line) => other.push(line) });

  expect(one.length).toBeGreaterThan(50);
  expect(other).toEqual(one);
});
