// One of several instances: by nearness, or by lot.

import { expect, test } from 'vitest';

import { chosenOf } from '../../../src/core/client/matching.ts';
import type { ChoiceOrder } from '../../../src/core/client/matching.ts';
import type { Instance } from '../../../src/protocol/records.ts';
import { instanceOf } from '../../support/stage.ts';
import { prngOf } from '../../sim/world/prng.ts';

const place = { host: 'h1', cluster: 'c1' };

const near = at('1', { host: 'h1' });
const inCluster = at('2', { host: 'h2' });
const far = at('3', { host: 'h3', cluster: 'c2' });
const suspect = at('4', { host: 'h1', state: 'suspect' });
const stale = at('5', { host: 'h1', state: 'stale' });

function at(digit: string, given: Readonly<Record<string, string>>): Instance {
  return instanceOf(digit, given);
}

function choose(choice: ChoiceOrder, ...instances: Instance[]): Instance | null {
  return chosenOf(instances, { choice, place }, () => 0.5);
}

test('the nearest is chosen in whatever order they come', () => {
  expect(choose('nearest', far, near, inCluster)).toBe(near);
  expect(choose('nearest', far, inCluster)).toBe(inCluster);
  expect(choose('nearest', inCluster, far)).toBe(inCluster);
  expect(choose('nearest')).toBeNull();
});

test('live comes before suspect before stale, however far, and by lot as well', () => {
  for (const choice of ['nearest', 'random'] as const) {
    expect(choose(choice, stale, suspect, far)).toBe(far);
    expect(choose(choice, suspect, stale)).toBe(suspect);
    expect(choose(choice, stale)).toBe(stale);
  }
});

test('each of several equals has the same chance', () => {
  const seed = 7;
  const random = prngOf(seed);
  const counts = new Map<Instance | null, number>();

  for (let call = 0; call < 3_000; call += 1) {
    const chosen = chosenOf([near, inCluster, far], { choice: 'random', place }, random);
    counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
  }

  expect([...counts.values()].every((count) => Math.abs(count - 1_000) < 120)).toBe(true);
  expect(counts.size).toBe(3);
});
