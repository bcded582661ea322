// Where a new secret goes. The invariant: a file that is written here is made here, is its owner's
// alone from the first moment on, and is whole or not there, even if the program is killed: it is
// written beside its place, and linked into it, which fails if another file is there. Where the file
// system has no links it is made in its place, and is whole unless the program is killed.

import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';

import { OutputError, reasonOf } from './output.ts';
import { RarangiError } from '../index.ts';

/** Makes a file with a secret. Throws RARANGI_USAGE or, with nothing left behind, OutputError. */
export function writeSecretFile(path: string, secret: string): void {
  // What a killed program has left has another name, and is in nobody's way.
  const beside = join(dirname(path), `.secret-${randomUUID().slice(0, 8)}`);
  const file = openNew(beside, path);
  try {
    fill(file, secret);
    linkSync(beside, path);
  } catch (error) {
    const failed = error as NodeJS.ErrnoException;
    if (!isLinkless(failed)) throw failureOf(failed, path);
    writeInPlace(path, secret);
  } finally {
    closeSync(file);
    unlinkSync(beside);
  }
}

function writeInPlace(path: string, secret: string): void {
  const file = openNew(path, path);
  try {
    fill(file, secret);
  } catch (error) {
    unlinkSync(path);
    throw failureOf(error as NodeJS.ErrnoException, path);
  } finally {
    closeSync(file);
  }
}

function fill(file: number, secret: string): void {
  const bytes = Buffer.from(`${secret}\n`);
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
  fsyncSync(file);
}

/** Whether the file system has no links; vfat and some in user space have none. */
function isLinkless({ syscall, code }: NodeJS.ErrnoException): boolean {
  return syscall === 'link' && LINKLESS_CODES.has(code);
}

function openNew(place: string, path: string): number {
  try {
    return openSync(place, 'wx', 0o600);
  } catch (error) {
    throw misplaced(error as NodeJS.ErrnoException, path);
  }
}

/** What is wrong with a path is a mistake of the caller; all else is a failure of the output. */
function failureOf(failed: NodeJS.ErrnoException, path: string): Error {
  return failed.syscall === 'link' ? misplaced(failed, path) : new OutputError(failed, path);
}

function misplaced(failed: NodeJS.ErrnoException, path: string): RarangiError {
  if (failed.code === 'EEXIST') {
    const hint = 'rarangi overwrites no secret: give another path';
    return RarangiError.usage(`${path} exists already`, hint);
  }
  const isNowhere = failed.code === 'ENOENT';
  const reason = isNowhere ? `there is no folder ${folderOf(path)}` : reasonOf(failed);
  return RarangiError.usage(`cannot write ${path}: ${reason}`, 'give another path');
}

/** The folder that a path needs: of one that ends in a slash, all of it. */
function folderOf(path: string): string {
  return path.endsWith('/') ? path : dirname(path);
}

/** Whether stdout is a file that others than its owner may read. */
export function isOutputExposed(): boolean {
  const output = fstatSync(STDOUT);
  return output.isFile() && (output.mode & 0o044) !== 0;
}

const LINKLESS_CODES: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
]);

const STDOUT = 1;
