// Questions that are asked again in the very same bytes, as most are: such a one is not read anew. The
// invariants: a question is known again only if it is the same byte for byte, its number aside, and
// came by the same way; what is remembered is bounded, whoever asks for whatever.

import type { Query } from './query.ts';
import type { Kept } from './ready.ts';
import type { Asker } from './responder.ts';
import { wireBytes } from './wire-name.ts';

/** By which way a query came, and from whom. */
export interface Way extends Asker {
  readonly isStream: boolean;
  /** Its sender is on loopback, where the largest datagrams pass. */
  readonly isLoopback: boolean;
  /** Whether its sender may ask at all. */
  readonly isAllowed: boolean;
}

/** A question that was answered from ready bytes. */
export interface Repeated {
  /** All of it, its number included. */
  readonly bytes: Uint8Array;
  readonly way: Way;
  /** Its name, as an answer repeats it. */
  readonly name: Uint8Array;
  readonly recursionDesired: boolean;
  readonly kept: Kept;
}

/** The questions that were asked last: one for each place, of which each question has one. */
export class RepeatedQuestions {
  readonly #places: (Repeated | undefined)[] = Array.from({ length: PLACES });

  /** What is known of a question. */
  of(bytes: Uint8Array, way: Way): Repeated | null {
    if (bytes.length > BYTES_MAX) return null;
    const known = this.#places[placeOf(bytes)];
    return known?.way === way && isSame(known.bytes, bytes) ? known : null;
  }

  /** Remembers one that has ready bytes, in the place of another. */
  put(bytes: Uint8Array, way: Way, { query, kept }: { query: Query; kept: Kept }): Repeated {
    const { recursionDesired, question } = query;
    const name = wireBytes(question.name);
    const repeated = { bytes: bytes.slice(), way, name, recursionDesired, kept };
    if (bytes.length <= BYTES_MAX) this.#places[placeOf(bytes)] = repeated;
    return repeated;
  }
}

/** FNV-1a over all but the number. */
function placeOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let at = NUMBER_BYTES; at < bytes.length; at += 1) {
    hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  }
  return (hash ^ (hash >>> 16)) & (PLACES - 1);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = NUMBER_BYTES; at < one.length; at += 1) if (one[at] !== other[at]) return false;
  return true;
}

/** A query begins with its number, which is another one each time. */
const NUMBER_BYTES = 2;

/** A power of two. */
const PLACES = 1_024;

/** A question with its EDNS is mostly shorter than a hundred bytes. */
const BYTES_MAX = 512;
