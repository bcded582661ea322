// Where our words end and a wrapped command's begin. The invariant: the first `--` separates them,
// and the words behind it are never read, sorted or changed, even a further `--`. Node.js reads all
// words as UTF-8, and puts U+FFFD where they are not: such a command is refused, not given others.

import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';

import { RarangiError } from '../index.ts';

/** The words of a command line, separated. */
export interface PartedWords {
  readonly ours: string[];
  /** Null without a `--`. */
  readonly command: string[] | null;
}

/** Separates words at the first `--`. */
export function partedWords(words: readonly string[]): PartedWords {
  const at = words.indexOf('--');
  if (at === -1) return { ours: [...words], command: null };
  return { ours: words.slice(0, at), command: words.slice(at + 1) };
}

/** Refuses words of a command that Node.js has not read as they were typed. Throws RARANGI_USAGE. */
export function refuseAltered(command: readonly string[], typed = typedWords): void {
  if (!command.some((word) => word.includes('\uFFFD'))) return;
  const bytes = typed().slice(-command.length);
  const at = bytes.findIndex((word) => !isUtf8(word));
  if (at === -1) return;
  throw RarangiError.usage(
    `rarangi cannot give the command its word ${JSON.stringify(command[at])}, which is not UTF-8`,
    'put that word into a script, and start the script',
  );
}

/** The words of this process as bytes; none where the system does not show them. */
function typedWords(): Uint8Array[] {
  try {
    const words = readFileSync('/proc/self/cmdline', 'latin1').split('\0').slice(0, -1);
    return words.map((word) => Buffer.from(word, 'latin1'));
  } catch {
    return [];
  }
}
