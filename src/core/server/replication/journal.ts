// The order in which the origins grew, so that a link finds its news without a mark for each
// change: a master has a hundred links, and marking each of them at every change of thousands of
// origins adds up. Each origin stands here once, at its latest change. The invariant: stamps
// ascend, and a link that has looked up to a stamp has missed nothing before it.

/** An item of the journal: it has a stamp of its own, 0 for none. */
interface Stamped {
  stamp: number;
}

/** Origins by their latest change. */
export class Journal<O extends Stamped> {
  /** The stamp of the latest change. */
  stamp = 0;
  /**
   * The changed origins, and the stamps of their changes: two lists, because a server has
   * thousands.
   */
  #origins: O[] = [];
  #stamps: number[] = [];
  #count = 0;

  /** How many rows are kept, outdated ones included. */
  get size(): number {
    return this.#origins.length;
  }

  /** An origin has changed. */
  note(origin: O): void {
    if (origin.stamp === 0) this.#count += 1;
    this.stamp += 1;
    origin.stamp = this.stamp;
    this.#origins.push(origin);
    this.#stamps.push(this.stamp);
    if (this.size > 2 * this.#count + SLACK) this.#tidy();
  }

  /** Takes an origin out. */
  drop(origin: O): void {
    if (origin.stamp !== 0) this.#count -= 1;
    origin.stamp = 0;
  }

  /** The origins that changed since a stamp, the earliest change first. */
  since(stamp: number): O[] {
    const found: O[] = [];
    for (let index = this.#firstAfter(stamp); index < this.size; index += 1) {
      const origin = this.#origins[index];
      if (origin?.stamp === this.#stamps[index] && origin !== undefined) found.push(origin);
    }
    return found;
  }

  /** Drops the rows that are outdated. */
  #tidy(): void {
    this.#origins = this.since(0);
    this.#stamps = this.#origins.map((origin) => origin.stamp);
  }

  #firstAfter(stamp: number): number {
    let [low, high] = [0, this.size];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#stamps[middle] ?? 0) <= stamp) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Rows that are outdated may stay until they are this many more than the others. */
const SLACK = 64;
