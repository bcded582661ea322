// A hash of text: for comparing states and for spreading servers over masters, not for secrets.
// FNV-1a over UTF-16 units (Fowler, Noll, Vo), then the finalizer of MurmurHash3 (Appleby), because
// FNV alone leaves the high bits of short, similar names alike. 32 bits; the same on every machine.

/** A whole number from 0 to 2^32 - 1. */
export function hashOf(text: string): number {
  return hashed(mixed(HASH_START, text));
}

/** Adds a text to a hash under way: the result is the hash of the joined texts. */
export function mixed(hash: number, text: string): number {
  let mix = hash;
  for (let index = 0; index < text.length; index += 1) {
    mix = Math.imul(mix ^ text.charCodeAt(index), 0x01000193);
  }
  return mix;
}

/** The hash of all that was mixed in. */
export function hashed(mix: number): number {
  let hash = Math.imul(mix ^ (mix >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The initial value of a hash. */
export const HASH_START = 0x811c9dc5;
