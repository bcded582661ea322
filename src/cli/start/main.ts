// The way in for every command that the short way of lean-main.ts does not take. The invariant: oclif
// is loaded only after it has been given the home and the shell that it asks the system for.

import { standInForUser } from './user.ts';

/** Runs the program. */
export async function main(): Promise<void> {
  standInForUser();
  const { runAll } = await import('./oclif-main.ts');
  await runAll();
}
