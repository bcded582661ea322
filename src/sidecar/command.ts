// The wrapped command: a direct child with our own stdin, stdout, stderr and terminal, and exactly
// the words it was given. The invariant: however it ends, there is one exit status, the one a shell
// would have reported. Nothing here touches process.stdin and its like: opening them would make
// pipes non-blocking that the command shares.

import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { constants } from 'node:os';

import { faultOf, missingInterpreterOf, wordsGivingBack } from './giving-back.ts';
import { closeInherited, type Inherited, inherited } from './inherited.ts';

/** Why a command did not start, as env(1) and the shells number it. */
export const START_FAILURES = { own: 125, notExecutable: 126, notFound: 127 } as const;

/** A command that runs. */
export interface RunningCommand {
  readonly pid: number;
  /** Its exit status, or 128+n when signal n ended it. Never rejects. */
  readonly exited: Promise<number>;
  /** Sends a signal; does nothing once it has exited. */
  signal(name: NodeJS.Signals): void;
}

/** A command that could not be started. */
export class StartError extends Error {
  override readonly name = 'StartError';
  /** One of START_FAILURES. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** How a command is started. */
export interface StartOptions {
  /** The variables that it gets besides ours. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Names of variables that it does not get. */
  readonly withheld?: RegExp;
  /** Whether it leads a session of its own, and so a process group. */
  readonly ownSession?: boolean;
  /** Whether it is started again: then its inheritance is kept for the next time. */
  readonly isRepeated?: boolean;
}

/** Starts a command. Rejects with StartError. */
export async function startCommand(
  words: readonly string[],
  options: StartOptions = {},
): Promise<RunningCommand> {
  const found = inherited();
  try {
    const child = spawnGivingBack(words, found, options);
    const exited = exitOf(child);
    await started(child);
    return { pid: child.pid ?? 0, exited, signal: (name) => void child.kill(name) };
  } catch (error) {
    throw startErrorOf(error as NodeJS.ErrnoException, words, options);
  } finally {
    if (options.isRepeated !== true) closeInherited(found);
  }
}

/** Throws what spawn does, or an error with its code. */
function spawnGivingBack(
  words: readonly string[],
  found: Inherited,
  { variables, withheld, ownSession = false }: StartOptions,
): ChildProcess {
  const [word = ''] = words;
  const env = { ...ourEnvironment(withheld), ...variables };
  const [file = '', ...rest] = wordsGivingBack(words, found, env);
  const isAsGiven = word !== '' && file === word;
  const fault = isAsGiven ? null : (faultOf(word, env) ?? missingCodeOf(word, env));
  if (fault !== null) throw Object.assign(new Error(fault), { code: fault });
  return spawn(file, rest, { stdio: stdioFor(found), env, detached: ownSession });
}

function ourEnvironment(withheld: RegExp | undefined): NodeJS.ProcessEnv {
  if (withheld === undefined) return process.env;
  const kept = Object.entries(process.env).filter(([name]) => !withheld.test(name));
  return Object.fromEntries(kept);
}

/** Each descriptor as itself; those between them stay closed. */
function stdioFor({ descriptors }: Inherited): StdioOptions {
  const stdio: ('inherit' | 'ignore' | number)[] = ['inherit', 'inherit', 'inherit'];
  for (const descriptor of descriptors) {
    while (stdio.length < descriptor) stdio.push('ignore');
    stdio.push(descriptor);
  }
  return stdio;
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve(signal === null ? (code ?? 0) : 128 + constants.signals[signal]);
    });
  });
}

function missingCodeOf(word: string, env: NodeJS.ProcessEnv): 'ENOENT' | null {
  return missingInterpreterOf(word, env) === null ? null : 'ENOENT';
}

function startErrorOf(
  { code = 'unknown' }: NodeJS.ErrnoException,
  words: readonly string[],
  { variables }: StartOptions,
): StartError {
  if (code === 'ENOENT') {
    const interpreter = missingInterpreterOf(words[0] ?? '', { ...process.env, ...variables });
    const reason = interpreter === null ? 'not found' : interpreterReason(interpreter);
    return new StartError(reason, START_FAILURES.notFound);
  }
  const status = OWN_CODES.has(code) ? START_FAILURES.own : START_FAILURES.notExecutable;
  return new StartError(REASONS_BY_CODE[code] ?? code, status);
}

function interpreterReason(interpreter: string): string {
  // A file of Windows: the name would look right when it is shown.
  if (interpreter.endsWith('\r')) {
    return `its interpreter is not found, because its first line ends as on Windows: ${JSON.stringify(interpreter)}`;
  }
  return `its interpreter ${interpreter} is not found`;
}

const REASONS_BY_CODE: Readonly<Record<string, string>> = { EACCES: 'it is not executable' };

/** The system had no room for another process: nothing is wrong with the command. */
const OWN_CODES = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM', 'E2BIG']);
