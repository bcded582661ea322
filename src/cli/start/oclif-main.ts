// Every command, with oclif around it. The invariant: every outcome is shown and ends in one exit
// code. The commands that are started most often have a shorter way: lean-main.ts.

import { Config, run } from '@oclif/core';

import { meantWords } from '../mistakes.ts';
import { watchStreams } from '../output.ts';
import { endProcess, failProcess, guardProcess } from './process-end.ts';

/** Runs the program. */
export async function runAll(): Promise<void> {
  guardProcess();
  // oclif writes its help itself.
  const checkWritten = watchStreams();
  try {
    const config = await Config.load(import.meta.url);
    await run(meantWords(process.argv.slice(2), config.commandIDs), config);
    checkWritten();
  } catch (error) {
    failProcess(error);
  }
  endProcess();
}
