// The rounds of connecting, registering, resolving and closing, in a process of their own.

import { join } from 'node:path';

import { startServer } from '../io/world.ts';
import type { Stage } from '../support/processes.ts';
import { ROOT } from './programs.ts';

/** The memory of a process at one moment. */
interface Measured {
  readonly handles: readonly string[];
  readonly heapBytes: number;
}

/** Plays so many rounds; returns the memory after the first tenth of them, and at the end. */
export async function playRounds(
  stage: Stage,
  rounds: number,
): Promise<{ readonly before: Measured; readonly after: Measured }> {
  const server = await startServer({ bind: `${stage.address()}:0` });
  const program = join(ROOT, 'test/examples/rounds.js');
  const words = [process.execPath, '--expose-gc', program, 'testing', server.bound, String(rounds)];
  const { stdout, stderr, code } = await stage.spawn(words).ended;
  if (code !== 0) throw new Error(`exit ${code}: ${stderr}`);
  return JSON.parse(stdout) as { before: Measured; after: Measured };
}
