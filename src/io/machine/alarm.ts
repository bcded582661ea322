// The one alarm of a driver: the next moment that its core wants. One invariant: it rings at that
// moment or a little later. An alarm that is set too early is left as it is, because most deadlines
// are put off in every turn.

import type { Cancel, Runtime } from './runtime.ts';

/** What an alarm needs of its driver. */
interface AlarmOptions {
  readonly runtime: Pick<Runtime, 'nowMs' | 'setAlarm'>;
  /** When it is to ring; Infinity for never. */
  readonly nextMs: () => number;
  readonly ring: () => void;
}

/** An alarm that follows what the core wants. */
export class Alarm {
  readonly #options: AlarmOptions;
  #set: { readonly atMs: number; readonly cancel: Cancel } | null = null;

  constructor(options: AlarmOptions) {
    this.#options = options;
  }

  /** Follows the next moment that the core wants now. */
  arm(): void {
    const { runtime, nextMs, ring } = this.#options;
    const atMs = nextMs();
    if (atMs === Infinity) this.disarm();
    if (atMs === Infinity || (this.#set !== null && this.#set.atMs <= atMs)) return;
    this.disarm();
    const cancel = runtime.setAlarm(atMs, () => {
      this.#set = null;
      if (nextMs() > runtime.nowMs()) this.arm();
      else ring();
    });
    this.#set = { atMs, cancel };
  }

  disarm(): void {
    this.#set?.cancel();
    this.#set = null;
  }
}
