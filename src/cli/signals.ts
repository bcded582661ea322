// The signals that ask a command to end. The invariant: asked once or often, a command ends once and
// in order. The handlers stay: libraries that see the last one go would end the process themselves,
// and under npm a Ctrl-C comes twice.

import { readerGone } from './reader.ts';

/** Aborts at SIGINT or SIGTERM. */
export function endSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      controller.abort();
    });
  }
  return controller.signal;
}

/**
 * The same, and when no process reads stdout any more: a command that only prints need not go on.
 */
export function endOfInterest(): AbortSignal {
  return AbortSignal.any([endSignal(), readerGone()]);
}
