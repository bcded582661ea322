// The way in and the only way out. The invariant: whatever happens ends in one exit code of the
// table; a reader that went away (`rarangi lookup | head`) is no error; what nobody caught is a
// bug and ends the process at once.

import { run } from '@oclif/core';

import { EXIT_CODES } from './exit-codes.ts';
import { failureOf, showFailure } from './failure.ts';

/** Runs the program; `origin` is the URL of the file that was started. */
export async function main(origin: string): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', leaveQuietly);
  process.on('uncaughtException', (error) => {
    showFailure(failureOf(error), 'words');
    process.exit(EXIT_CODES.bug.code);
  });
  try {
    await run(process.argv.slice(2), origin);
  } catch (error) {
    const failure = failureOf(error);
    showFailure(failure, 'words');
    process.exitCode = failure.exit;
  }
  // A connection that is still closing must not keep the shell waiting.
  process.stdout.write('', () => process.exit());
}

function leaveQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit();
  throw error;
}
