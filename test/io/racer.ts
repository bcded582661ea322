// A process that races others for sockets: for each path that it is told it says whether it got it,
// and holds on to it until the next. It runs the built library, as the other processes of a host do.

import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

import { atEnd } from './world.ts';

const BUILT = join(import.meta.dirname, '../../dist/io/machine/sockets.js');

const SCRIPT = `
  import { createInterface } from 'node:readline';
  import { takeSocket } from '${BUILT}';
  let taken = null;
  for await (const path of createInterface({ input: process.stdin })) {
    taken?.close();
    taken = await takeSocket(path).catch((error) => ({ error, close: () => undefined }));
    console.log(taken.error?.message ?? 'won');
  }
`;

/** Another process that wants sockets. */
export interface Racer {
  /** Resolves with `won`, or with why not. */
  take(path: string): Promise<string>;
}

/** Starts one; it ends when the test does. */
export function startRacer(): Racer {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    process.execPath,
    ['--input-type=module', '--eval', SCRIPT],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  atEnd(() => child.kill('SIGKILL'));
  return {
    take: async (path) => {
      child.stdin.write(`${path}\n`);
      const line = (await lines.next()) as IteratorResult<string, undefined>;
      return line.value ?? 'the racer has ended';
    },
  };
}
