// The processes of a measurement: rarangi as users run it, and the bare programs of floor/. All are
// ended with the row that started them. The use of a process is read from /proc, so this is Linux.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const ROOT = join(import.meta.dirname, '../../../..');
const RUN = join(ROOT, 'bin/run.js');

/** A process that runs. */
export interface Program {
  readonly pid: number;
  readonly ended: Promise<void>;
  /** Resolves with the first line that holds this text. */
  said(text: string): Promise<string>;
  /** How many of its latest lines hold this text. */
  timesSaid(text: string): number;
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** A server, and where it is. */
export interface Server extends Program {
  readonly address: string;
}

/** How a server is started. */
export interface ServerOptions {
  readonly address?: string;
  readonly host?: string;
  readonly words?: readonly string[];
}

/** All that a row may start. */
export interface Bench {
  /** A folder that goes with the row. */
  readonly folder: string;
  /** An address of loopback that no other process has. */
  address(): string;
  /** Starts `rarangi serve`; resolves when its sockets listen. */
  serve(options?: ServerOptions): Promise<Server>;
  /** Starts rarangi with any words. */
  rarangi(words: readonly string[]): Program;
  /** Starts a program of others. */
  program(words: readonly string[]): Program;
  /** Starts one of floor/. */
  floor(name: string, words?: readonly string[]): Program;
  /** Ends all. */
  close(): Promise<void>;
}

/** The words that run a command of rarangi. */
export function rarangiWords(words: readonly string[]): string[] {
  return [RUN, ...words];
}

/** The file of a bare program. */
export function floorFile(name: string): string {
  return join(ROOT, 'test/bench/floor', name);
}

/** Whether programs of others are there, by their names; those that are not are said loudly. */
export function hasAll(...programs: readonly string[]): boolean {
  const missing = programs.filter(
    (one) => spawnSync('sh', ['-c', `command -v ${one}`]).status !== 0,
  );
  if (missing.length > 0) {
    console.error(`*** NOT MEASURED for want of ${missing.join(', ')}: .ci/install-test-needs.sh`);
  }
  return missing.length === 0;
}

/** With a folder, every server leaves a profile there of what its processor time went to. */
export function openBench(profilesFolder?: string): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'rarangi-bench-'));
  const running = new Set<Program>();
  const run = ([file = '', ...words]: readonly string[]): Program => {
    const program = watchChild(spawn(file, words, { cwd: folder, env: ENVIRONMENT }));
    running.add(program);
    void program.ended.then(() => running.delete(program));
    return program;
  };
  const start = (words: readonly string[]): Program => run([process.execPath, ...words]);
  const rarangi = (words: readonly string[]): Program => start(rarangiWords(words));
  const profiling =
    profilesFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profilesFolder}`];
  return {
    folder,
    address: nextAddress,
    program: run,
    rarangi,
    floor: (name, words = []) => start([floorFile(name), ...words]),
    serve: async ({ address = nextAddress(), host = address, words = [] } = {}) => {
      const own = [`--bind=${address}`, `--host=${host}`, '--log-format=json'];
      const program = start([...profiling, ...rarangiWords(['serve', ...own, ...words])]);
      const { address: bound } = JSON.parse(await program.said('server-started')) as {
        address: string;
      };
      return { ...program, address: bound };
    },
    close: async () => {
      // A profile is written at an end in peace.
      const signal = profilesFolder === undefined ? 'SIGKILL' : 'SIGTERM';
      await Promise.all([...running].map((program) => program.end(signal)));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function watchChild(child: ChildProcess): Program {
  const lines: string[] = [];
  const wakers = new Set<() => void>();
  const wake = (): void => {
    for (const waker of wakers) waker();
  };
  for (const stream of [child.stdout!, child.stderr!]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      // The log of hours is not kept.
      if (lines.length > LINES_MAX) lines.shift();
      wake();
    });
  }
  let isOver = false;
  const ended = once(child, 'exit').then(() => {
    isOver = true;
    wake();
  });
  return {
    pid: child.pid ?? 0,
    ended,
    said: async (text) => {
      for (;;) {
        const line = lines.find((each) => each.includes(text));
        if (line !== undefined) return line;
        if (isOver) throw new Error(`ended without ${text}:\n${lines.join('\n')}`);
        await new Promise<void>((resolve) => wakers.add(resolve));
      }
    },
    timesSaid: (text) => lines.filter((line) => line.includes(text)).length,
    end: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await ended;
    },
  };
}

/** Processor time that a process has used, in milliseconds: all its threads. */
export function cpuMs(pid: number): number {
  const tasks = `/proc/${String(pid)}/task`;
  const nanoseconds = readdirSync(tasks).map((task) =>
    Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
}

/** Memory that a process holds, in bytes. */
export function residentBytes(pid: number): number {
  return bytesIn(`/proc/${String(pid)}/status`, 'VmRSS');
}

/** Memory of a process, in bytes. */
export interface Memory {
  /** All that it holds, with the pages of Node.js itself, which every Node.js of a host shares. */
  readonly resident: number;
  /** The same, but of each page that several processes share only its part. */
  readonly proportional: number;
  /** What ends with the process. */
  readonly own: number;
}

export function memoryOf(pid: number): Memory {
  const of = (name: string): number => bytesIn(`/proc/${String(pid)}/smaps_rollup`, name);
  const own = of('Private_Clean') + of('Private_Dirty');
  return { resident: of('Rss'), proportional: of('Pss'), own };
}

function bytesIn(file: string, name: string): number {
  const [, kilobytes] =
    new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(file, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** The smallest of the values that are measured twice a second for so long. */
export async function leastWithin(milliseconds: number, measure: () => number): Promise<number> {
  const endMs = performance.now() + milliseconds;
  let least = measure();
  while (performance.now() < endMs) {
    await delay(500);
    least = Math.min(least, measure());
  }
  return least;
}

/** How much of one processor a process uses meanwhile, in per cent. */
export async function cpuShare(pid: number, milliseconds: number): Promise<number> {
  const [before, sinceMs] = [cpuMs(pid), performance.now()];
  await delay(milliseconds);
  return (100 * (cpuMs(pid) - before)) / (performance.now() - sinceMs);
}

/** The use of a process meanwhile. */
export interface Usage {
  /** Of one processor, in per cent. */
  readonly cpuShare: number;
  /** Read and written, on connections for by far the most part. */
  readonly bytesPerS: number;
}

export async function usage(pid: number, milliseconds: number): Promise<Usage> {
  const [before, sinceMs] = [transferredBytes(pid), performance.now()];
  const share = await cpuShare(pid, milliseconds);
  const seconds = (performance.now() - sinceMs) / 1e3;
  return { cpuShare: share, bytesPerS: (transferredBytes(pid) - before) / seconds };
}

function transferredBytes(pid: number): number {
  const io = readFileSync(`/proc/${String(pid)}/io`, 'utf8');
  const bytes = [...io.matchAll(/^[rw]char: (\d+)/gm)].map(([, digits]) => Number(digits));
  return bytes.reduce((sum, each) => sum + each, 0);
}

/** Waits until it is so. Rejects when that takes too long. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  everyMs = 5,
): Promise<void> {
  const endMs = performance.now() + UNTIL_MS_MAX;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`not within a minute: ${what}`);
    await delay(everyMs);
  }
}

let addressesCount = 0;

function nextAddress(): string {
  addressesCount += 1;
  const { pid } = process;
  const last = String(addressesCount % 250);
  return `127.${String(192 + ((pid >> 8) & 63))}.${String(pid & 255)}.${last}`;
}

// Set, it costs every start of Node.js 20 some 40 ms.
const { NODE_EXTRA_CA_CERTS: _, ...ENVIRONMENT } = process.env;

const LINES_MAX = 10_000;
const UNTIL_MS_MAX = 60_000;
