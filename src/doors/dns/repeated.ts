// Questions that come again in the same bytes, as most do: such a question is not read anew. The
// invariants: a question is recognized only if it is the same byte for byte, except for its number,
// and came by the same way; the memory is bounded, whatever clients ask.

import { HEADER_BYTES } from './codes.ts';
import type { DnsQuery } from './query.ts';
import type { Answers } from './ready.ts';
import type { DnsClient } from './responder.ts';
import { wireBytes } from './wire-name.ts';

/** The way by which a query came, and its sender. */
export interface Way extends DnsClient {
  readonly isStream: boolean;
  /** Its sender is on loopback, where the largest datagrams pass. */
  readonly isLoopback: boolean;
  /** Whether its sender may ask at all. */
  readonly isAllowed: boolean;
}

/** A question whose answers are ready. */
export interface Repeated {
  /** All of it, its number included. */
  readonly bytes: Uint8Array;
  readonly way: Way;
  /** Its name, as an answer repeats it. */
  readonly name: Uint8Array;
  readonly recursionDesired: boolean;
  readonly answers: Answers;
}

/** The latest questions: each question has one place, and each place keeps one question. */
export class RepeatedQuestions {
  readonly #places: (Repeated | undefined)[] = Array.from({ length: PLACES });

  /** The entry for a question. */
  of(bytes: Uint8Array, way: Way): Repeated | null {
    if (bytes.length > BYTES_MAX) return null;
    const known = this.#places[placeOf(bytes)];
    return known?.way === way && isSame(known.bytes, bytes) ? known : null;
  }

  /** Remembers one that has ready bytes, in the place of another. */
  put(
    bytes: Uint8Array,
    way: Way,
    { query, answers }: { query: DnsQuery; answers: Answers },
  ): Repeated {
    const { recursionDesired, question } = query;
    const name = wireBytes(question.name);
    const repeated = { bytes: bytes.slice(), way, name, recursionDesired, answers };
    if (bytes.length <= BYTES_MAX) this.#places[placeOf(bytes)] = repeated;
    return repeated;
  }
}

/** By the bytes after the header, four at a time; it is enough that few questions share a place. */
function placeOf(bytes: Uint8Array): number {
  let hash = bytes.length;
  for (let at = HEADER_BYTES; at < bytes.length; at += 4) {
    const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
    const high = (bytes[at + 2] ?? 0) | ((bytes[at + 3] ?? 0) << 8);
    hash = Math.imul(hash ^ low ^ (high << 16), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash & (PLACES - 1);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = NUMBER_BYTES; at < one.length; at += 1) if (one[at] !== other[at]) return false;
  return true;
}

/** A query begins with its number, which differs each time. */
const NUMBER_BYTES = 2;

/** A power of two. */
const PLACES = 1_024;

/** A question with its EDNS is mostly shorter than a hundred bytes. */
const BYTES_MAX = 512;
