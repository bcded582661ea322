// Seeded generators of numbers from 0 to 1: mulberry32 (Tommy Ettinger, public domain). A world has
// many streams of one seed, each with a name: who draws more, or earlier, changes nobody else's.

import { hashOf } from '../../../src/core/kit/hash.ts';

/** Gives the next number. */
export type Prng = () => number;

/** A generator that gives the same numbers for the same seed. */
export function prngOf(seed: number): Prng {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Gives the stream of a name. */
export type Streams = (name: string) => Prng;

/** The streams of a seed. Those of one name begin alike, so each user has a name of its own. */
export function streamsOf(seed: number): Streams {
  return (name) => prngOf(hashOf(`${String(seed)} ${name}`));
}

/** Numbers things of one kind, so that each has a name which others do not change. */
export class Numbering {
  readonly #counts = new Map<string, number>();

  /** The kind, and a number that counts up from 1. */
  next(kind: string): string {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return `${kind} ${String(count)}`;
  }
}

/** 32 hexadecimal digits. */
export function randomBytesOf(random: Prng): string {
  let digits = '';
  while (digits.length < 32) digits += Math.floor(random() * 16).toString(16);
  return digits;
}
