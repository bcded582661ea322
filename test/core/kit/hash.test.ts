// The hash: the same everywhere, and spread well enough to choose masters by.

import { expect, test } from 'vitest';
import { hashOf } from '../../../src/core/kit/hash.ts';

test('a text has the same hash on every machine and in every version', () => {
  expect([hashOf(''), hashOf('a'), hashOf('rarangi')]).toEqual(GOLDEN);
});

test('a hash is a whole number of 32 bits', () => {
  const hashes = Array.from({ length: 1_000 }, (_, index) => hashOf(`h${String(index)}`));

  expect(hashes.every((hash) => Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32)).toBe(true);
  expect(new Set(hashes).size).toBe(1_000);
});

test('names that differ in their last digit spread over the whole range', () => {
  const counts = [0, 0, 0, 0];
  for (let index = 0; index < 4_000; index += 1) {
    const quarter = Math.floor(hashOf(`host-${String(index)}|master`) / 2 ** 30);
    counts[quarter] = (counts[quarter] ?? 0) + 1;
  }

  expect(Math.min(...counts)).toBeGreaterThan(900);
  expect(Math.max(...counts)).toBeLessThan(1_100);
});

// Computed by another program, from the papers.
const GOLDEN = [2_872_998_923, 444_641_715, 3_328_951_531];
