// Choices of a fuzzer, all from one seeded generator, so that a run can be replayed.

import type { Prng } from '../sim/world/prng.ts';
import { prngOf } from '../sim/world/prng.ts';

/** Makes choices. */
export class Chance {
  readonly #random: Prng;

  constructor(seed: number) {
    this.#random = prngOf(seed);
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError('nothing to choose from');
    return from[this.below(from.length)] as T;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}
