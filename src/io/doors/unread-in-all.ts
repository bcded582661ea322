// The bytes that wait for all readers of a door together. The invariant: what is written is counted
// at once, so the memory for readers that do not read is bounded however many there are, and
// whatever they asked for.

import { fullest } from '../../core/kit/fullest.ts';

/** The unread bytes of all connections of a door. */
export class UnreadInAll<C> {
  readonly #max: number;
  readonly #unreadAt: (connection: C) => number;
  #bytes = 0;

  constructor(max: number, unreadAt: (connection: C) => number) {
    this.#max = max;
    this.#unreadAt = unreadAt;
  }

  /**
   * So many bytes were written to one of these connections. Returns those that must close: the slowest,
   * for which most waits.
   */
  written(bytes: number, connections: Iterable<C>): readonly C[] {
    this.#bytes += bytes;
    if (this.#bytes <= this.#max) return [];
    // Most has been read meanwhile.
    const unread = new Map([...connections].map((one) => [one, this.#unreadAt(one)]));
    const leaving = fullest(unread, this.#max);
    for (const one of leaving) unread.delete(one);
    this.#bytes = [...unread.values()].reduce((sum, waiting) => sum + waiting, 0);
    return leaving;
  }
}
