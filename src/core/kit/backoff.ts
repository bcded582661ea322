// How long to wait before an address is dialled again: exponential with full jitter. The invariant:
// a delay lies between 0 and the cap. Full jitter, not equal jitter, because a thousand servers
// that lost the same master must not come back at once (Brooker, "Exponential Backoff And Jitter",
// 2015).

/** The delays of one address. */
export class Backoff {
  readonly #random: () => number;
  readonly #baseMs: number;
  readonly #capMs: number;
  #attempts = 0;

  /** `random` gives numbers from 0 (included) to 1. */
  constructor(random: () => number, baseMs = BACKOFF_BASE_MS, capMs = BACKOFF_CAP_MS) {
    this.#random = random;
    this.#baseMs = baseMs;
    this.#capMs = capMs;
  }

  /** The next delay in milliseconds; `capMs` may bound it further for this once. */
  nextDelayMs(capMs: number = this.#capMs): number {
    const ceilingMs = Math.min(capMs, this.#capMs, this.#baseMs * 2 ** this.#attempts);
    if (this.#attempts < DOUBLINGS_MAX) this.#attempts += 1;
    return this.#random() * ceilingMs;
  }

  /** Begins again at the shortest delay. */
  reset(): void {
    this.#attempts = 0;
  }
}

/** A broken connection is tried again within a quarter of a second. */
export const BACKOFF_BASE_MS = 250;

/** An address that is long gone is dialled at least every five minutes. */
export const BACKOFF_CAP_MS = 5 * 60 * 1000;

/** The cap while this server is split off or isolated: the way back must be found. */
export const BACKOFF_CAP_ISOLATED_MS = 30 * 1000;

/** The cap of a client or a watch without any session, and of a leaf that has too few masters. */
export const BACKOFF_CAP_ALONE_MS = 2 * 1000;

const DOUBLINGS_MAX = 30;
