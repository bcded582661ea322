import { expect, test } from 'vitest';

import { bursts } from '../../../src/cli/lookup/changes.ts';

test('changes without a pause between them are one burst', async () => {
  const seen: number[][] = [];

  for await (const burst of bursts(numbers([1, 2, 3]))) seen.push(burst);

  expect(seen).toEqual([[1, 2, 3]]);
});

test('a burst that does not end is cut, and nothing of it is lost', async () => {
  let isLeft = false;
  async function* endless() {
    try {
      for (let number = 0; ; number += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        yield number;
      }
    } finally {
      isLeft = true;
    }
  }

  const [first = [], second = []] = await take(bursts(endless()), 2);

  const all = [...first, ...second];
  expect(all).toEqual(all.map((_, index) => index));
  expect(second.length).toBeGreaterThan(0);
  expect(isLeft).toBe(true);
});

test('an error of the source is the error of the bursts', async () => {
  async function* broken() {
    yield 1;
    await Promise.reject(new Error('broken'));
  }

  await expect(take(bursts(broken()), 2)).rejects.toThrow('broken');
});

async function* numbers(given: readonly number[]) {
  for (const number of given) yield await Promise.resolve(number);
}

async function take<T>(source: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const one of source) {
    taken.push(one);
    if (taken.length === count) break;
  }
  return taken;
}
