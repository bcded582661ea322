// The dials of many clients in one process to this host. While no server runs each client asks
// again and again whether one has come; of all that ask at once one dials, and the others wait for
// what it finds. The invariant: in the same turn a client that waits is told that no program
// listens there, or dials itself: any other failure may concern only the client that dialled, its
// secret or its trust.

import { hostIn, isLoopback } from './addresses.ts';
import type { Cancel, DialHandlers, Runtime } from './runtime.ts';

interface Waiting {
  /** Nobody is there. */
  readonly fail: DialHandlers['failed'];
  /** Somebody may be: it sees for itself. */
  readonly dial: () => void;
}

/** What is dialled just now, and who waits for it. */
const SEARCHES = new Map<string, Set<Waiting>>();

/** The same runtime, whose dials to this host are shared by the whole process. */
export function withScouts(runtime: Runtime): Runtime {
  return {
    ...runtime,
    dial: (address, handlers) => {
      const waiting = SEARCHES.get(address);
      if (waiting !== undefined)
        return waitFor(waiting, () => runtime.dial(address, handlers), handlers);
      return isOfThisHost(address)
        ? scout(address, handlers, runtime)
        : runtime.dial(address, handlers);
    },
  };
}

function scout(address: string, handlers: DialHandlers, runtime: Runtime): Cancel {
  const waiting = new Set<Waiting>();
  SEARCHES.set(address, waiting);
  const release = (tell: (one: Waiting) => void): void => {
    if (SEARCHES.get(address) === waiting) SEARCHES.delete(address);
    for (const one of waiting) {
      waiting.delete(one);
      tell(one);
    }
  };
  const letGo = (): void => {
    release(({ dial }) => {
      dial();
    });
  };
  const cancel = runtime.dial(address, {
    opened: (connection) => {
      letGo();
      return handlers.opened(connection);
    },
    failed: (reason, isDeserted = false) => {
      release(({ fail, dial }) => {
        if (isDeserted) fail(reason, true);
        else dial();
      });
      handlers.failed(reason, isDeserted);
    },
    refused: (reason) => {
      letGo();
      handlers.refused(reason);
    },
  });
  return () => {
    cancel();
    letGo();
  };
}

function waitFor(
  waiting: Set<Waiting>,
  dial: () => Cancel,
  { failed }: Pick<DialHandlers, 'failed'>,
): Cancel {
  let cancel: Cancel = () => {
    waiting.delete(one);
  };
  const one: Waiting = {
    fail: failed,
    dial: () => {
      cancel = dial();
    },
  };
  waiting.add(one);
  return () => {
    cancel();
  };
}

function isOfThisHost(address: string): boolean {
  return address.includes('/') || isLoopback(hostIn(address).replace(/^\[|\]$/g, ''));
}
