// Real processes of the built program. Each test has a stage of its own: an address of loopback for
// every host that it plays, a folder, and its processes. The invariant: whatever happens to a test,
// nothing that it started, grandchildren included, outlives it: all of them work in the folder of
// the test, and a process that does so at the end is killed, by its id.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { test as plainTest } from 'vitest';

/** The built program. */
export const RUN = join(import.meta.dirname, '../../bin/run.js');

/** How a process ended, and all that it wrote. */
export interface Ended {
  /** As a shell gives it: the exit code, or null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** An object that was written as a line of JSON. */
export type Fields = Readonly<Record<string, unknown>>;

/** A process that was started. */
export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** The next line of JSON on stderr with these fields; each line is found once. */
  said(fields: Fields): Promise<Fields>;
  /** The next line of JSON on stdout with these fields; each line is found once. */
  printed(fields: Fields): Promise<Fields>;
  /** The next line, of either stream, that matches; each is found once. */
  line(pattern: RegExp): Promise<string>;
  /** Every line of JSON on stderr so far with these fields. */
  allSaid(fields: Fields): Fields[];
  /** The same of stdout. */
  allPrinted(fields: Fields): Fields[];
  /** Writes to its stdin. */
  type(text: string): void;
  /** Sends a signal. */
  signal(signal: NodeJS.Signals): void;
  /** Sends a signal, and resolves when the process has ended. */
  end(signal?: NodeJS.Signals): Promise<Ended>;
}

/** How a process is started. */
export interface StartOptions {
  /** A variable that is undefined is taken away. */
  readonly env?: NodeJS.ProcessEnv;
  /** The namespace that it runs in. */
  readonly within?: Namespace;
  /** How long each of its lines may take; 20 s if absent. */
  readonly awaitedMsMax?: number;
}

/** A network and a /run of its own. */
export interface Namespace {
  /** The words that run a command there. */
  readonly enter: readonly string[];
}

/** The things of a test. */
export interface Stage {
  /** An address of loopback that no other test has; a server bound there is another host. */
  address(): string;
  /** A folder that goes with the test; every process of it works there. */
  readonly folder: string;
  /** Starts rarangi. */
  start(words: readonly string[], options?: StartOptions): Running;
  /** Runs rarangi to its end. */
  run(words: readonly string[], options?: StartOptions): Promise<Ended>;
  /** Starts any program. */
  spawn(words: readonly string[], options?: StartOptions): Running;
  /** The ids of the processes of this test that run still, grandchildren included. */
  processesLeft(): number[];
  /** Opens a namespace; for root only. */
  openNamespace(): Promise<Namespace>;
}

/** A test with a stage. */
export const test = plainTest.extend<{ stage: Stage }>({
  // vitest reads from the pattern which other fixtures this one needs: none.
  stage: async ({}, use) => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'rarangi-')));
    const processes: Running[] = [];
    await use(createStage(folder, processes));
    for (let left = pidsIn(folder); left.length > 0; left = pidsIn(folder)) left.forEach(kill);
    await Promise.all(processes.map(({ ended }) => ended));
    rmSync(folder, { recursive: true, force: true });
  },
});

function createStage(folder: string, processes: Running[]): Stage {
  const spawnHere = (words: readonly string[], options: StartOptions = {}): Running => {
    const { env = {}, within, awaitedMsMax } = options;
    const [program = '', ...rest] = [...(within?.enter ?? []), ...words];
    const child = spawn(program, rest, {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1', ...env },
    });
    const running = watchChild(child, words.join(' '), awaitedMsMax);
    processes.push(running);
    return running;
  };
  const start: Stage['start'] = (words, options) =>
    spawnHere([process.execPath, RUN, ...words], options);
  return {
    address: nextAddress,
    folder,
    start,
    run: (words, options) => start(words, options).ended,
    spawn: spawnHere,
    processesLeft: () => pidsIn(folder),
    openNamespace: async () => {
      const prepare =
        'ip link set lo up && mount -t tmpfs -o mode=755 none /run && echo open && exec cat';
      const holder = spawnHere(['unshare', '--net', '--mount', 'sh', '-c', prepare]);
      await holder.line(/^open$/);
      const target = `--target=${String(holder.pid)}`;
      return { enter: ['nsenter', target, '--net', '--mount', `--wd=${folder}`, '--'] };
    },
  };
}

