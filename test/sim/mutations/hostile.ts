// What only a hostile neighbour puts to the test, taken away.

import type { Mutation } from './mutations.ts';
import * as hostile from '../stories/hostile.ts';

/** What is taken away, and where that is noticed. */
export const mutations: readonly Mutation[] = [
  [
    'a goodbye takes the last place of a log that is full',
    hostile.byOneHost,
    ['goodbyes#goodbyeAfter', 'Math.min(sequence + 1, SEQUENCE_MAX)', 'sequence + 1'],
  ],
];
