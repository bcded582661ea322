// An alarm follows the moment that its core wants, with as few changes of the clock's as can be.

import { expect, test } from 'vitest';

import { Alarm } from '../../../src/io/machine/alarm.ts';

/** An alarm on a clock that is wound by hand. */
function wound() {
  const clock = { nowMs: 0, nextMs: Infinity, rings: [] as number[], settings: 0 };
  let set: { readonly atMs: number; readonly act: () => void } | null = null;
  const runtime = {
    nowMs: () => clock.nowMs,
    setAlarm: (atMs: number, act: () => void) => {
      clock.settings += 1;
      const mine = { atMs, act };
      set = mine;
      return () => {
        if (set === mine) set = null;
      };
    },
  };
  const ring = (): void => {
    clock.rings.push(clock.nowMs);
  };
  const alarm = new Alarm({ runtime, nextMs: () => clock.nextMs, ring });
  const want = (nextMs: number): void => {
    clock.nextMs = nextMs;
    alarm.arm();
  };
  /** Time passes, with all alarms on the way. */
  const pass = (untilMs: number): void => {
    while (set !== null && set.atMs <= untilMs) {
      const { atMs, act } = set;
      clock.nowMs = Math.max(clock.nowMs, atMs);
      set = null;
      act();
    }
    clock.nowMs = untilMs;
  };
  return { alarm, clock, want, pass, isSet: () => set !== null };
}

test('an earlier moment puts the alarm forward', () => {
  const { clock, want, pass } = wound();
  want(1_000);
  want(20);
  pass(30);

  expect(clock.rings).toEqual([20]);
});

test('a later moment leaves the alarm, which is set again when it comes', () => {
  const { clock, want, pass } = wound();
  want(20);
  want(1_000);
  expect(clock.settings).toBe(1);
  pass(999);
  expect(clock.rings).toEqual([]);
  pass(1_000);

  expect(clock.rings).toEqual([1_000]);
});

test('no moment is no alarm', () => {
  const { alarm, want, isSet } = wound();
  want(20);
  want(Infinity);
  expect(isSet()).toBe(false);
  want(20);
  alarm.disarm();

  expect(isSet()).toBe(false);
});
