// A NAME that stands for several services, as a shell's pattern does for files. The invariant: a
// text that is neither a name nor a pattern is refused, so that it does not quietly match nothing.
// No special letter of a pattern can be in a name, so that the text itself says which of the two it
// is.

import { RarangiError } from '../../index.ts';
import { GlobError, globOf, hasPatternLetters } from '../../answers/glob.ts';

/** Tells whether the name of a service matches a pattern. Throws RARANGI_USAGE. */
export function matcherOf(pattern: string): (name: string) => boolean {
  if (!hasPatternLetters(pattern)) throw refusal(pattern, 'has characters that no name has');
  try {
    return globOf(pattern);
  } catch (error) {
    if (error instanceof GlobError) throw refusal(pattern, error.message);
    throw error;
  }
}

function refusal(pattern: string, complaint: string): RarangiError {
  return RarangiError.usage(
    `pattern ${JSON.stringify(pattern)} ${complaint}`,
    'use * ? [a-z] [!a-z] {one,other} and characters of names, and put the pattern in quotes',
  );
}
