// The seeds of seeds.txt: every one that ever found a fault, and some for breadth. One that fails is
// replayed with `npm run sim -- --seed N`.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { simulate } from './world/run.ts';

/** All of them. */
export const allSeeds = readFileSync(join(import.meta.dirname, 'seeds.txt'), 'utf8')
  .split('\n')
  .filter((line) => !line.startsWith('#'))
  .flatMap((line) => /^(\d+ )*\d+/.exec(line)?.[0].split(' ').map(Number) ?? []);

/** What only computes ends by itself, and how soon is the machine's affair: this is no limit. */
export const COMPUTING = { timeout: 1_200_000 };

/** A test for each of some seeds. */
export function testSeeds(seeds: readonly number[]): void {
  for (const seed of seeds) {
    test(`every invariant holds in the run of seed ${String(seed)}`, COMPUTING, () => {
      const { violations } = simulate({ seed, minutes: 1 });

      expect(violations).toEqual([]);
    });
  }
}
