// The instances that readers of filtered watches were told of: one that fits the filter no longer
// is gone for its reader, if it was told of before. The invariant: all that are remembered are
// counted, so the memory is bounded however many watches there are, and whatever they ask for.

import { fullest } from '../../core/kit/fullest.ts';
import { HTTP_LIMITS } from '../../doors/http/limits.ts';
import type { InstanceId } from '../../protocol/ids.ts';

/** The instances of one reader. */
export interface ToldIds {
  has(id: InstanceId): boolean;
  add(id: InstanceId): void;
  delete(id: InstanceId): void;
  /** The reader is gone, and all that it was told of is forgotten. */
  close(): void;
}

/** The instances of all readers of a door. */
export class ToldInstances {
  readonly #readers = new Map<Set<InstanceId>, () => void>();
  readonly #max: number;
  #count = 0;

  constructor(max: number = MAX) {
    this.#max = max;
  }

  /** How many are remembered. */
  get count(): number {
    return this.#count;
  }

  /** A reader comes; `onExcess` is called once if it must go, because all were told of too many. */
  open(onExcess: () => void): ToldIds {
    const ids = new Set<InstanceId>();
    this.#readers.set(ids, onExcess);
    return {
      has: (id) => ids.has(id),
      add: (id) => {
        if (!this.#readers.has(ids) || ids.has(id)) return;
        ids.add(id);
        this.#count += 1;
        this.#relieve();
      },
      delete: (id) => {
        if (ids.delete(id)) this.#count -= 1;
      },
      close: () => {
        this.#close(ids);
      },
    };
  }

  /** Those go that were told of most. */
  #relieve(): void {
    if (this.#count <= this.#max) return;
    const held = [...this.#readers.keys()].map((ids) => [ids, ids.size] as const);
    for (const ids of fullest(held, this.#max)) {
      const onExcess = this.#readers.get(ids);
      this.#close(ids);
      onExcess?.();
    }
  }

  #close(ids: Set<InstanceId>): void {
    if (!this.#readers.delete(ids)) return;
    this.#count -= ids.size;
    ids.clear();
  }
}

const { max: MAX } = HTTP_LIMITS['http-told-in-all'];
