// `status --wait`: asks again until all is well or the time is over. The invariant: it asks again
// for errors that time may mend, such as a server that has not started yet; any other error ends
// it.

import { setTimeout as delay } from 'node:timers/promises';

import { type ClientOptions, RarangiError, status, type StatusReport } from '../index.ts';

/** Whether the wait is over: all is healthy, and the view is complete. */
export function isWell({ state, complete }: StatusReport): boolean {
  return state === 'healthy' && complete;
}

/** The first report by which all is well, or the last one. Rejects as `status` does. */
export async function untilWell(options: ClientOptions, waitMs: number): Promise<StatusReport> {
  const endMs = performance.now() + waitMs;
  let last: StatusReport | null = null;
  for (;;) {
    try {
      last = await status(options);
      if (isWell(last)) return last;
    } catch (error) {
      if (!(error instanceof RarangiError) || !error.retryable) throw error;
      if (performance.now() >= endMs && last === null) throw timedOut(error, waitMs);
    }
    const leftMs = endMs - performance.now();
    if (leftMs <= 0 && last !== null) return last;
    await delay(Math.max(0, Math.min(AGAIN_MS, leftMs)));
  }
}

function timedOut(error: RarangiError, waitMs: number): RarangiError {
  const message = `no server has answered within ${String(waitMs)} ms: ${error.message}`;
  return new RarangiError('RARANGI_TIMEOUT', message, { hint: error.hint, cause: error });
}

/** The time between two questions. */
const AGAIN_MS = 250;
