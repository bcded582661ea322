// The output of commands: data on stdout, all else on stderr. Each text is written straight to its
// descriptor: making streams of both takes Node.js longer than a lookup takes, and a stream does
// not notice that a disk is full. The invariant: nothing is lost without an OutputError, and the
// order stays: once a non-blocking pipe is full, the stream gets the rest and all that follows. A
// reader that went away (`rarangi lookup | head`), or a terminal, is no error.

import { fstatSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

import { harmless } from './harmless.ts';
import type { Screen } from './theme.ts';

/** Where a text goes. */
export type Output = 'stdout' | 'stderr';

/** Data could not be written to stdout. The message says why. */
export class OutputError extends Error {
  override readonly name = 'OutputError';

  /** `to` names the output that failed, for people. */
  constructor(cause: NodeJS.ErrnoException, to = 'stdout') {
    super(`cannot write to ${to}: ${reasonOf(cause)}`, { cause });
  }
}

/** What the system says: of `ENOSPC: no space left on device, write` the words between. */
export function reasonOf({ message }: Error): string {
  return /^E[A-Z0-9]+: (.+), \w+( '.*')?$/s.exec(message)?.[1] ?? message;
}

/** Writes a text. Throws OutputError. */
export function write(output: Output, text: string): void {
  if (output === 'stdout') onData();
  const shown = harmless(text);
  if (STREAMED.has(output)) {
    process[output].write(shown);
    return;
  }
  if (output === 'stdout' && isStdoutClosed()) {
    throw new OutputError(new Error('EBADF: it is closed, write'));
  }
  let left = Buffer.from(shown);
  try {
    while (left.length > 0) {
      const written = writeSync(DESCRIPTORS[output], left);
      if (written === left.length) return;
      left = left.subarray(written);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') streamOf(output).write(left);
    else giveUp(output, error as NodeJS.ErrnoException);
  }
}

/** Calls back before data is written: a terminal that nobody reads may keep the program in that. */
export function beforeData(act: () => void): void {
  onData = act;
}

let onData = (): void => undefined;

/** The stream of an output, for drawing on a terminal; later texts go through it. */
export function streamOf(output: Output): NodeJS.WriteStream {
  const stream = process[output];
  if (!STREAMED.has(output)) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      giveUp(output, error);
    });
  }
  STREAMED.add(output);
  return stream;
}

/**
 * From now on the output of libraries to process.stdout and process.stderr is written like our own:
 * a stream of a file reports success for bytes that a full disk did not take. Returns a function
 * that throws the first OutputError; it is not thrown into the libraries, because console.log would
 * drop it.
 */
export function watchStreams(): () => void {
  let failed: unknown = null;
  for (const output of ['stdout', 'stderr'] as const) {
    const isDevice = fstatSync(DESCRIPTORS[output]).isCharacterDevice() && !isTerminal(output);
    if (!isDevice && !fstatSync(DESCRIPTORS[output]).isFile()) {
      streamOf(output);
      continue;
    }
    process[output].write = (text: string | Uint8Array) => {
      try {
        write(output, typeof text === 'string' ? text : Buffer.from(text).toString());
      } catch (error) {
        failed ??= error;
      }
      return true;
    };
  }
  return () => {
    if (failed !== null) throw failed as OutputError;
  };
}

/** The terminal behind an output; asks for no stream where there is none. */
export function screenOf(output: Output): Screen {
  return isTerminal(output) ? streamOf(output) : {};
}

/** Whether an output is a terminal. Avoids node:tty, which loads slowly. */
export function isTerminal(output: Output): boolean {
  const descriptor = DESCRIPTORS[output];
  return fstatSync(descriptor).isCharacterDevice() && isatty(descriptor);
}

/** Whether a descriptor was that of a terminal that has gone: nobody reads it any more. */
export function isLostTerminal(descriptor: number): boolean {
  try {
    const found = fstatSync(descriptor);
    // A device that is none was one, or is as good as /dev/null to a process that has ended.
    return found.isCharacterDevice() && found.rdev !== NULL_DEVICE && !isatty(descriptor);
  } catch {
    // It was closed.
    return false;
  }
}

/** Lets the pipes that streams have opened wait again: other processes may share them. */
export function giveBackPipes(): void {
  for (const output of STREAMED) {
    // Node.js does it at its own ends, and has no call for it.
    const { _handle: handle } = process[output] as unknown as { readonly _handle?: PipeHandle };
    handle?.setBlocking?.(true);
  }
}

/** The part of the handle below a stream that we use. */
interface PipeHandle {
  readonly setBlocking?: (isBlocking: boolean) => void;
}

/** Calls back when all output to stdout is written. */
export function whenWritten(then: () => void): void {
  if (STREAMED.has('stdout')) process.stdout.write('', then);
  else then();
}

/** Whether the program was started without a stdout; bin/run.js has found out. */
function isStdoutClosed(): boolean {
  const start: unknown = Reflect.get(globalThis, Symbol.for('rarangi.start'));
  return (start as { readonly isStdoutClosed?: boolean } | undefined)?.isStdoutClosed === true;
}

/**
 * A reader that went away ends the program quietly, and so does the terminal at stdout; if stderr
 * has gone, there is nobody to tell.
 */
function giveUp(output: Output, error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit();
  if (output === 'stderr') return;
  if (error.code === 'EIO' && isLostTerminal(DESCRIPTORS.stdout)) process.exit();
  throw new OutputError(error);
}

/** The number that Linux gives to /dev/null, which needs no looking at. */
const NULL_DEVICE = 0x103;

const DESCRIPTORS = { stdout: 1, stderr: 2 } as const satisfies Record<Output, number>;

/** Outputs whose stream is in use. */
const STREAMED = new Set<Output>();
