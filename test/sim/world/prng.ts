// A seeded generator of numbers from 0 to 1: mulberry32 (Tommy Ettinger, public domain).

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

/** 32 hexadecimal digits. */
export function randomBytesOf(random: Prng): string {
  let digits = '';
  while (digits.length < 32) digits += Math.floor(random() * 16).toString(16);
  return digits;
}
