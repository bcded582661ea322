// Whether a client has the secret that it shows: two short hashes find that out before any TLS
// begins, so a stranger costs a quarter of a handshake that fails. The invariant: the answer to
// another environment and to another key is the same; and a recorded hello opens nothing a second
// time, as long as it is remembered.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

import { AgingMap } from '../../core/kit/aging.ts';
import type { Shown } from './client-hello.ts';
import type { Secret, Secrets } from './secret-file.ts';
import { parseIdentity, secretFor } from './settings.ts';

/** What the binder of a hello says. */
export type BinderVerdict = 'sound' | 'unsound' | 'seen before';

/** Judges binders, for one environment. */
export class Binders {
  readonly #environment: string;
  /** The keys of the secrets' binders, made once for each. */
  readonly #keys = new WeakMap<Secret, Buffer>();
  /** The oldest first. Only clients with the secret can add to them. */
  readonly #seen = new AgingMap<string, true>();

  constructor(environment: string) {
    this.#environment = environment;
  }

  /** Judges what a hello shows, and remembers a sound one. */
  judge({ identity, bound, binder }: Shown, secrets: Secrets): BinderVerdict {
    const meant = parseIdentity(identity);
    // Also done for another environment, so that it takes as long as for another key.
    const key = this.#keyOf(secretFor(secrets, meant?.id ?? null));
    const sound = createHmac('sha256', key).update(hashOf(bound)).digest();
    const isEqual = binder.length === sound.length && timingSafeEqual(sound, binder);
    if (!isEqual || meant?.environment !== this.#environment) return 'unsound';
    return this.#remember(sound.toString('latin1'));
  }

  #remember(binder: string): BinderVerdict {
    if (this.#seen.has(binder)) return 'seen before';
    this.#seen.set(binder, true);
    this.#seen.dropOldest(() => this.#seen.size > SEEN_MAX);
    return 'sound';
  }

  #keyOf(secret: Secret): Buffer {
    const known = this.#keys.get(secret);
    if (known !== undefined) return known;
    const early = createHmac('sha256', Buffer.alloc(HASH_BYTES)).update(secret.key).digest();
    const binderKey = expandLabel(early, 'ext binder', hashOf(Buffer.alloc(0)));
    const key = expandLabel(binderKey, 'finished', Buffer.alloc(0));
    this.#keys.set(secret, key);
    return key;
  }
}

/** HKDF-Expand-Label of RFC 8446 7.1, for one hash. */
function expandLabel(secret: Buffer, label: string, context: Buffer): Buffer {
  const full = Buffer.from(`tls13 ${label}`);
  const info = [Buffer.of(0, HASH_BYTES, full.length), full, Buffer.of(context.length), context];
  return createHmac('sha256', secret)
    .update(Buffer.concat([...info, Buffer.of(1)]))
    .digest();
}

function hashOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

const HASH_BYTES = 32;

/** At some 100 bytes each. One that has been forgotten costs a handshake, and opens nothing. */
export const SEEN_MAX = 65_536;
