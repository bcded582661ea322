// Memory that a burst has left behind. V8 lets garbage grow to about as much as lives and gives pages
// back when it has rested for minutes, sometimes never, and a server that sits on every host of a
// fleet is at rest nearly always. So it collects garbage then. The invariant: never while there is
// work, for a collection holds up everything, a hundred thousand registrations for some 30 ms; and
// only in a program of our own: whoever embeds a server decides about its memory. Measured by
// `npm run bench -- idle sync`.

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** From now on gives memory back at rest, until the signal says so. Keeps no process running. */
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

  /** One collection empties pages, and the next ones join what is left: on, while much is spare. */
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

/** V8's own. Its flag is taken back at once: code that is kept for the next start goes by flags. */
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

/** What is worth a collection. */
const SPARE_BYTES = 8e6;

/** Nothing is given back by asking more often. */
const IN_A_ROW_MAX = 4;
