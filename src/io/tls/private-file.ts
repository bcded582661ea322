// Files with content that nobody else may know. The invariant: the text comes from a file that
// keeps every rule of the table, which rarangi-secret(1) shows. The file that is checked is the one
// that is read, even if its name leads elsewhere a moment later.

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

import { RarangiError } from '../rarangi-error.ts';
import { errorCode, reasonOf } from '../machine/reasons.ts';

/** What is checked of a file. */
interface Found {
  readonly mode: number;
  readonly uid: number;
  /** The user of this process. */
  readonly us: number;
}

interface FileRule {
  /** The rule, as the manual has it. */
  readonly doc: string;
  readonly isKept: (found: Found) => boolean;
  /** What is wrong with a file that breaks the rule, in words that follow its name. */
  readonly complaint: (found: Found) => string;
  readonly hint: (path: string) => string;
}

/** What a private file has to be like. */
export const FILE_RULES: readonly FileRule[] = [
  {
    doc: 'Its owner is the user of the process, or root.',
    isKept: ({ uid, us }) => uid === us || uid === ROOT,
    complaint: ({ uid, us }) =>
      `belongs to user ${String(uid)}, and this program runs as user ${String(us)}`,
    hint: () => 'give the file to this user, or to root: its owner can change it',
  },
  {
    doc: 'Others have no right to it at all.',
    isKept: ({ mode }) => (mode & OTHERS_MASK) === 0,
    complaint: usedByOthers,
    hint: ownAlone,
  },
  {
    doc: 'Its group has none either, but may read the file if root owns it, as with credentials of systemd and volumes of Kubernetes.',
    isKept: ({ mode, uid }) => (mode & (uid === ROOT ? GROUP_CHANGE_MASK : GROUP_MASK)) === 0,
    complaint: usedByOthers,
    hint: ownAlone,
  },
];

/** The text of a private file; `what` names it in the RARANGI_USAGE that says what is wrong. */
export function readPrivateFile(path: string, what: string): string {
  return readWith(path, what, (file) => {
    const { mode, uid } = fstatSync(file);
    const found = { mode, uid, us: process.getuid?.() ?? ROOT };
    const broken = FILE_RULES.find(({ isKept }) => !isKept(found));
    if (broken === undefined) return;
    throw RarangiError.usage(`${what} ${path} ${broken.complaint(found)}`, broken.hint(path));
  });
}

/** The text of a file that all may read. Throws RARANGI_USAGE. */
export function readPublicFile(path: string, what: string): string {
  return readWith(path, what, () => undefined);
}

function readWith(path: string, what: string, judge: (file: number) => void): string {
  let file: number | null = null;
  try {
    // Without O_NONBLOCK we would wait for ever if the file is a pipe.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = fstatSync(file);
    if (!found.isFile())
      throw RarangiError.usage(`${what} ${path} is not a regular file`, 'give the path of a file');
    if (found.size > BYTES_MAX) {
      throw RarangiError.usage(
        `${what} ${path} is too large: ${String(found.size)} bytes`,
        'give the path of the right file',
      );
    }
    judge(file);
    // Without the mark of the byte order that editors of Windows begin a text with.
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    if (error instanceof RarangiError) throw error;
    const reason = errorCode(error) === 'ENOENT' ? 'there is no such file' : reasonOf(error);
    throw RarangiError.usage(
      `cannot read ${what} ${path}: ${reason}`,
      'check the path and who may read the file',
    );
  } finally {
    if (file !== null) closeSync(file);
  }
}

function usedByOthers({ mode }: Found): string {
  return `can be read or changed by other users (mode ${octal(mode)})`;
}

function ownAlone(path: string): string {
  return `take that right from them: chmod 600 ${path}`;
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

const ROOT = 0;

const OTHERS_MASK = 0o007;
const GROUP_MASK = 0o070;

/** The rights to write to it, and to run it. */
const GROUP_CHANGE_MASK = 0o030;

/** Any secret, and any bundle of certificates, is smaller. */
const BYTES_MAX = 1024 * 1024;
