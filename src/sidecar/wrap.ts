// `register -- COMMAND`: the registration lives as long as the command and its port do. The
// invariant: the catalogue never keeps a service from running: whatever fails on its side is
// reported, and the command, its terminal and its exit status are as they would be without us.

import { setTimeout as delay } from 'node:timers/promises';

import { openCatalogue, type Catalogue, type SidecarOptions } from './catalogue.ts';
import { startCommand, StartError } from './command.ts';
import { Ending } from './ending.ts';
import { portAccepts } from './port-probe.ts';
import { END_SIGNALS, onSignals, PASSED_SIGNALS } from './signals.ts';

/** What is wrapped, and how it ends. */
export interface WrapOptions extends SidecarOptions {
  readonly command: readonly string[];
  /** Between the deregistration and the signal. */
  readonly drainMs: number;
  /** Between the signal and SIGKILL; 0 for never. */
  readonly killAfterMs: number;
}

/** Runs a command and resolves to its exit status. Rejects with RARANGI_USAGE. */
export async function wrap(options: WrapOptions): Promise<number> {
  const catalogue = openCatalogue(options);
  const over = new AbortController();
  const ending = new Ending({ ...options, catalogue, over: over.signal });
  // Before there is a command: a signal that nobody takes would end us and leave it behind.
  const forget = onSignals([...END_SIGNALS, ...PASSED_SIGNALS], (signal) => {
    // A signal may come before the command is known to run; the order is kept.
    started.then(
      (command) => {
        ending.take(command, signal);
      },
      () => undefined,
    );
  });
  const started = startCommand(options.command);
  try {
    const command = await started;
    shield(catalogue, options);
    void registerWhenReady(catalogue, options, AbortSignal.any([over.signal, ending.begun]));
    return await command.exited;
  } catch (error) {
    return statusOf(error, options);
  } finally {
    over.abort();
    await Promise.race([catalogue.close(), delay(CLOSE_MS_MAX)]);
    process.setUncaughtExceptionCaptureCallback(null);
    forget();
  }
}

function statusOf(error: unknown, { command, report }: WrapOptions): number {
  if (!(error instanceof StartError)) throw error;
  report('command-not-started', { command: command[0] ?? '', reason: error.message });
  return error.status;
}

/** A bug of ours costs the registration, never the command. */
function shield(catalogue: Catalogue, { offer, report }: WrapOptions): void {
  process.setUncaughtExceptionCaptureCallback((error) => {
    report('catalogue-given-up', { service: offer.name, reason: error.message });
    catalogue.close().catch(() => undefined);
  });
}

async function registerWhenReady(
  catalogue: Catalogue,
  { offer, report }: WrapOptions,
  signal: AbortSignal,
): Promise<void> {
  const patience = setTimeout(() => {
    report('port-awaited', { service: offer.name, port: offer.port });
  }, PATIENCE_MS);
  const isReady = await portAccepts(offer, signal);
  clearTimeout(patience);
  if (isReady) catalogue.register();
}

/** The command is gone already: its status is not kept back for a server that does not answer. */
const CLOSE_MS_MAX = 500;
const PATIENCE_MS = 10_000;
