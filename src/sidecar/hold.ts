// `register` without a command: the registrations live as long as this process. The invariant: when
// it is asked to end, it ends after the servers of the host have removed the offers.

import { RarangiError } from '../index.ts';
import type { RefusedByAll } from './catalogue.ts';
import { openCatalogue } from './catalogue.ts';
import { withPorts } from './free-port.ts';
import { isIgnored } from './inherited.ts';
import { openRoster } from './roster.ts';
import type { SidecarOptions } from './sidecar-options.ts';
import { END_SIGNALS, onSignals } from './signals.ts';

/**
 * Registers the services that are ready and holds them until SIGINT or SIGTERM. Rejects with
 * RARANGI_REFUSED when every server refuses, with RARANGI_TIMEOUT when a service is not ready in
 * time, with RARANGI_USAGE when an offer is none.
 */
export async function hold(options: SidecarOptions): Promise<void> {
  const { areReread, pace, report } = options;
  const read = () => withPorts(options.services(), []);
  const services = read();
  const catalogue = openCatalogue(options.client, report);
  const roster = openRoster({ catalogue, pace, report });
  // Between two attempts at a connection nothing else may keep the process.
  const awake = setInterval(() => undefined, AWAKE_MS);
  const { asked, forget } = awaitEnd();
  let detail = 'the sidecar ended';
  const forgetReread = onSignals(areReread ? ['SIGHUP'] : [], () => {
    roster.reset(read);
  });
  try {
    roster.set(services);
    const outcome = await Promise.race([
      asked,
      catalogue.refusedByAll.then(refusal),
      roster.overdue.then(lateness),
    ]);
    if (outcome instanceof RarangiError) throw outcome;
    detail = `${outcome} to the sidecar`;
  } finally {
    forget();
    forgetReread();
    await roster.end({ logged: null, detail });
    await catalogue.close();
    clearInterval(awake);
  }
}

function awaitEnd(): { readonly asked: Promise<NodeJS.Signals>; readonly forget: () => void } {
  let forget = (): void => undefined;
  const asked = new Promise<NodeJS.Signals>((resolve) => {
    forget = onSignals(END_SIGNALS, (signal) => {
      if (!isIgnored(signal)) resolve(signal);
    });
  });
  return { asked, forget };
}

function refusal({ reason, hint }: RefusedByAll): RarangiError {
  return new RarangiError('RARANGI_REFUSED', `every server refused: ${reason}`, { hint });
}

function lateness(service: string): RarangiError {
  return new RarangiError('RARANGI_TIMEOUT', `${service} was not ready in time`, {
    hint: 'see why the service does not answer, or give it a longer --ready-timeout',
  });
}

const AWAKE_MS = 60_000;
