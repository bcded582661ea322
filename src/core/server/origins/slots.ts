// The small numbers of the origins, at which every link keeps its row for each of them: see
// replication/rows.ts. The invariant: no two known origins have the same slot.

/** Gives out the lowest numbers that are free. */
export class Slots {
  readonly #free: number[] = [];
  #count = 0;

  take(): number {
    const slot = this.#free.pop() ?? this.#count;
    if (slot === this.#count) this.#count += 1;
    return slot;
  }

  free(slot: number): void {
    this.#free.push(slot);
  }
}
