// Whether a server greets in time, in virtual time.

import { expect, test } from 'vitest';

import { environmentAt } from '../../../src/io/machine/greeting.ts';

const LIMIT_MS = 250;

/** An address at which nothing is said; the alarm rings when it is told to. */
function silence() {
  let nowMs = 0;
  const alarms: { readonly atMs: number; readonly ring: () => void }[] = [];
  const runtime = {
    nowMs: () => nowMs,
    dial: () => () => undefined,
    setAlarm: (atMs: number, ring: () => void) => {
      alarms.push({ atMs, ring });
      return () => undefined;
    },
  };
  return {
    runtime,
    alarms,
    /** The last alarm rings so late. */
    ring: (lateMs: number): void => {
      const { atMs, ring } = alarms.at(-1)!;
      nowMs = atMs + lateMs;
      ring();
    },
  };
}

test('a server that says nothing for the limit is no environment', async () => {
  const { runtime, ring } = silence();

  const found = environmentAt('10.0.0.1:17310', { runtime, limitMs: LIMIT_MS });
  ring(0);

  expect(await found).toBeNull();
});

test('time in which this process did not run is not counted as silence', async () => {
  const { runtime, alarms, ring } = silence();

  const found = environmentAt('10.0.0.1:17310', { runtime, limitMs: LIMIT_MS });
  ring(3_000);
  expect(alarms.map(({ atMs }) => atMs)).toEqual([LIMIT_MS, 2 * LIMIT_MS + 3_000]);
  ring(0);

  expect(await found).toBeNull();
});
