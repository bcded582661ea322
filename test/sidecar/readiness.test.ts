import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import type { SidecarEventName } from '../../src/sidecar/events.ts';
import { parseProbe } from '../../src/sidecar/probe.ts';
import { readiness, type ReadinessOptions } from '../../src/sidecar/readiness.ts';
import { ownFolder } from '../io/world.ts';

function waiting(ready: string, options: Partial<ReadinessOptions> = {}) {
  const reports: SidecarEventName[] = [];
  const outcome = readiness({
    service: {
      offer: { name: 'db', port: 1 },
      ready: parseProbe(ready, 'ready'),
      check: parseProbe('none', 'check'),
    },
    probe: parseProbe(ready, 'ready'),
    timeoutMs: Number.POSITIVE_INFINITY,
    report: (name) => reports.push(name),
    signal: new AbortController().signal,
    ...options,
  });
  return { outcome, reports };
}

test('a service is ready as soon as it says so', async () => {
  const counted = join(ownFolder(), 'counted');
  const third = `test -e ${counted}.2 || { test -e ${counted} && touch ${counted}.2; touch ${counted}; exit 1; }`;

  const { outcome, reports } = waiting(`exec:${third}`);

  expect(await outcome).toBe('ready');
  expect(existsSync(`${counted}.2`)).toBe(true);
  expect(reports).toEqual([]);
});

test('the log is told what is missing, ever less often', async () => {
  const ended = new AbortController();
  const elapsedMs: number[] = [];
  const startMs = performance.now();

  const { outcome } = waiting('exec:exit 1', {
    patienceMs: 10,
    signal: ended.signal,
    report: () => {
      elapsedMs.push(performance.now() - startMs);
      if (elapsedMs.length === 3) ended.abort();
    },
  });

  expect(await outcome).toBe('aborted');
  // On a busy machine a line may be late, but none comes early.
  expect(elapsedMs.map((ms, index) => ms >= 10 * 2 ** index - 1)).toEqual([true, true, true]);
});

test('a service that is not ready in time is overdue', async () => {
  const { outcome, reports } = waiting('exec:exit 1', { timeoutMs: 30 });

  expect(await outcome).toBe('overdue');
  expect(reports).toEqual(['not-ready-in-time']);
});

test('a caller that no longer waits is told so', async () => {
  const ended = new AbortController();
  const { outcome, reports } = waiting('exec:sleep 600', { signal: ended.signal });

  ended.abort();

  expect(await outcome).toBe('aborted');
  expect(reports).toEqual([]);
});
