// Waiting that can be called off. The invariant: neither function ever rejects, and neither leaves a
// timer or a listener behind.

import { setTimeout as delay } from 'node:timers/promises';

/** Resolves to whether the whole pause went by before the signal aborted. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return delay(milliseconds, true, { signal }).catch(() => false);
}

/** Resolves when the signal has aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
