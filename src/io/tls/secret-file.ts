// The secret of an environment: 32 random bytes, written as 64 hexadecimal digits, one on a line.
// The first line is what this side shows; while a secret is changed there are two, and both are
// accepted. The invariant: no message of this file reveals anything of a secret.

import { createHmac, randomBytes } from 'node:crypto';

import { readPrivateFile } from './private-file.ts';
import { RarangiError } from '../rarangi-error.ts';

/** One secret. */
export interface Secret {
  /**
   * Distinguishes secrets of one environment, and reveals nothing about them: 8 hexadecimal digits.
   */
  readonly id: string;
  readonly key: Uint8Array;
}

/** The secrets of a file: the one that is shown, then the other one that is accepted too. */
export type Secrets = readonly [Secret, ...Secret[]];

/** Reads the secrets of a file. Throws RARANGI_USAGE. */
export function readSecretFile(path: string): Secrets {
  const lines = readPrivateFile(path, 'secret file')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const wrong = lines.findIndex((line) => !SECRET_PATTERN.test(line));
  if (wrong >= 0) {
    throw unusable(`secret ${String(wrong + 1)} in ${path} is not ${String(DIGITS)} hex digits`);
  }
  const repeated = lines.findIndex((line) => REPEATED_PATTERN.test(line));
  if (repeated >= 0) {
    throw unusable(`secret ${String(repeated + 1)} in ${path} is the same byte again and again`);
  }
  const [first, ...others] = lines.map(secretOf);
  if (first === undefined) throw unusable(`there is no secret in ${path}`);
  if (others.length >= SECRETS_MAX) {
    throw unusable(
      `there are ${String(lines.length)} secrets in ${path}`,
      'have two at most, while a secret is changed: first the one to show, then the other one to accept',
    );
  }
  return [first, ...others];
}

/** A new secret, as it is written in a file. */
export function newSecret(): string {
  return randomBytes(DIGITS / 2).toString('hex');
}

function secretOf(digits: string): Secret {
  const key = Buffer.from(digits, 'hex');
  // An observer of a handshake can test guesses of the key by its binder anyway: with 256 random
  // bits the guesses never end, and the id adds nothing to them.
  const id = createHmac('sha256', key).update('rarangi secret id').digest('hex').slice(0, 8);
  return { id, key };
}

function unusable(message: string, hint = 'make one with: rarangi secret'): RarangiError {
  return RarangiError.usage(message, hint);
}

const DIGITS = 64;
const SECRET_PATTERN = /^[0-9a-fA-F]{64}$/;

/** A placeholder that anybody would guess. */
const REPEATED_PATTERN = /^([0-9a-f]{2})\1+$/i;

/** The old one and the new one; a third would be a leftover that somebody forgot to remove. */
const SECRETS_MAX = 2;
