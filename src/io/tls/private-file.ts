// Files that hold what nobody else may know. The invariant: what is returned was read from a file
// that only its owner may read or change, and that owner is this user or root; the file that is
// judged is the very one that is read, whatever its name leads to a moment later.

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

import { RarangiError } from '../rarangi-error.ts';
import { errorCode, reasonOf } from '../machine/reasons.ts';

/** The text of a private file; `what` names it in the RARANGI_USAGE that says what is wrong. */
export function readPrivateFile(path: string, what: string): string {
  return readWith(path, what, (file) => {
    const { mode, uid } = fstatSync(file);
    if ((mode & OTHERS_MASK) !== 0) {
      throw unusable(
        `${what} ${path} may be used by others (mode ${octal(mode)})`,
        `make it yours alone: chmod 600 ${path}`,
      );
    }
    const us = process.getuid?.() ?? ROOT;
    if (uid !== us && uid !== ROOT && us !== ROOT) {
      throw unusable(
        `${what} ${path} belongs to user ${String(uid)}, and this is user ${String(us)}`,
        'whoever owns it can change it: let it belong to this user, or to root',
      );
    }
  });
}

/** The text of a file that all may read. Throws RARANGI_USAGE. */
export function readPublicFile(path: string, what: string): string {
  return readWith(path, what, () => undefined);
}

function readWith(path: string, what: string, judge: (file: number) => void): string {
  let file: number | null = null;
  try {
    // Without O_NONBLOCK a pipe in its place would keep us waiting for ever.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = fstatSync(file);
    if (!found.isFile()) throw unusable(`${what} ${path} is no regular file`, 'name a file');
    if (found.size > BYTES_MAX) {
      throw unusable(`${what} ${path} has ${String(found.size)} bytes`, 'name the right file');
    }
    judge(file);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof RarangiError) throw error;
    const reason = errorCode(error) === 'ENOENT' ? 'there is no such file' : reasonOf(error);
    throw unusable(`cannot read ${what} ${path}: ${reason}`, 'look at its path and its owner');
  } finally {
    if (file !== null) closeSync(file);
  }
}

function unusable(message: string, hint: string): RarangiError {
  return new RarangiError('RARANGI_USAGE', message, { hint });
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

const ROOT = 0;

/** Every right of the group and of others. */
const OTHERS_MASK = 0o077;

/** Any secret, and any bundle of certificates, is smaller. */
const BYTES_MAX = 1024 * 1024;
