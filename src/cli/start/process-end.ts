// How the program ends, by whichever way it was started. The invariant: every outcome ends in one
// exit code of the table; an uncaught error is a bug and ends the process at once; and a terminal
// that has gone away changes no exit code.

import { closeSync, fstatSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

import { EXIT_CODES } from '../exit-codes.ts';
import { failureOf, showFailure } from '../failure.ts';
import { OutputError, whenWritten } from '../output.ts';

/** Handles unexpected ends. */
export function guardProcess(): void {
  process.on('exit', releaseLostTerminals);
  process.on('uncaughtException', (error) => {
    const failure = failureOf(error);
    showFailure(failure, 'words');
    process.exit(error instanceof OutputError ? failure.exit : EXIT_CODES.bug.code);
  });
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

/**
 * Puts /dev/null in the place of a terminal that has gone. At its end Node.js 20 gives the
 * terminals of its start their settings back, and aborts where that fails.
 */
function releaseLostTerminals(): void {
  for (const descriptor of [0, 1, 2]) {
    if (!isLostTerminal(descriptor)) continue;
    closeSync(descriptor);
    // It takes the lowest number that is free: this one.
    openSync('/dev/null', 'r+');
  }
}

/** A device that is no terminal was one, or is as good as /dev/null to a process that has ended. */
function isLostTerminal(descriptor: number): boolean {
  try {
    const found = fstatSync(descriptor);
    return found.isCharacterDevice() && found.rdev !== NULL_DEVICE && !isatty(descriptor);
  } catch {
    // It was closed.
    return false;
  }
}

/** The number that Linux gives to /dev/null, which needs no looking at. */
const NULL_DEVICE = 0x103;
