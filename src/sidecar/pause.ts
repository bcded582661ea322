// Waiting that can be called off, and its clock. The invariant: nothing here ever rejects, nor leaves
// a timer or a listener behind.

import { setTimeout as delay } from 'node:timers/promises';

/** Resolves to whether the whole pause went by before the signal aborted. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return delay(milliseconds, true, { signal }).catch(() => false);
}

/** Milliseconds of the clock of performance.now(), whose modules take a millisecond to load. */
export function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** Resolves when the signal has aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
