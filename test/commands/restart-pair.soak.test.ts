// Both servers of a host are restarted one after the other, with every pause, and a kill in place of
// the first or the second signal.

import { expect } from 'vitest';
import { test } from '../support/processes.ts';
import { restartPairs } from './restart-pair.ts';

const PAUSES_MS = [0, 5, 10, 20, 50, 100, 150, 200, 500];

const KINDS = [
  ['SIGTERM', 'SIGTERM'],
  ['SIGKILL', 'SIGTERM'],
  ['SIGTERM', 'SIGKILL'],
] as const;

for (const signals of KINDS) {
  test(
    `nobody notices ${signals.join(', then ')}, whatever the pause`,
    { timeout: 600_000 },
    async ({ stage }) => {
      const restarts = PAUSES_MS.map((pauseMs) => ({ pauseMs, signals }));

      expect(await restartPairs(stage, restarts)).toEqual({ told: [], misses: [] });
    },
  );
}
