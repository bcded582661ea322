// The signals that ask a command to end. The invariant: asked once, a command ends in order; the
// handlers are gone afterwards, so that a second signal ends it as the system would.

/** Aborts at SIGINT or SIGTERM. */
export function endSignal(): AbortSignal {
  const controller = new AbortController();
  const end = (): void => {
    for (const signal of END_SIGNALS) process.removeListener(signal, end);
    controller.abort();
  };
  for (const signal of END_SIGNALS) process.on(signal, end);
  return controller.signal;
}

const END_SIGNALS = ['SIGINT', 'SIGTERM'] as const;
