// How long to wait: within which bounds, and when to begin again.

import { expect, test } from 'vitest';
import { Backoff, BACKOFF_CAP_ISOLATED_MS, BACKOFF_CAP_MS } from '../../../src/core/kit/backoff.ts';

const almostOne = () => 1 - 2 ** -53;

test('[R46] the first delay is a quarter of a second at most, and each next one twice that', () => {
  const backoff = new Backoff(almostOne);

  const delays = [1, 2, 3, 4].map(() => Math.round(backoff.nextDelayMs()));

  expect(delays).toEqual([250, 500, 1_000, 2_000]);
});

test('a delay may be nothing at all: full jitter', () => {
  const backoff = new Backoff(() => 0);

  expect(backoff.nextDelayMs()).toBe(0);
});

test('[R46] no delay is longer than the cap, however often a dial has failed', () => {
  const backoff = new Backoff(almostOne);
  for (let tries = 0; tries < 2_000; tries += 1) backoff.nextDelayMs();

  expect(Math.round(backoff.nextDelayMs())).toBe(BACKOFF_CAP_MS);
});

test('a cap for this once leaves the next delay alone', () => {
  const backoff = new Backoff(almostOne);
  for (let tries = 0; tries < 20; tries += 1) backoff.nextDelayMs();

  expect(Math.round(backoff.nextDelayMs(BACKOFF_CAP_ISOLATED_MS))).toBe(BACKOFF_CAP_ISOLATED_MS);
  expect(Math.round(backoff.nextDelayMs())).toBe(BACKOFF_CAP_MS);
});

test('after a reset the delays begin again', () => {
  const backoff = new Backoff(almostOne);
  for (let tries = 0; tries < 9; tries += 1) backoff.nextDelayMs();

  backoff.reset();

  expect(Math.round(backoff.nextDelayMs())).toBe(250);
});
