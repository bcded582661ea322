// Private keys in PEM. The invariant: a key that cannot be used is named, with the reason and with what
// to do about it, whatever words OpenSSL has for that.

import type { KeyObject } from 'node:crypto';
import { createPrivateKey } from 'node:crypto';

import { reasonOf } from '../machine/reasons.ts';
import { RarangiError } from '../rarangi-error.ts';

/** Reads a private key. Throws RARANGI_USAGE. */
export function privateKeyOf(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    // What OpenSSL says of it is another thing in each version.
    if (LOCKED_PATTERN.test(pem)) {
      throw RarangiError.usage(
        `key ${path} has a passphrase, which nobody is there to type`,
        `write it without one: openssl pkey -in ${path} -out FILE`,
      );
    }
    throw RarangiError.usage(
      `${path} has no key that can be read: ${reasonOf(error)}`,
      'use PEM, unencrypted',
    );
  }
}

const LOCKED_PATTERN = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;
