// The deadlines of a core: a heap of named timers, each with its callback. One invariant: a name
// has one timer; setting it again replaces it. Equal times run in the order in which they were set,
// so that the same inputs give the same effects. Replaced and cancelled timers stay in the heap
// until they come up, which costs less than looking for them.

/** A table of timers: by name the owner of each, and what happens when it is due. */
export type TimerTable = Readonly<Record<string, { readonly owner: string; readonly due: string }>>;

/** The names of a table's timers: a timer of an owner has the owner's id behind its name. */
export type TimerName<Table extends TimerTable> = {
  [Name in keyof Table & string]: Table[Name]['owner'] extends 'core' ? Name : `${Name} ${string}`;
}[keyof Table & string];

interface Timer<Name extends string> {
  readonly dueMs: number;
  readonly serial: number;
  readonly name: Name;
  readonly run: () => void;
  /** It was cancelled or replaced. */
  isVoid: boolean;
}

/** Named timers in virtual time. Nothing here knows what time it is. */
export class Timers<Name extends string = string> {
  readonly #heap: Timer<Name>[] = [];
  readonly #armed = new Map<Name, Timer<Name>>();
  #serial = 0;

  /** Calls `run` when `dueMs` has come, instead of the earlier callback of that name. */
  set(name: Name, dueMs: number, run: () => void): void {
    this.#serial += 1;
    const timer = { dueMs, serial: this.#serial, name, run, isVoid: false };
    this.#void(name);
    this.#armed.set(name, timer);
    this.#heap.push(timer);
    this.#siftUp(this.#heap.length - 1);
  }

  /** As `set`, unless the name has an earlier time already. */
  setEarlier(name: Name, dueMs: number, run: () => void): void {
    const armed = this.#armed.get(name);
    if (armed === undefined || armed.dueMs > dueMs) this.set(name, dueMs, run);
  }

  /** Puts a timer off, if there is one of that name. */
  delay(name: Name, byMs: number): void {
    const armed = this.#armed.get(name);
    if (armed !== undefined) this.set(name, armed.dueMs + byMs, armed.run);
  }

  cancel(name: Name): void {
    this.#void(name);
    this.#armed.delete(name);
  }

  has(name: Name): boolean {
    return this.#armed.has(name);
  }

  /** The next moment at which a timer is due; Infinity when there is none. */
  nextMs(): number {
    let top = this.#heap[0];
    while (top?.isVoid === true) {
      this.#pop();
      top = this.#heap[0];
    }
    return top === undefined ? Infinity : top.dueMs;
  }

  /** Runs all due timers, in order; also those that they set for a time that has come. */
  runDue(nowMs: number): void {
    while (this.nextMs() <= nowMs) {
      const timer = this.#pop();
      if (timer === undefined) return;
      this.#armed.delete(timer.name);
      timer.run();
    }
  }

  #void(name: Name): void {
    const armed = this.#armed.get(name);
    if (armed !== undefined) armed.isVoid = true;
  }

  #siftUp(start: number): void {
    const heap = this.#heap;
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(heap[index], heap[parent])) return;
      swap(heap, index, parent);
      index = parent;
    }
  }

  #pop(): Timer<Name> | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || top === last) return top;
    heap[0] = last;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      const child = isBefore(heap[right], heap[left]) ? right : left;
      if (!isBefore(heap[child], heap[index])) return top;
      swap(heap, index, child);
      index = child;
    }
  }
}

type Due = Pick<Timer<string>, 'dueMs' | 'serial'>;

function isBefore(one: Due | undefined, other: Due | undefined): boolean {
  if (one === undefined || other === undefined) return one !== undefined;
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.serial < other.serial);
}

function swap(heap: unknown[], index: number, other: number): void {
  const held = heap[index];
  const moved = heap[other];
  if (held === undefined || moved === undefined) return;
  heap[index] = moved;
  heap[other] = held;
}
