// How late the timers of this process fire. The invariant: it costs ten short timers a second and a
// few numbers, whatever happens; an event loop that was blocked is noticed when it goes on.

import { LAG_BOUNDS } from '../../doors/metrics/table.ts';
import type { Histogram } from '../../doors/metrics/exposition.ts';
import type { Cancel, Runtime } from '../machine/runtime.ts';

/** Measures from its construction to `close`. */
export class LoopLag {
  readonly #runtime: Pick<Runtime, 'nowMs' | 'setAlarm'>;
  readonly #counts = new Array<number>(LAG_BOUNDS.length + 1).fill(0);
  #sum = 0;
  #cancel: Cancel = () => undefined;

  constructor(runtime: Pick<Runtime, 'nowMs' | 'setAlarm'>) {
    this.#runtime = runtime;
    this.#wait(runtime.nowMs());
  }

  /** What was measured. */
  get histogram(): Histogram {
    return { bounds: LAG_BOUNDS, counts: [...this.#counts], sum: this.#sum };
  }

  close(): void {
    this.#cancel();
  }

  #wait(sinceMs: number): void {
    const dueMs = sinceMs + EVERY_MS;
    this.#cancel = this.#runtime.setAlarm(dueMs, () => {
      const nowMs = this.#runtime.nowMs();
      this.#note(Math.max(nowMs - dueMs, 0) / 1_000);
      this.#wait(nowMs);
    });
  }

  #note(seconds: number): void {
    const index = LAG_BOUNDS.findIndex((bound) => seconds <= bound);
    const bucket = index < 0 ? LAG_BOUNDS.length : index;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += seconds;
  }
}

const EVERY_MS = 100;
