// Chance in the simulated network: each way of each connection has its own.

import { expect, test } from 'vitest';
import { Clock } from './clock.ts';
import type { End, EndHandlers } from './network.ts';
import { Network } from './network.ts';
import { streamsOf } from './prng.ts';

const TRAITS = {
  delayMs: [1, 20],
  pieces: 0.5,
  bytesPerMs: 1_000,
  kernelBytes: 1_024,
} as const;
const DEAF: EndHandlers = {
  received: () => undefined,
  closed: () => undefined,
  drained: () => undefined,
};

/** When which pieces arrive at h2 from h1, while h3 sends so many messages to h2. */
function arrivals(othersCount: number): string[] {
  const clock = new Clock();
  const network = new Network(clock, streamsOf(7), TRAITS);
  const heard: string[] = [];
  const ears = (from: string): EndHandlers => ({
    ...DEAF,
    received: ({ length }) => {
      if (from === 'h1') heard.push(`${String(clock.nowMs)}: ${String(length)} bytes`);
    },
  });
  network.listen('h2:1', { isAlive: () => true, accept: (_, remote) => ears(remote) });
  const send = (from: string, count: number): void => {
    const opened = (end: End): EndHandlers => {
      for (let sent = 0; sent < count; sent += 1) network.write(end, new Uint8Array(100));
      return DEAF;
    };
    network.dial(from, 'h2:1', { opened, failed: () => undefined });
  };
  send('h3', othersCount);
  send('h1', 20);
  clock.run(10_000);
  return heard;
}

test('what one host sends changes nothing for what arrives from another', () => {
  const alone = arrivals(0);

  expect(alone.length).toBeGreaterThan(20);
  expect(arrivals(50)).toEqual(alone);
});
