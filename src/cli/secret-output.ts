// Where a new secret goes. The invariant: a file that is written here is made here, is its owner's
// alone from the first moment on, and is whole or not there.

import { closeSync, fstatSync, fsyncSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

import { OutputError, reasonOf } from './output.ts';
import { RarangiError } from '../index.ts';

/** Makes a file with a secret. Throws RARANGI_USAGE or, with nothing left behind, OutputError. */
export function writeSecretFile(path: string, secret: string): void {
  const file = openNew(path);
  try {
    const bytes = Buffer.from(`${secret}\n`);
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } catch (error) {
    unlinkSync(path);
    throw new OutputError(error as NodeJS.ErrnoException, path);
  } finally {
    closeSync(file);
  }
}

function openNew(path: string): number {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    const failed = error as NodeJS.ErrnoException;
    if (failed.code !== 'EEXIST') {
      const isNowhere = failed.code === 'ENOENT';
      const reason = isNowhere ? `there is no folder ${dirname(path)}` : reasonOf(failed);
      throw RarangiError.usage(`cannot write ${path}: ${reason}`, 'name another place');
    }
    throw RarangiError.usage(
      `${path} is there already`,
      'a secret is never overwritten: name another file',
    );
  }
}

/** Whether stdout is a file that others than its owner may read. */
export function isOutputExposed(): boolean {
  const output = fstatSync(STDOUT);
  return output.isFile() && (output.mode & 0o044) !== 0;
}

const STDOUT = 1;