function watchChild(child: ChildProcess, title: string, awaitedMsMax = AWAITED_MS_MAX): Running {
  const stdout = readLines(child.stdout!);
  const stderr = readLines(child.stderr!);
  child.stdin?.on('error', () => undefined);
  const wakers = new Set<() => void>();
  const wakeAll = (): void => {
    for (const wake of wakers) wake();
  };
  let isOver = false;
  for (const output of [stdout, stderr]) output.onLine = wakeAll;
  const ended = new Promise<Ended>((resolve) => {
    child.on('error', (error) => stderr.lines.push({ text: String(error), isTaken: false }));
    child.on('close', (code, signal) => {
      isOver = true;
      wakeAll();
      resolve({ code, signal, stdout: stdout.text(), stderr: stderr.text() });
    });
  });
  const awaitLine = async <T>(take: () => T | undefined, wanted: string): Promise<T> => {
    const endMs = performance.now() + awaitedMsMax;
    const timer = setTimeout(wakeAll, awaitedMsMax + 1);
    for (;;) {
      const found = take();
      if (found === undefined && (isOver || performance.now() > endMs)) {
        throw new Error(`${title} did not write ${wanted}:\n${stdout.text()}${stderr.text()}`);
      }
      if (found !== undefined) {
        clearTimeout(timer);
        return found;
      }
      await new Promise<void>((resolve) => wakers.add(resolve));
    }
  };
  const awaitJson = ({ lines }: Output, fields: Fields): Promise<Fields> =>
    awaitLine(() => takeFirst(lines, (text) => matching(text, fields)), JSON.stringify(fields));
  return {
    pid: child.pid ?? 0,
    ended,
    said: (fields) => awaitJson(stderr, fields),
    printed: (fields) => awaitJson(stdout, fields),
    line: (pattern) => {
      const fits = (text: string) => (pattern.test(text) ? text : undefined);
      return awaitLine(
        () => takeFirst(stdout.lines, fits) ?? takeFirst(stderr.lines, fits),
        String(pattern),
      );
    },
    allSaid: (fields) => allJson(stderr, fields),
    allPrinted: (fields) => allJson(stdout, fields),
    type: (text) => child.stdin?.write(text),
    signal: (signal) => void child.kill(signal),
    end: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}

interface Line {
  readonly text: string;
  isTaken: boolean;
}

interface Output {
  readonly lines: Line[];
  text(): string;
  onLine: () => void;
}

function readLines(stream: Readable): Output {
  const chunks: Buffer[] = [];
  const output: Output = {
    lines: [],
    text: () => Buffer.concat(chunks).toString(),
    onLine: () => undefined,
  };
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  createInterface({ input: stream }).on('line', (text) => {
    output.lines.push({ text, isTaken: false });
    output.onLine();
  });
  return output;
}

function takeFirst<T>(
  lines: readonly Line[],
  fits: (text: string) => T | undefined,
): T | undefined {
  for (const line of lines) {
    const found = line.isTaken ? undefined : fits(line.text);
    if (found === undefined) continue;
    line.isTaken = true;
    return found;
  }
  return undefined;
}

function allJson({ lines }: Output, fields: Fields): Fields[] {
  return lines.map(({ text }) => matching(text, fields)).filter((one) => one !== undefined);
}

function matching(text: string, fields: Fields): Fields | undefined {
  if (!text.startsWith('{')) return undefined;
  const found = JSON.parse(text) as Fields;
  const fits = Object.entries(fields).every(([key, value]) => found[key] === value);
  return fits ? found : undefined;
}

/** The processes that work in a folder, or below it: a database works among its data. */
function pidsIn(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isWithin(folder, workingFolderOf(name)))
    .map(Number);
}

function isWithin(folder: string, path: string | null): boolean {
  return path === folder || path?.startsWith(`${folder}/`) === true;
}

function workingFolderOf(pid: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    // It is gone.
    return null;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}

/** A test that waits for a line that never comes is told so, before it times out. */
const AWAITED_MS_MAX = 20_000;

let addressesCount = 0;

/**
 * Each worker has addresses of its own, by its process id: 1,023 of them, for its files share it.
 */
function nextAddress(): string {
  addressesCount += 1;
  const number = ((process.pid & 0x1fff) << 10) | addressesCount;
  const [high, middle, low] = [number >> 16, (number >> 8) & 255, number & 255];
  return `127.${String(64 + high)}.${String(middle)}.${String(low)}`;
}
