// Twenty rounds of it.

import { test } from '../support/processes.ts';
import { converge } from './convergence.ts';

/** It takes 40 s on a quiet machine of two cores. */
const ENOUGH_MS = 300_000;

test(
  'ten servers that come and go in random order end converged, every time',
  async ({ stage }) => {
    await converge(stage, 20);
  },
  ENOUGH_MS,
);
