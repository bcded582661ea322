// Both servers of a host are restarted one after the other, with every pause, several times, and a kill
// in place of the first or the second signal.

import { expect } from 'vitest';
import { test } from '../support/processes.ts';
import { restartPairs } from './restart-pair.ts';

const PAUSES_MS = [0, 5, 10, 20, 50, 100, 150, 200, 500];

/** What comes first, the end of one server or the link to the other, chance decides. */
const ROUNDS = 5;

const KINDS = [
  ['SIGTERM', 'SIGTERM'],
  ['SIGKILL', 'SIGTERM'],
  ['SIGTERM', 'SIGKILL'],
] as const;

for (const signals of KINDS) {
  test(
    `nobody notices ${signals.join(', then ')}, whatever the pause`,
    { timeout: 3_000_000 },
    async ({ stage }) => {
      const round = PAUSES_MS.map((pauseMs) => ({ pauseMs, signals }));
      const restarts = Array.from({ length: ROUNDS }, () => round).flat();

      expect(await restartPairs(stage, restarts)).toEqual({ told: [], misses: [] });
    },
  );
}
