// The words that start a command in the state that it is to inherit. Node.js can neither ignore a
// signal for a child nor tell it its own process id. So where that is needed, a shell does it and
// becomes the command. The invariant: without such a need there is no shell; with it no shell
// remains, the process id is the command's, and its words and environment are the same.

import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { type Inherited, isMeant } from './inherited.ts';

/** Variables by their names. */
type Variables = Readonly<Record<string, string | undefined>>;

/** The words to start; the command's own where nothing has to be given back. */
export function wordsGivingBack(
  words: readonly string[],
  { ignored }: Inherited,
  variables: Variables,
): readonly string[] {
  const needed = [
    ...(ignored.length === 0 ? [] : [`trap '' ${ignored.join(' ')}`]),
    ...(['LISTEN_PID', 'WATCHDOG_PID'] as const).filter(isMeant).map((name) => `export ${name}=$$`),
  ];
  if (needed.length === 0) return words;
  const [file = '', ...rest] = words;
  // Shells take a word that begins with a dash for an option of theirs.
  const named = file.startsWith('-') ? (pathOf(file, variables) ?? file) : file;
  // Shells set these by themselves, and drop variables whose names they do not accept.
  const added = ['OLDPWD', 'PWD', 'SHLVL'].filter((name) => variables[name] === undefined);
  const dropped = Object.entries(variables).filter(([name]) => !/^[A-Za-z_]\w*$/.test(name));
  const restored = dropped.map(([name, value = '']) => `${name}=${value}`);
  // env(1) would take a file with a = in its name for one more.
  const isRestored = restored.length > 0 && !named.includes('=');
  const unset = added.length === 0 ? [] : [`unset ${added.join(' ')}`];
  const script = [...needed, ...unset, `exec ${isRestored ? 'env ' : ''}"$@"`].join('; ');
  return ['/bin/sh', '-c', script, 'sh', ...(isRestored ? restored : []), named, ...rest];
}

/**
 * Why a file cannot be executed, as the error code of spawn; null if it can be. A shell would
 * report it in its own words and with its own status.
 */
export function faultOf(file: string, variables: Variables): 'ENOENT' | 'EACCES' | null {
  if (file === '') return 'ENOENT';
  if (pathOf(file, variables) !== null) return null;
  return candidatesFor(file, variables).some(exists) ? 'EACCES' : 'ENOENT';
}

/**
 * The error if the program in the file's first line is not there: the system would then say that
 * the file itself is not found. Null if the file is not there, or all is well.
 */
export function missingInterpreterOf(file: string, variables: Variables): string | null {
  const path = pathOf(file, variables);
  if (path === null) return null;
  const [, interpreter] = /^#![ \t]*([^ \t\n]+)/.exec(beginningOf(path)) ?? [];
  return interpreter === undefined || exists(interpreter) ? null : interpreter;
}

/** The part of a file that a kernel reads to know its kind; empty if it may not be read. */
function beginningOf(path: string): string {
  let file: number | null = null;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const bytes = Buffer.alloc(256);
    return bytes.toString('latin1', 0, readSync(file, bytes));
  } catch {
    // It may be executed and not read: the kernel alone knows.
    return '';
  } finally {
    if (file !== null) closeSync(file);
  }
}

function pathOf(file: string, variables: Variables): string | null {
  return candidatesFor(file, variables).find(isExecutable) ?? null;
}

function candidatesFor(file: string, { PATH = DEFAULT_PATH }: Variables): string[] {
  if (file.includes('/')) return [file];
  return PATH.split(delimiter).map((folder) => join(folder === '' ? '.' : folder, file));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

const DEFAULT_PATH = '/usr/local/bin:/bin:/usr/bin';
