// The token that belongs to a secret: a client with the token may read by HTTP, and nothing more.
// The invariant: it follows from the secret alone, so it need not be handed out, and it reveals
// nothing of the secret.

import { createHmac } from 'node:crypto';

import type { Secret } from './secret-file.ts';
import { readSecretFile } from './secret-file.ts';

/** The token of a secret, in base64url. */
export function tokenOfSecret({ key }: Pick<Secret, 'key'>): string {
  return createHmac('sha256', key).update('rarangi http read').digest('base64url');
}

/** The tokens of the secrets in a file, in their order. Throws RARANGI_USAGE. */
export function tokensOf(secretFile: string): string[] {
  return readSecretFile(secretFile).map(tokenOfSecret);
}
