// The base of every core of a client: inputs in, effects out, one next deadline, a beginning and an
// end. The invariant: the first input begins its life, whatever it is, and after `end` neither
// inputs nor time have any effect.

import type { ClientEffect } from './effect.ts';
import { Timers } from '../kit/timers.ts';
import type { ClientTimers } from './timers.ts';

/** A core that takes inputs `I` and reports `R`. */
export abstract class ClientBase<I extends { readonly nowMs: number }, R> {
  protected readonly timers: ClientTimers = new Timers();
  /** The time of the input that is being handled. */
  protected nowMs = 0;
  #effects: ClientEffect<R>[] = [];
  #hasBegun = false;
  #isOver = false;

  /** Takes in an input and returns its effects. The first input begins its life. */
  step(input: I): ClientEffect<R>[] {
    this.nowMs = input.nowMs;
    if (!this.#isOver) this.#live(input);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** When `step` wants a `deadline`, in milliseconds; Infinity for never. */
  nextDeadlineMs(): number {
    if (this.#isOver) return Infinity;
    return this.#hasBegun ? this.timers.nextMs() : 0;
  }

  /** Its life begins. */
  protected abstract begin(): void;

  /** Handles an input, and at the right point all timers that are due at its time. */
  protected abstract handle(input: I): void;

  protected emit(effect: ClientEffect<R>): void {
    this.#effects.push(effect);
  }

  protected report(report: R): void {
    this.emit({ kind: 'report', report });
  }

  /** Its life is over: once. */
  protected end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.emit({ kind: 'stopped' });
  }

  /** The process did not run for so long: what it waits for may have come meanwhile. */
  protected abstract giveTime(lateMs: number): void;

  #live(input: I): void {
    const lateMs = input.nowMs - this.timers.nextMs();
    if (lateMs > LATE_MS) this.giveTime(lateMs);
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.begin();
    }
    this.handle(input);
  }
}

/** A timer that is later than this says that the process was stopped or starved. */
const LATE_MS = 100;
