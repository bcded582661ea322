// A checker looks at the whole world every 100 ms of virtual time, and says what is wrong; on
// request it also looks at each server after each of its steps. Each fault is told once, however
// long it lasts.

import type { Cluster, SimServer } from '../world/cluster.ts';
import { Paths } from './paths.ts';

/** One invariant of the design, watched all the time. */
export interface Checker {
  /** The invariant, as a sentence. */
  readonly name: string;
  /** What is wrong now; each sentence begins with what it is about and stays the same. */
  readonly check: (world: Cluster, paths: Paths) => readonly string[];
  /** The same of one server, after each of its steps: for what must not be wrong for a moment. */
  readonly look?: (server: SimServer, world: Cluster, paths: Paths) => readonly string[];
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
    const lookers = checkers.filter(({ look }) => look !== undefined);
    if (lookers.length === 0) return;
    world.onStepped = (server) => {
      for (const { name, look } of lookers)
        this.#say(name, look?.(server, world, this.paths) ?? []);
    };
  }

  /** Lets time pass and looks, until that is enough. */
  run(forMs: number, isEnough: () => boolean = () => false): void {
    const endMs = this.#world.nowMs + forMs;
    while (this.#world.nowMs < endMs && !isEnough()) {
      this.#world.run(Math.min(TICK_MS, endMs - this.#world.nowMs));
      this.paths.update(this.#world);
      for (const checker of this.#checkers) this.note(checker);
    }
  }

  /** Looks with one checker now. */
  note({ name, check }: Checker): void {
    this.#say(name, check(this.#world, this.paths));
  }

  #say(invariant: string, all: readonly string[]): void {
    for (const what of all) {
      if (this.#said.has(what)) continue;
      this.#said.add(what);
      this.violations.push({ nowMs: this.#world.nowMs, invariant, what });
    }
  }
}

const TICK_MS = 100;
