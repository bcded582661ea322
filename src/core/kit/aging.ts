// Maps that forget their oldest entries. The first entry of a Map is slow to find once many before
// it were deleted: each search walks over the holes that they left, which took 15 microseconds in a
// map of 16,384. So the place of the oldest is kept from one search to the next. The invariant:
// what `dropOldest` looks at is the entry that was added first of all that are here; and what was
// deleted is kept by nothing here for longer than as many more deletions as there are entries.

/** A map in the order of addition; to make an entry the latest, delete it and set it anew. */
export class AgingMap<K, V> extends Map<K, V> {
  /** Stands behind the oldest that was found last; null where the next search begins anew. */
  #walk: IterableIterator<K> | null = null;
  /** Since the walk began. */
  #deletions = 0;
  /** The oldest, if it has been looked for. */
  #oldest: { readonly key: K } | null = null;

  override delete(key: K): boolean {
    const isDeleted = super.delete(key);
    if (!isDeleted) return false;
    if (this.#oldest?.key === key) this.#oldest = null;
    this.#deletions += 1;
    // A walk that stands still keeps every table that the map has outgrown since, with what was in it.
    if (this.#deletions > this.size + DELETIONS_MIN) this.#walk = null;
    return true;
  }

  override clear(): void {
    this.#oldest = null;
    this.#walk = null;
    super.clear();
  }

  /** The key of the oldest entry. */
  oldestKey(): K | undefined {
    this.#oldest ??= this.#next();
    if (this.#oldest === null && this.size > 0) {
      // A walk that has come to its end sees nothing of what was added since.
      this.#walk = null;
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
    if (this.#walk === null) this.#deletions = 0;
    this.#walk ??= this.keys();
    const step: IteratorResult<K, undefined> = this.#walk.next();
    return step.done === true ? null : { key: step.value };
  }
}

/** Fewer are no reason to begin a walk anew. */
const DELETIONS_MIN = 64;
