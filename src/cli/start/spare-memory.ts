// Memory that a burst has left behind. V8 lets garbage grow to about the size of the live heap, and
// gives pages back after minutes of rest, sometimes never. A server runs on every host of a fleet
// and is at rest nearly always, so it collects garbage then. The invariant: never while there is
// work, because a collection stops everything, with a hundred thousand registrations for some 30
// ms; and only in our own program: a program that embeds a server decides about its own memory.
// Measured by `npm run bench -- idle sync`.

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * From now on gives memory back at rest, until the signal aborts. Does not keep the process alive.
 */
export function giveBackAtRest(until: AbortSignal, lookMs = LOOK_MS): void {
  let collect: (() => void) | null = null;
  const spare = new SpareMemory(heapNow().committedBytes);
  let used = process.cpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(used);
    const busyShare = (user + system) / (MICROSECONDS * lookMs);
    if (spare.isTime({ busyShare, committedBytes: heapNow().committedBytes })) {
      collect ??= collector();
      collect();
      spare.noteCollected(heapNow());
    }
    // After the collection, which is no work.
    used = process.cpuUsage();
  }, lookMs);
  timer.unref();
  const end = (): void => {
    clearInterval(timer);
  };
  until.addEventListener('abort', end, { once: true });
}

/** When it is time to collect: at rest, a few times once the heap has grown. */
export class SpareMemory {
  #givenBackToBytes: number;
  #left = 0;

  /** The size of the heap before any work. */
  constructor(committedBytes: number) {
    this.#givenBackToBytes = committedBytes;
  }

  /** Whether to collect now. The share is that of one processor since the last look. */
  isTime(look: { readonly busyShare: number; readonly committedBytes: number }): boolean {
    if (look.committedBytes >= this.#givenBackToBytes + SPARE_BYTES) this.#left = IN_A_ROW_MAX;
    return look.busyShare < BUSY_SHARE && this.#left > 0;
  }

  /**
   * One collection empties pages, and the next ones join the rest: so it goes on while much is
   * spare.
   */
  noteCollected(heap: { readonly committedBytes: number; readonly usedBytes: number }): void {
    this.#givenBackToBytes = heap.committedBytes;
    const spareBytes = heap.committedBytes - heap.usedBytes;
    this.#left = spareBytes < SPARE_BYTES ? 0 : this.#left - 1;
  }
}

function heapNow(): { readonly committedBytes: number; readonly usedBytes: number } {
  const { total_heap_size: committedBytes, used_heap_size: usedBytes } = getHeapStatistics();
  return { committedBytes, usedBytes };
}

/**
 * V8's own function. Its flag is taken back at once: a cache of compiled code depends on the flags.
 */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return collect;
}

/** How often it looks. */
const LOOK_MS = 5_000;

const MICROSECONDS = 1_000;

/** Less work than this is rest. */
const BUSY_SHARE = 0.05;

/** The spare memory that is worth a collection. */
const SPARE_BYTES = 8e6;

/** Asking more often gives nothing back. */
const IN_A_ROW_MAX = 4;
