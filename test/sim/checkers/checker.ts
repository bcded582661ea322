// What a checker is: it looks at the whole world every 100 ms of virtual time, and says what is
// wrong. Whatever is wrong is said once, however long it stays so.

import type { Cluster } from '../world/cluster.ts';
import { Paths } from './paths.ts';

/** One invariant of the design, watched all the time. */
export interface Checker {
  /** The invariant, as a sentence. */
  readonly name: string;
  /** What is wrong now; each sentence begins with what it is about and stays the same. */
  readonly check: (world: Cluster, paths: Paths) => readonly string[];
}

/** Something that must never be. */
export interface Violation {
  readonly nowMs: number;
  readonly invariant: string;
  readonly what: string;
}

/** Lets time pass in a world, and watches it. */
export class Monitor {
  readonly violations: Violation[] = [];
  readonly paths = new Paths();
  readonly #world: Cluster;
  readonly #checkers: readonly Checker[];
  readonly #said = new Set<string>();

  constructor(world: Cluster, checkers: readonly Checker[]) {
    this.#world = world;
    this.#checkers = checkers;
  }

  run(forMs: number): void {
    const endMs = this.#world.nowMs + forMs;
    while (this.#world.nowMs < endMs) {
      this.#world.run(Math.min(TICK_MS, endMs - this.#world.nowMs));
      this.paths.update(this.#world);
      for (const checker of this.#checkers) this.note(checker);
    }
  }

  /** Looks with one checker now. */
  note({ name, check }: Checker): void {
    for (const what of check(this.#world, this.paths)) {
      if (this.#said.has(what)) continue;
      this.#said.add(what);
      this.violations.push({ nowMs: this.#world.nowMs, invariant: name, what });
    }
  }
}

const TICK_MS = 100;
