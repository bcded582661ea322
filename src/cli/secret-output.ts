// Where a new secret goes. The invariant: a file that is written here is made here, is its owner's
// alone from the first moment on, and is whole or not there, even if the program is killed: it is
// written beside its place, and linked into it, which fails if another file is there.

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
    const bytes = Buffer.from(`${secret}\n`);
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    fsyncSync(file);
    linkSync(beside, path);
  } catch (error) {
    throw failureOf(error as NodeJS.ErrnoException, path);
  } finally {
    closeSync(file);
    unlinkSync(beside);
  }
}

function openNew(beside: string, path: string): number {
  try {
    return openSync(beside, 'wx', 0o600);
  } catch (error) {
    const failed = error as NodeJS.ErrnoException;
    const isNowhere = failed.code === 'ENOENT';
    const reason = isNowhere ? `there is no folder ${dirname(path)}` : reasonOf(failed);
    throw RarangiError.usage(`cannot write ${path}: ${reason}`, 'give another path');
  }
}

function failureOf(failed: NodeJS.ErrnoException, path: string): Error {
  if (failed.code !== 'EEXIST') return new OutputError(failed, path);
  return RarangiError.usage(
    `${path} exists already`,
    'rarangi overwrites no secret: give another path',
  );
}

/** Whether stdout is a file that others than its owner may read. */
export function isOutputExposed(): boolean {
  const output = fstatSync(STDOUT);
  return output.isFile() && (output.mode & 0o044) !== 0;
}

const STDOUT = 1;
