// How many files this process may open, and how many of them are for connections. The invariant:
// the server runs into its own limits, which send a stranger away and say so, before it runs into
// the kernel's, at which connections are closed without a word.

import { readFileSync } from 'node:fs';

import { LIMITS } from '../../core/server/limits.ts';
import type { ServerOptions } from '../../core/server/options.ts';

type Limits = NonNullable<ServerOptions['limits']>;

/** The kernel's limit for this process; Infinity where it cannot be asked. Node.js has raised it. */
export function openFilesMax(): number {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return line === null ? Infinity : Number(line[1]);
  } catch {
    // No Linux, or no /proc: the operator's numbers count.
    return Infinity;
  }
}

/** The limits, as far as there are files for them. */
export function limitsWithin(
  filesMax: number,
  limits: Limits,
): Limits & { readonly connections: number; readonly strangers: number } {
  const free = Math.max(2, filesMax - FILES_RESERVED);
  const strangers = Math.min(LIMITS.strangers.max, Math.ceil(free / 3));
  const connections = Math.min(limits.connections ?? LIMITS.connections.max, free - strangers);
  return { ...limits, connections, strangers };
}

/** For links that we dial, the sockets that listen, and Node.js itself. */
const FILES_RESERVED = 64;
