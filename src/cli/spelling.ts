// How far two words are apart, for "did you mean". The invariant: only a word that is near is
// proposed, so a proposal is worth reading.

/** The nearest of some words, at most two letters away, and less than half of the word; or null. */
export function nearestWord(word: string, others: readonly string[]): string | null {
  let nearest: string | null = null;
  let least = Math.min(LETTERS_MAX, Math.ceil(word.length / 2) - 1) + 1;
  for (const other of others) {
    const letters = lettersApart(word, other);
    if (letters >= least) continue;
    least = letters;
    nearest = other;
  }
  return nearest;
}

/** The word that some letters begin, if it is the only one; else the nearest, or null. */
export function meantWord(word: string, others: readonly string[]): string | null {
  const begun = others.filter((other) => word.length > 1 && other.startsWith(word));
  return begun.length === 1 ? (begun[0] ?? null) : nearestWord(word, others);
}

/** Letters to add, drop or change until one word is the other (Levenshtein). */
function lettersApart(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const above = row;
    row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const changed = (above[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      row.push(Math.min(changed, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
  }
  return row.at(-1) ?? 0;
}

const LETTERS_MAX = 2;
