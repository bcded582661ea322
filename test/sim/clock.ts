// Virtual time: what is to happen, and when. Equal times run in the order in which they were asked
// for, so one seed is one run.

import { Timers } from '../../src/core/timers.ts';

/** The only time there is in a simulation, in milliseconds. */
export class Clock {
  nowMs = 0;
  readonly #timers = new Timers();
  #events = 0;

  /** Calls `run` after a while. */
  after(delayMs: number, run: () => void): void {
    this.#events += 1;
    this.#timers.set(`event ${String(this.#events)}`, this.nowMs + delayMs, run);
  }

  /** Sets the one alarm of a name; Infinity for none. */
  setAlarm(name: string, atMs: number, run: () => void): void {
    if (atMs === Infinity) this.#timers.cancel(name);
    else this.#timers.set(name, Math.max(atMs, this.nowMs), run);
  }

  /** Lets time pass. */
  run(forMs: number): void {
    const endMs = this.nowMs + forMs;
    for (;;) {
      const nextMs = this.#timers.nextMs();
      if (nextMs > endMs) break;
      this.nowMs = nextMs;
      this.#timers.runDue(nextMs);
    }
    this.nowMs = endMs;
  }
}
