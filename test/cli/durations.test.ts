import { expect, test } from 'vitest';

import {
  durationText,
  inSeconds,
  parseDuration,
  parsePositiveDuration,
  withTypedDurations,
} from '../../src/cli/durations.ts';

test.each([
  ['500ms', 500],
  ['2s', 2000],
  ['1.5s', 1500],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['0', 0],
  ['0s', 0],
])('the duration %s is %d ms', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each(['5', '', 's', '-1s', '2 s', '1e3s', '1d', 'Infinity', '2S', '1h30m'])(
  'the text %j is no duration',
  (text) => {
    expect(() => parseDuration(text)).toThrow(/duration/);
  },
);

test('a bare number is told that it has no unit', () => {
  expect(() => parseDuration('5')).toThrow('duration "5" has no unit');
});

test('a duration longer than a timer can wait is refused', () => {
  expect(parseDuration('596h')).toBe(596 * 3_600_000);

  expect(() => parseDuration('597h')).toThrow(/more than 24 days/);
});

test('a duration that must be positive is not nought', () => {
  expect(() => parsePositiveDuration('0s')).toThrow(/more than 0/);
});

test('a duration is written in the largest unit that fits', () => {
  expect([0, 400, 1200, 2000, 300_000, 3_600_000].map(durationText)).toEqual([
    '0s',
    '400ms',
    '1200ms',
    '2s',
    '5m',
    '1h',
  ]);
});

test.each([
  [['db', '--wait=1.5s'], '1.5s'],
  [['db', '--wait', '1500ms'], '1500ms'],
  [['1000h', '1.2.3s', '--wait', '1500ms'], '1500ms'],
  [['db'], '1500ms'],
])('of the words %j the duration is said as it was typed', (words, typed) => {
  expect(withTypedDurations('no db within 1500 ms', words)).toBe(`no db within ${typed}`);
});

test('a message tells people seconds instead of thousands of milliseconds', () => {
  expect(inSeconds('runs 1000 ms, 1500 ms, 800 ms, 120000 ms')).toBe(
    'runs 1 s, 1.5 s, 800 ms, 120 s',
  );
});
