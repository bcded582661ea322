// The way in for commands that shells start by the hundred: the same commands, without oclif around
// them. .ci/bundle.mjs makes one file of each. The invariant: either the command has run to its
// end, or nothing has happened and the next way in is tried.

import type { Command } from './lean-oclif.ts';
import { Declined } from './lean-oclif.ts';
import { endProcess, failProcess, guardProcess } from './process-end.ts';

type CommandClass = Pick<typeof Command, 'id'> & (new (words: string[]) => Command);

/** Runs a command with these words. Resolves to false, with nothing done, if it declines them. */
export async function runLean(
  command: CommandClass,
  { id, words }: { readonly id: string; readonly words: string[] },
): Promise<boolean> {
  command.id = id;
  const release = guardProcess();
  try {
    await new command(words).runToEnd();
  } catch (error) {
    if (error instanceof Declined) {
      release();
      return false;
    }
    failProcess(error);
  }
  endProcess();
  return true;
}
