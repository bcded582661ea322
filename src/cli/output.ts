// What commands print: data on stdout, all else on stderr, each text written straight to its
// descriptor, for to make streams of both takes Node.js longer than a lookup takes. The invariant:
// nothing is lost and nothing overtakes: once a pipe is full, and whoever made it wants nobody to
// wait there, the stream has what is left and all that follows. A reader that went away (`rarangi
// lookup | head`) is no error.

import { fstatSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

import type { Screen } from './theme.ts';

/** Where a text goes. */
export type Output = 'stdout' | 'stderr';

/** Writes a text. */
export function write(output: Output, text: string): void {
  if (STREAMED.has(output)) {
    process[output].write(text);
    return;
  }
  let left = Buffer.from(text);
  try {
    while (left.length > 0) {
      const written = writeSync(DESCRIPTORS[output], left);
      if (written === left.length) return;
      left = left.subarray(written);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') streamOf(output).write(left);
    else leaveQuietly(error as NodeJS.ErrnoException);
  }
}

/** The stream of an output, for whoever draws on a terminal; what is written follows on it. */
export function streamOf(output: Output): NodeJS.WriteStream {
  const stream = process[output];
  if (!STREAMED.has(output)) stream.on('error', leaveQuietly);
  STREAMED.add(output);
  return stream;
}

/** What an output is to people who look at it; asks for no stream where it is no terminal. */
export function screenOf(output: Output): Screen {
  return isTerminal(output) ? streamOf(output) : {};
}

/** Whether somebody looks at an output. Asks no more than it takes, for node:tty loads slowly. */
export function isTerminal(output: Output): boolean {
  const descriptor = DESCRIPTORS[output];
  return fstatSync(descriptor).isCharacterDevice() && isatty(descriptor);
}

/** Calls back when all that went to stdout is written. */
export function whenWritten(then: () => void): void {
  if (STREAMED.has('stdout')) process.stdout.write('', then);
  else then();
}

function leaveQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit();
  throw error;
}

const DESCRIPTORS = { stdout: 1, stderr: 2 } as const satisfies Record<Output, number>;

/** Outputs whose stream is in use. */
const STREAMED = new Set<Output>();
