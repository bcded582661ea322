// Maps that forget their oldest entries. The first entry of a Map is slow to find once many before
// it were deleted: each search walks over the holes that they left, which took 15 microseconds in a
// map of 16,384. So the place of the oldest is kept from one search to the next. The invariant:
// what `dropOldest` looks at is the entry that was added first of all that are here.

/** A map in the order of addition; to make an entry the latest, delete it and set it anew. */
export class AgingMap<K, V> extends Map<K, V> {
  #walk = this.keys();
  /** The oldest, if it has been looked for. */
  #oldest: { readonly key: K } | null = null;

  override delete(key: K): boolean {
    if (this.#oldest?.key === key) this.#oldest = null;
    return super.delete(key);
  }

  override clear(): void {
    this.#oldest = null;
    super.clear();
  }

  /** The key of the oldest entry. */
  oldestKey(): K | undefined {
    this.#oldest ??= this.#next();
    if (this.#oldest === null && this.size > 0) {
      // A walk that has come to its end sees nothing of what was added since.
      this.#walk = this.keys();
      this.#oldest = this.#next();
    }
    return this.#oldest?.key;
  }

  /** Drops the oldest entry, again and again, while this says so. */
  dropOldest(isOver: (value: V) => boolean): void {
    while (this.size > 0) {
      const key = this.oldestKey() as K;
      if (!isOver(this.get(key) as V)) return;
      this.delete(key);
    }
  }

  #next(): { readonly key: K } | null {
    const { value, done } = this.#walk.next();
    return done === true ? null : { key: value };
  }
}
