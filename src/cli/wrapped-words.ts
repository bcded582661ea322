// Where our words end and a wrapped command's begin. The invariant: the first `--` parts them, and
// what stands behind it is never read, sorted or changed: further `--` and all.

/** The words of a command line, parted. */
export interface PartedWords {
  readonly ours: string[];
  /** Null without a `--`. */
  readonly command: string[] | null;
}

/** Parts words at the first `--`. */
export function partedWords(words: readonly string[]): PartedWords {
  const at = words.indexOf('--');
  if (at === -1) return { ours: [...words], command: null };
  return { ours: words.slice(0, at), command: words.slice(at + 1) };
}
