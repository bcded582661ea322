// Events of a watch that wait for their reader. The invariant: a slow reader is told everything,
// one event a change, as long as there are not too many; from then on the events of one instance
// are merged. So the number of instances bounds the waiting events, and a reader that applies them
// one after the other always ends with the true state.

import type { WatchEvent } from '../../answers/shapes.ts';
import type { RarangiError } from '../rarangi-error.ts';

/** Events in their order, for one reader. */
export class Mailbox {
  #waiting: WatchEvent[] = [];
  #mergeAtCount = MERGE_AT_COUNT;
  #end: { readonly error: RarangiError | null } | null = null;
  readonly #readers: (() => void)[] = [];

  put(event: WatchEvent): void {
    this.#waiting.push(event);
    if (this.#waiting.length > this.#mergeAtCount) this.#merge();
    this.#wake();
  }

  /** Nothing more will come: an error, or null for a quiet end. */
  end(error: RarangiError | null): void {
    this.#end ??= { error };
    if (error === null) this.#waiting = [];
    this.#wake();
  }

  /** The next event; null at the end. Throws, once, the error that ended it. */
  async take(): Promise<WatchEvent | null> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) return next;
      if (this.#end !== null) {
        const { error } = this.#end;
        this.#end = { error: null };
        if (error !== null) throw error;
        return null;
      }
      await new Promise<void>((resolve) => {
        this.#readers.push(resolve);
      });
    }
  }

  /** The more is left, the later it is tried again: an event costs the same, however many wait. */
  #merge(): void {
    this.#waiting = merged(this.#waiting);
    this.#mergeAtCount = Math.max(MERGE_AT_COUNT, 2 * this.#waiting.length);
  }

  #wake(): void {
    for (const wake of this.#readers.splice(0)) wake();
  }
}

/** The same story in at most two events an instance: it is gone, and there again. */
export function merged(events: readonly WatchEvent[]): WatchEvent[] {
  const story: (WatchEvent | null)[] = [];
  const last = new Map<string, number>();
  for (const event of events) {
    const id = event.instance?.instance;
    const at = id === undefined ? undefined : last.get(id);
    const before = at === undefined ? null : (story[at] ?? null);
    if (at === undefined || before === null || before.change === 'removed') {
      if (id !== undefined) last.set(id, story.length);
      story.push(event);
    } else {
      story[at] = mergedPair(before, event);
    }
  }
  return story.filter((event) => event !== null);
}

/** Two events of an instance, merged into one; null if the second undoes the first. */
function mergedPair(before: WatchEvent, after: WatchEvent): WatchEvent | null {
  const isNew = before.change === 'added' || before.change === 'present';
  if (after.change === 'removed') return isNew ? null : after;
  if (isNew) return { ...after, change: before.change };
  if (before.change === 'updated') return after;
  // Between live and stale there is only the way back.
  return { ...after, change: after.change === 'updated' ? before.change : 'updated' };
}

/** So many events wait unmerged. */
const MERGE_AT_COUNT = 1_000;
