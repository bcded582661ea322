// Figures that tests print and never judge: they depend on the machine.

import { toldAt } from './views.ts';
import type { Server } from './shapes.ts';

/** Prints after how long the first and the last of these servers told of a change. */
export function printDelays(
  what: string,
  servers: readonly Server[],
  { change, sinceMs }: { readonly change: string; readonly sinceMs: number },
): void {
  const delays = servers
    .flatMap((server) => toldAt(server, sinceMs).find((told) => told.what === change) ?? [])
    .map(({ atMs }) => atMs - sinceMs);
  const [first, last] = [Math.min(...delays), Math.max(...delays)].map((ms) => ms.toFixed(0));
  process.stderr.write(`    ${what} after ${first} to ${last} ms at ${delays.length} servers\n`);
}
