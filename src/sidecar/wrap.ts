// `register -- COMMAND`: the registrations live as long as the command and its services do. The
// invariant: the catalogue never keeps a service from running: every failure on its side is
// reported, and the command, its terminal and its exit status are as they would be without us.

import { constants } from 'node:os';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';

import { type HostCatalogue, openCatalogue } from './catalogue.ts';
import { START_FAILURES, startCommand, StartError } from './command.ts';
import { Shutdown } from './ending.ts';
import type { TellOperator } from './events.ts';
import { Evidence } from './evidence.ts';
import { Family } from './family.ts';
import { choosePorts, toldEnvironment, toldWords, withPorts } from './free-port.ts';
import { isIgnored } from './inherited.ts';
import { endLeftovers } from './leftovers.ts';
import { openRoster, type Roster } from './roster.ts';
import { checkServices } from './service.ts';
import type { SidecarOptions } from './sidecar-options.ts';
import { END_SIGNALS, onSignals, PASSED_SIGNALS } from './signals.ts';

/** The wrapped command, and how it ends. */
export interface WrapOptions extends SidecarOptions {
  readonly command: readonly string[];
  /** The line that was probably meant, if the command is not found. */
  readonly meant?: string | undefined;
  /** Between the deregistration and the signal. */
  readonly drainMs: number;
  /** Between the signal and SIGKILL; 0 for never. */
  readonly killAfterMs: number;
  /** Whether processes that the command leaves behind are ended as well. */
  readonly killsGroup: boolean;
}

/** Runs a command and resolves to its exit status. Rejects with RARANGI_USAGE. */
export async function wrap(options: WrapOptions): Promise<number> {
  const { areReread, pace, report } = options;
  const given = options.services();
  const chosen = await choosePorts(given);
  const services = withPorts(given, chosen);
  checkServices(services);
  const catalogue = openCatalogue(options.client, report);
  const family = new Family({ isKept: options.killsGroup });
  const evidence = new Evidence(family, report);
  const roster = openRoster({ catalogue, pace, report, evidence });
  const over = new AbortController();
  const ending = new Shutdown({ ...options, roster, over: over.signal });
  // Before there is a command: a signal without a handler would end us and leave it behind.
  const forget = onSignals([...END_SIGNALS, ...PASSED_SIGNALS], (signal) => {
    if (areReread && signal === 'SIGHUP') {
      roster.reset(() => withPorts(options.services(), chosen));
      return;
    }
    if (isIgnored(signal)) return;
    // A signal may come before the command is known to run; the order is kept.
    started.then(
      (command) => {
        ending.take(command, signal);
      },
      () => undefined,
    );
  });
  const started = evidence.gather(services).then(() =>
    startCommand(toldWords(options.command, chosen), {
      variables: { ...toldEnvironment(chosen), ...family.variables() },
      ownSession: family.hasOwnSession,
      withheld: OURS_ALONE,
    }),
  );
  let detail = 'the sidecar ended';
  try {
    const command = await started;
    family.isLedBy(command.pid);
    shield({ roster, catalogue, report });
    roster.set(services);
    void roster.overdue.then(() => {
      ending.take(command, 'SIGTERM');
    });
    const status = await command.exited;
    detail = statusText(status);
    return roster.isOverdue() ? START_FAILURES.own : status;
  } catch (error) {
    return statusOf(error, options);
  } finally {
    over.abort();
    const closed = Promise.race([close({ roster, catalogue }, detail), delay(CLOSE_MS_MAX)]);
    await turn();
    await endLeftovers({ ...options, family, hurry: ending.impatience });
    await closed;
    process.setUncaughtExceptionCaptureCallback(null);
    forget();
  }
}

function statusOf(error: unknown, { command, meant, report }: WrapOptions): number {
  if (!(error instanceof StartError)) throw error;
  const isMeant = meant !== undefined && error.status === START_FAILURES.notFound;
  const reason = isMeant ? `${error.message}; ${meant}` : error.message;
  report('command-not-started', { command: command[0] ?? '', reason });
  return error.status;
}

/** How the command ended, as the history tells it. */
function statusText(status: number): string {
  const signal = Object.entries(constants.signals).find(([, number]) => number === status - 128);
  return signal === undefined ? `exit status ${String(status)}` : `ended by ${signal[0]}`;
}

interface Open {
  readonly roster: Roster;
  readonly catalogue: HostCatalogue;
}

/** A bug of ours costs the registrations, never the command. */
function shield({ report, ...open }: Open & { readonly report: TellOperator }): void {
  process.setUncaughtExceptionCaptureCallback((error) => {
    report('catalogue-given-up', { reason: error.message });
    close(open, 'a bug of the sidecar').catch(() => undefined);
  });
}

async function close({ roster, catalogue }: Open, detail: string): Promise<void> {
  await roster.end({ logged: null, detail });
  await catalogue.close();
}

/** The command is gone already: its status does not wait for a server that does not answer. */
const CLOSE_MS_MAX = 500;

/** A sidecar within the command must not take them for its own. */
const OURS_ALONE = /^RARANGI_REGISTER_/;
