import { expect, test } from 'vitest';

import { isForegroundStat } from '../../src/sidecar/signals.ts';

test('a process is in the foreground when its group is the group of the terminal', () => {
  expect(isForegroundStat('12 (node) S 1 12 12 34816 12 4194304 0')).toBe(true);
  expect(isForegroundStat('12 (node) S 1 12 9 34816 77 4194304 0')).toBe(false);
});

test('a process without a terminal is in no foreground', () => {
  expect(isForegroundStat('12 (node) S 1 12 12 0 -1 4194304 0')).toBe(false);
});

test('a name with spaces and parentheses moves no field', () => {
  expect(isForegroundStat('12 (a (b) c) S 1 12 12 34816 12 4194304 0')).toBe(true);
});
