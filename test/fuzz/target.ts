// The interface of a thing that a fuzzer tries to break.

import type { Chance } from './chance.ts';

/** Something that is fuzzed. `I` is an input: plain data, so that it can be kept and changed. */
export interface Target<I> {
  readonly name: string;
  /** Its first inputs. */
  readonly seeds: readonly I[];
  mutate(input: I, chance: Chance): I;
  /**
   * Runs one input and names what happened on the way: an input that brings a new name is kept and
   * changed further. Throws when an invariant is broken.
   */
  run(input: I): Iterable<string>;
  /** The input as a text, for the report of a finding. */
  show(input: I): string;
}

/** How a target fared. */
export interface Tally {
  executions: number;
  kept: number;
  readonly findings: Finding[];
}

/** An input that broke something. */
export interface Finding {
  readonly input: string;
  readonly error: string;
}

/** Runs a target for a number of inputs, going on from what was kept before. */
export class Campaign<I> {
  readonly target: Target<I>;
  readonly tally: Tally = { executions: 0, kept: 0, findings: [] };
  readonly #corpus: I[] = [];
  readonly #names = new Set<string>();
  readonly #errors = new Set<string>();

  constructor(target: Target<I>) {
    this.target = target;
    for (const seed of target.seeds) this.#try(seed);
  }

  run(executions: number, chance: Chance): void {
    for (let count = 0; count < executions; count += 1) {
      // The latest kept input is the least explored.
      const size = this.#corpus.length;
      const near = Math.max(1, Math.min(size, 50));
      const at = chance.oneIn(2) ? size - 1 - chance.below(near) : chance.below(size);
      const input = this.#corpus[at];
      if (input === undefined) throw new RangeError(`${this.target.name}: no seed is left`);
      this.#try(this.target.mutate(input, chance));
    }
  }

  #try(input: I): void {
    this.tally.executions += 1;
    let isNew = false;
    try {
      for (const name of this.target.run(input)) {
        if (this.#names.has(name)) continue;
        this.#names.add(name);
        isNew = true;
      }
    } catch (error) {
      this.#find(input, error);
      return;
    }
    if (!isNew) return;
    this.#corpus.push(input);
    this.tally.kept = this.#corpus.length;
  }

  #find(input: I, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const kind = text.replace(/\d+/g, '0');
    if (this.#errors.has(kind)) return;
    this.#errors.add(kind);
    this.tally.findings.push({ input: this.target.show(input), error: text });
  }
}

/** A text without the parts that differ from input to input. */
export function kindOf(text: string): string {
  return text.replace(/0x[0-9a-f]+|[0-9a-f]{32}|\d+/g, '#').slice(0, 80);
}
