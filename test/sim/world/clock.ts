// Virtual time: the coming events, and when. Equal times run in the order in which they were asked
// for, so one seed is one run. A large simulation has a hundred million events, so an event has no
// name, and one that was cancelled stays in the heap until it comes up.

/** A coming event. */
interface Event {
  readonly dueMs: number;
  readonly serial: number;
  /** Null if it was cancelled. */
  run: (() => void) | null;
}

/** The only time there is in a simulation, in milliseconds. */
export class Clock {
  nowMs = 0;
  readonly #heap: Event[] = [];
  #serial = 0;

  /** Calls `run` after a while. */
  after(delayMs: number, run: () => void): void {
    this.#add({ dueMs: this.nowMs + delayMs, serial: this.#nextSerial(), run });
  }

  /** Calls `run` at a moment, or at once if that is over; the returned function cancels it. */
  at(atMs: number, run: () => void): () => void {
    const dueMs = Math.max(atMs, this.nowMs);
    const event: Event = { dueMs, serial: this.#nextSerial(), run };
    this.#add(event);
    return () => {
      event.run = null;
    };
  }

  /** Lets time pass. */
  run(forMs: number): void {
    const endMs = this.nowMs + forMs;
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.dueMs > endMs) break;
      this.#removeFirst();
      if (next.run === null) continue;
      this.nowMs = next.dueMs;
      next.run();
    }
    this.nowMs = endMs;
  }

  #nextSerial(): number {
    this.#serial += 1;
    return this.#serial;
  }

  #add(event: Event): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, event)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (left === undefined) break;
      let least = left;
      if (right !== undefined && isBefore(right, left)) {
        least = right;
        child += 1;
      }
      if (isBefore(last, least)) break;
      heap[index] = least;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.serial < other.serial);
}
