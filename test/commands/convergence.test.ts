// Ten servers come and go for a few rounds; convergence.soak.test.ts has more of them.

import { test } from '../support/processes.ts';
import { converge } from './convergence.ts';

/** It takes 10 s on a quiet machine of two cores. */
const ENOUGH_MS = 300_000;

test(
  'ten servers that come and go in random order end converged',
  async ({ stage }) => {
    await converge(stage, 5);
  },
  ENOUGH_MS,
);
