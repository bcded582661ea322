// How the program ends, whichever way it came in. The invariant: whatever happens ends in one exit
// code of the table; what nobody caught is a bug and ends the process at once.

import { EXIT_CODES } from '../exit-codes.ts';
import { failureOf, showFailure } from '../failure.ts';
import { OutputError, whenWritten } from '../output.ts';

/** Sees to the ends that nobody asked for. */
export function guardProcess(): void {
  process.on('uncaughtException', (error) => {
    const failure = failureOf(error);
    showFailure(failure, 'words');
    process.exit(error instanceof OutputError ? failure.exit : EXIT_CODES.bug.code);
  });
}

/** Shows what no command has caught. */
export function failProcess(error: unknown): void {
  const failure = failureOf(error);
  showFailure(failure, 'words');
  process.exitCode = failure.exit;
}

/** Ends once all is written: a connection that is still closing must not keep the shell waiting. */
export function endProcess(): void {
  whenWritten(() => process.exit());
}
