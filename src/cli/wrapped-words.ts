// Where our words end and a wrapped command's begin. The invariant: the first `--` separates them,
// and the words behind it are never read, sorted or changed, even a further `--`.

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
