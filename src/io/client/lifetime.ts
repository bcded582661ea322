// The calls of one client, which end with it. The invariant: no listener stays on the caller's
// signal when the call is over, aborted or not; a signal may outlive a million calls.

import { abortedError } from './failures.ts';
import { RarangiError } from '../rarangi-error.ts';

/** One call: its signal comes with the caller's own, and with the end of the client. */
export interface Call {
  readonly signal: AbortSignal;
  /** The call is over. */
  readonly release: () => void;
}

/** The life of a client, as far as its calls are concerned. */
export class Lifetime {
  readonly #running = new Set<AbortController>();
  #isOver = false;

  /** Throws RARANGI_USAGE when there can be no more calls. */
  check(): void {
    if (this.#isOver) {
      throw RarangiError.usage('the client is closed', 'connect again');
    }
  }

  /** Aborts whatever runs. */
  end(): void {
    this.#isOver = true;
    for (const controller of this.#running) controller.abort(abortedError('the client'));
  }

  /** Begins a call; one after the end is aborted from the start. */
  begin(signal: AbortSignal | undefined): Call {
    const controller = new AbortController();
    const abort = (): void => {
      controller.abort(signal?.reason);
    };
    this.#running.add(controller);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted === true) abort();
    if (this.#isOver) controller.abort(abortedError('the client'));
    return {
      signal: controller.signal,
      release: () => {
        this.#running.delete(controller);
        signal?.removeEventListener('abort', abort);
      },
    };
  }

  /** Runs a call. Rejects with RARANGI_USAGE when there can be no more. */
  async within<T>(
    signal: AbortSignal | undefined,
    act: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.check();
    const call = this.begin(signal);
    try {
      return await act(call.signal);
    } finally {
      call.release();
    }
  }
}
