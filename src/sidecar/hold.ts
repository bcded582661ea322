// `register` without a command: the registration lives as long as this process. The invariant:
// whoever asked it to end sees it end after the servers of the host have let the offer go.

import { RarangiError } from '../index.ts';
import { openCatalogue, type SidecarOptions } from './catalogue.ts';
import { END_SIGNALS, onSignals } from './signals.ts';

/**
 * Registers at once and holds it until SIGINT or SIGTERM. Rejects with RARANGI_REFUSED when every
 * server refuses, with RARANGI_USAGE when the offer is none.
 */
export async function hold(options: SidecarOptions): Promise<void> {
  const catalogue = openCatalogue(options);
  // Between two attempts at a connection nothing else may keep the process.
  const awake = setInterval(() => undefined, AWAKE_MS);
  let forget = (): void => undefined;
  const asked = new Promise<null>((resolve) => {
    forget = onSignals(END_SIGNALS, () => {
      resolve(null);
    });
  });
  try {
    catalogue.register();
    const reason = await Promise.race([asked, catalogue.refusedByAll]);
    if (reason !== null) throw refusal(options.offer.name, reason);
  } finally {
    forget();
    await catalogue.close();
    clearInterval(awake);
  }
}

function refusal(service: string, reason: string): RarangiError {
  return new RarangiError('RARANGI_REFUSED', `every server refused ${service}: ${reason}`);
}

const AWAKE_MS = 60_000;
