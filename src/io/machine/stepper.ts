// Steps a core, one input at a time, and catches what our own code throws there. A core that can
// live with a fault is told of it; any other core loses the connections that the fault concerns
// (`Cuts`), as if their other ends had closed. The invariant: an input is stepped after all earlier
// ones, and after a fault the next one is stepped as usual.

import type { ConnectionInput } from '../../core/client/effect.ts';
import type { ConnectionId } from '../../core/input.ts';
import type { CaughtFault } from './bulkhead.ts';
import { Cuts, faultOfInput } from './bulkhead.ts';

/** What a stepper needs of its driver. */
export interface StepperOptions<I, E> {
  readonly step: (input: ConnectionInput | I) => readonly E[];
  readonly perform: (effect: E) => void;
  readonly nowMs: () => number;
  /** After this nothing is stepped. */
  readonly isStopped: () => boolean;
  readonly open: () => Iterable<ConnectionId>;
  readonly close: (connection: ConnectionId) => void;
  /** Makes an input of a fault; null for a core that cannot live with one. */
  readonly inputOf: ((fault: CaughtFault) => I) | null;
}

/** The inputs of one core. */
export class Stepper<I, E> {
  readonly #options: StepperOptions<I, E>;
  readonly #cuts = new Cuts();
  readonly #inbox: (ConnectionInput | I)[] = [];
  #isStepping = false;

  constructor(options: StepperOptions<I, E>) {
    this.#options = options;
  }

  get isStepping(): boolean {
    return this.#isStepping;
  }

  /** Steps an input, or queues it behind the one that is being stepped. */
  step(input: ConnectionInput | I): void {
    this.#inbox.push(input);
    this.#stepAll();
  }

  /** A bug of ours: the core is told of it, or loses connections by it. */
  meet(fault: CaughtFault): void {
    const { inputOf } = this.#options;
    if (inputOf === null) this.#cut(fault);
    else this.#inbox.push(inputOf(fault));
    this.#stepAll();
  }

  #cut(fault: CaughtFault): void {
    const { nowMs, open, close } = this.#options;
    const reason = `a bug of rarangi: ${fault.reason}`;
    for (const connection of this.#cuts.of(fault, open(), nowMs())) {
      close(connection);
      this.#inbox.push({ kind: 'closed', nowMs: nowMs(), connection, reason });
    }
  }

  #stepAll(): void {
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (;;) {
        const next = this.#inbox.shift();
        if (next === undefined) break;
        if (this.#options.isStopped()) continue;
        for (const effect of this.#effectsOf(next)) this.#options.perform(effect);
      }
    } finally {
      this.#isStepping = false;
    }
  }

  #effectsOf(input: ConnectionInput | I): readonly E[] {
    const { step, inputOf } = this.#options;
    try {
      return step(input);
    } catch (error) {
      const fault = inputOf === null ? faultOfInput(input as object, error) : null;
      if (fault === null) throw error;
      this.meet(fault);
      return [];
    }
  }
}
