// Whether a command of the shell says that all is well: exit status 0. The invariant: it never
// touches the terminal, stdin or stdout of the wrapped command. It leads a process group of its
// own, and when its time is over it is ended, with all that it has started.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/** What is run, for the service at which port. */
export interface ProbeCommand {
  readonly command: string;
  readonly port: number;
}

/** Runs it once: null when it exits with 0, else what is wrong. Never rejects. */
export function askCommand(
  { command, port }: ProbeCommand,
  signal: AbortSignal,
): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', command], {
      detached: true,
      env: { ...process.env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lastLine = lastLineOf([child.stdout, child.stderr]);
    const end = (): void => {
      killGroup(child);
    };
    signal.addEventListener('abort', end, { once: true });
    const settle = (reason: string | null): void => {
      signal.removeEventListener('abort', end);
      // A process that it left running may hold the pipes.
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      resolve(reason);
    };
    child.once('error', ({ message }) => settle(message));
    child.once('exit', (status, by) => {
      if (signal.aborted) settle('it took too long');
      else if (status === 0) settle(null);
      else settle(`${by ?? `exit status ${String(status)}`}${lastLine()}`);
    });
  });
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}

/** Its last line most likely says what is wrong. */
function lastLineOf(streams: readonly Readable[]): () => string {
  let text = '';
  for (const stream of streams) {
    stream.on('data', (chunk: Buffer) => {
      text = `${text}${chunk.toString()}`.slice(-LINE_CHARACTERS_MAX);
    });
  }
  return () => {
    const line = text.trimEnd().split('\n').at(-1) ?? '';
    return line === '' ? '' : `: ${line}`;
  };
}

const LINE_CHARACTERS_MAX = 200;
