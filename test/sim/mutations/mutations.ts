// What a planted bug is: a rule, how it is taken away, and the story in which that must be noticed.

import { expect, test } from 'vitest';
import { COMPUTING } from '../seeds.ts';
import type { Edit } from './mutant.ts';
import { mutantCores } from './mutant.ts';
import type { Story } from '../stories/story.ts';

/** A rule, the edits that take it away, and a story that goes wrong without it. */
export type Mutation = readonly [rule: string, story: Story, ...edits: readonly Edit[]];

/** A test for each: under some seed all is well with the rule, and something wrong without it. */
export function testMutations(mutations: readonly Mutation[]): void {
  for (const [rule, story, ...edits] of mutations) {
    test(`it is noticed when this rule is taken away: ${rule}`, COMPUTING, () => {
      const cores = mutantCores(edits);
      const seed = SEEDS.find((one) => story({ cores }, one).length > 0);

      expect(seed).toBeDefined();
      expect(untouched(story, seed)).toEqual([]);
    });
  }
}

/** What is wrong with every rule in its place: told once for each seed, for several bugs share a story. */
function untouched(story: Story, seed = 1): string[] {
  const known = told.get(story) ?? new Map<number, string[]>();
  told.set(story, known);
  const wrong = known.get(seed) ?? story(undefined, seed);
  known.set(seed, wrong);
  return wrong;
}

const told = new Map<Story, Map<number, string[]>>();

/** In which order things arrive decides whether a bug shows. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 16];
