// How the program ends, by whichever way it was started. The invariant: every outcome ends in one
// exit code of the table; an uncaught error is a bug and ends the process at once; and a terminal
// that has gone away changes no exit code.

import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

import { EXIT_CODES } from '../exit-codes.ts';
import { failureOf, showFailure } from '../failure.ts';
import { beforeData, giveBackPipes, isLostTerminal, OutputError, whenWritten } from '../output.ts';

/** Handles unexpected ends. Returns a function that handles them no more. */
export function guardProcess(): () => void {
  process.on('exit', releaseLostTerminals);
  process.on('uncaughtException', endAtBug);
  const signals = DESCRIPTORS.some((descriptor) => isatty(descriptor)) ? END_SIGNALS : [];
  const leaveSignals = (): void => {
    for (const signal of signals) process.off(signal, endBySignal);
  };
  for (const signal of signals) process.on(signal, endBySignal);
  // They are for a command that waits. In a write that a terminal does not take none of them runs.
  beforeData(leaveSignals);
  return () => {
    process.off('exit', releaseLostTerminals);
    process.off('uncaughtException', endAtBug);
    leaveSignals();
  };
}

/** Shows an error that no command has caught. */
export function failProcess(error: unknown): void {
  const failure = failureOf(error);
  showFailure(failure, 'words');
  process.exitCode = failure.exit;
}

/** Ends once all is written: a connection that is still closing must not keep the shell waiting. */
export function endProcess(): void {
  whenWritten(() => process.exit());
}

function endAtBug(error: Error): void {
  const failure = failureOf(error);
  showFailure(failure, 'words');
  process.exit(error instanceof OutputError ? failure.exit : EXIT_CODES.bug.code);
}

/**
 * Ends by a signal that the command does not handle itself, as the system would. The handler that
 * Node.js has for it gives the terminals their settings back first, and aborts where one has gone.
 */
function endBySignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  giveBackPipes();
  process.off(signal, endBySignal);
  process.kill(process.pid, signal);
}

/**
 * Puts /dev/null in the place of a terminal that has gone. At its end Node.js 20 gives the
 * terminals of its start their settings back, and aborts where that fails.
 */
function releaseLostTerminals(): void {
  for (const descriptor of DESCRIPTORS) {
    if (!isLostTerminal(descriptor)) continue;
    closeSync(descriptor);
    // It takes the lowest number that is free: this one.
    openSync('/dev/null', 'r+');
  }
}

/** Node.js itself handles these, unless somebody else does. */
const END_SIGNALS = ['SIGINT', 'SIGTERM'] as const satisfies readonly NodeJS.Signals[];

const DESCRIPTORS = [0, 1, 2] as const;
