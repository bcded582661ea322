// The built program, or another, as a process: what it printed, how it ended, and lines as they come.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** The built program. */
export const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly ended: Promise<Ended>;
  /** Resolves with the first line, of either stream, that matches; rejects if none ever will. */
  readonly line: (pattern: RegExp) => Promise<string>;
}

/** Starts `rarangi`; a variable of the environment that is undefined is taken away. */
export function start(words: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
  return startWords([process.execPath, RUN, ...words], env);
}

/** Starts any program; it has our `descriptors` as its own, from 3 on. */
export function startWords(
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
  descriptors: readonly number[] = [],
): Program {
  const [file = '', ...rest] = words;
  const child = spawn(file, rest, {
    stdio: ['ignore', 'pipe', 'pipe', ...descriptors],
    env: { ...process.env, ...env },
  }) as Program['child'];
  const lines: string[] = [];
  let wake = (): void => undefined;
  let isOver = false;
  const texts = [child.stdout, child.stderr].map((stream) => {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      wake();
    });
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    return () => Buffer.concat(chunks).toString();
  });
  const ended = once(child, 'close').then(([code, signal]): Ended => {
    isOver = true;
    wake();
    const [stdout = '', stderr = ''] = texts.map((text) => text());
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, stdout, stderr };
  });
  const line = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = lines.find((text) => pattern.test(text));
      if (found !== undefined) return found;
      if (isOver) throw new Error(`no line like ${String(pattern)} in:\n${lines.join('\n')}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { child, ended, line };
}

/** Runs `rarangi` to its end. */
export function run(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return start(words, env).ended;
}
