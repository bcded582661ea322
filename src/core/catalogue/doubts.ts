// Origins that hold an instance by news that may be older than the instance's end: they do not
// count as its holders yet. The invariant: a doubted origin holds the instance, or is about to.

import type { InstanceId, OriginId } from '../../protocol/ids.ts';

/** Holders that are doubted, by instance. */
export class DoubtedHolders {
  readonly #late = new Map<InstanceId, readonly OriginId[]>();

  /** The doubted holders of an instance. */
  of(instance: InstanceId): readonly OriginId[] | undefined {
    return this.#late.get(instance);
  }

  all(): Iterable<readonly [InstanceId, readonly OriginId[]]> {
    return this.#late;
  }

  add(origin: OriginId, instance: InstanceId): void {
    const late = this.#late.get(instance) ?? [];
    if (!late.includes(origin)) this.#late.set(instance, [...late, origin]);
  }

  /** Returns whether there was a doubt. */
  delete(origin: OriginId, instance: InstanceId): boolean {
    const late = this.#late.get(instance);
    if (late?.includes(origin) !== true) return false;
    const others = late.filter((other) => other !== origin);
    if (others.length === 0) this.#late.delete(instance);
    else this.#late.set(instance, others);
    return true;
  }
}
