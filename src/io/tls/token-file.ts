// A file of tokens for HTTP, one a line. One invariant: a token that is read is too long to be
// guessed, and no message reveals anything of it.

import { RarangiError } from '../rarangi-error.ts';
import { readPrivateFile } from './private-file.ts';

/** The tokens in a file. Throws RARANGI_USAGE. */
export function readTokenFile(path: string): readonly string[] {
  const tokens = readPrivateFile(path, 'token file')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const wrong = tokens.findIndex((token) => !TOKEN_PATTERN.test(token));
  if (wrong >= 0) {
    throw unusable(
      `token ${String(wrong + 1)} in ${path} is not 32 to 1024 printable ASCII characters`,
    );
  }
  if (tokens.length === 0) throw unusable(`there is no token in ${path}`);
  return tokens;
}

function unusable(message: string): RarangiError {
  const hint = 'make one with: openssl rand -base64 32';
  return RarangiError.usage(message, hint);
}

const TOKEN_PATTERN = /^[\x21-\x7e]{32,1024}$/;
