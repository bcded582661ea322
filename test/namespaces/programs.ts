// Programs that outlive a single test, and their lines with times. The invariant: they end with the
// process that started them, even if that is killed (the kernel sees to it), so no failure of a
// test leaves anything running.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** The built program. */
export const RARANGI = [process.execPath, join(import.meta.dirname, '../../bin/run.js')] as const;

/** The library, as it is built. */
export const LIBRARY = join(import.meta.dirname, '../../dist/index.js');

/** The words before the text of a program for Node.js. */
export const NODE_SCRIPT = [process.execPath, '--input-type=module', '--eval'] as const;

/** The words before a program that make it end with its parent. */
export const TIED = ['setpriv', '--pdeathsig=KILL', '--'] as const;

/** A JSON object that a program wrote on a line of its own. */
export interface Said {
  /** On the clock of `performance.now()`. */
  readonly atMs: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that was started. */
export interface Program {
  readonly pid: number;
  /** Its lines on stdout or stderr so far, in order. */
  readonly said: readonly Said[];
  readonly ended: Promise<Ended>;
  isOver(): boolean;
  /** Writes a line to its stdin. */
  type(line: string): void;
  signal(signal: NodeJS.Signals): void;
}

/** Starts a program. */
export function startProgram(words: readonly string[]): Program {
  const [program, ...rest] = [...TIED, ...words];
  const child = spawn(program, rest, { env: { ...process.env, NO_COLOR: '1' } });
  const said: Said[] = [];
  const stdout = collect(child.stdout, said);
  const stderr = collect(child.stderr, said);
  child.stdin.on('error', () => undefined);
  const ended = new Promise<Ended>((resolve) => {
    child.on('error', (error) => {
      resolve({ code: null, stdout: '', stderr: String(error) });
    });
    child.on('close', (code) => {
      resolve({ code, stdout: stdout(), stderr: stderr() });
    });
  });
  return {
    pid: child.pid ?? 0,
    said,
    ended,
    isOver: () => child.exitCode !== null || child.signalCode !== null,
    type: (line) => child.stdin.write(`${line}\n`),
    signal: (name) => child.kill(name),
  };
}

/** Runs a program to its end. Rejects unless it ends with 0. */
export async function runProgram(words: readonly string[]): Promise<void> {
  const { code, stderr } = await startProgram(words).ended;
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${String(code)}: ${stderr}`);
}

function collect(stream: Readable, said: Said[]): () => string {
  const lines: string[] = [];
  createInterface({ input: stream }).on('line', (line) => {
    lines.push(line);
    if (!line.startsWith('{')) return;
    said.push({ atMs: performance.now(), fields: JSON.parse(line) as Said['fields'] });
  });
  return () => lines.join('\n');
}
