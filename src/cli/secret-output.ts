// Where a new secret goes. The invariant: a file that is written here is made here, and is its
// owner's alone from the first moment on.

import { fstatSync, writeFileSync } from 'node:fs';

import { usage } from './flags.ts';

/** Makes a file with a secret. Throws RARANGI_USAGE. */
export function writeSecretFile(path: string, secret: string): void {
  try {
    writeFileSync(path, `${secret}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const { code = 'no reason given' } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw usage(`cannot write ${path}: ${code}`, 'name another place');
    throw usage(`${path} is there already`, 'a secret is never overwritten: name another file');
  }
}

/** Whether stdout is a file that others than its owner may read. */
export function isOutputExposed(): boolean {
  const output = fstatSync(process.stdout.fd);
  return output.isFile() && (output.mode & 0o044) !== 0;
}
