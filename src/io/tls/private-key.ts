// Private keys in PEM. The invariant: the error for a key that cannot be used names it, with the
// reason and what to do about it, whatever OpenSSL says.

import type { KeyObject } from 'node:crypto';
import { createPrivateKey } from 'node:crypto';

import { reasonOf } from '../machine/reasons.ts';
import { RarangiError } from '../rarangi-error.ts';

/** Reads a private key. Throws RARANGI_USAGE. */
export function privateKeyOf(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    // OpenSSL words this differently in each version.
    if (LOCKED_PATTERN.test(pem)) {
      throw RarangiError.usage(
        `key ${path} has a passphrase, which a program cannot type`,
        `write the key without a passphrase: openssl pkey -in ${path} -out FILE`,
      );
    }
    throw RarangiError.usage(
      `${path} has no key that can be read: ${reasonOf(error)}`,
      'use PEM, unencrypted',
    );
  }
}

const LOCKED_PATTERN = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;
