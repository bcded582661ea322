// The tokens of the HTTP door: those made of the secrets of the environment, and those of a file.
// The invariant: they are compared in constant time, all of them, and none is ever shown.

import { createHash, timingSafeEqual } from 'node:crypto';

import { tokensOf } from '../tls/read-token.ts';
import { readTokenFile } from '../tls/token-file.ts';
import type { DoorServer } from './door.ts';

/** The tokens of one door. */
export class HttpTokens {
  readonly #server: Pick<DoorServer, 'lock' | 'settings'>;
  #digests: readonly Buffer[] = [];

  constructor(server: Pick<DoorServer, 'lock' | 'settings'>) {
    this.#server = server;
    this.reload();
  }

  /** Whether a token is required, or a certificate instead, which only TLS can show. */
  get areAsked(): boolean {
    const { lock, settings } = this.#server;
    return this.#digests.length > 0 || (lock.tls !== undefined && !settings.isHttpInsecure);
  }

  /** Reads the files anew. Throws RARANGI_USAGE; then those of before still count. */
  reload(): void {
    const { lock, settings } = this.#server;
    const ofSecret = lock.secretFile === undefined ? [] : tokensOf(lock.secretFile);
    const ofFile = settings.httpTokenFile === null ? [] : readTokenFile(settings.httpTokenFile);
    const tokens = [...ofSecret, ...ofFile];
    this.#digests = tokens.map(digestOf);
  }

  has(token: string): boolean {
    const digest = digestOf(token);
    // All are compared, so that the time does not reveal which one it is.
    return this.#digests.filter((one) => timingSafeEqual(one, digest)).length > 0;
  }
}

/** A hash, so that all have one length. */
function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
