// Both servers of a host are restarted, one after the other; restart-pair.soak.test.ts has more of it.

import { expect } from 'vitest';
import { test } from '../support/processes.ts';
import { restartPairs } from './restart-pair.ts';

test(
  'nobody notices that both servers of a host are restarted one after the other',
  { timeout: 120_000 },
  async ({ stage }) => {
    const outcome = await restartPairs(stage, [
      { pauseMs: 0, signals: ['SIGTERM', 'SIGTERM'] },
      { pauseMs: 50, signals: ['SIGTERM', 'SIGTERM'] },
      { pauseMs: 20, signals: ['SIGKILL', 'SIGTERM'] },
      { pauseMs: 500, signals: ['SIGTERM', 'SIGKILL'] },
    ]);

    expect(outcome).toEqual({ told: [], misses: [] });
  },
);
