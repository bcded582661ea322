// How often one address may ask: whoever asks more often than that is answered every other time, so
// that it learns to ask less and still gets through. The invariant: what is remembered is bounded,
// and forgotten within a second.

/** What becomes of a query; `told` is a drop of which the operator is to be told. */
export type Verdict = 'pass' | 'drop' | 'told';

/** The rates of all addresses. */
export class QueryRates {
  readonly #counts = new Map<string, number>();
  readonly #told = new Set<string>();
  #secondEndMs = -Infinity;
  #minuteEndMs = -Infinity;

  /** One more query of an address. */
  take(address: string, nowMs: number): Verdict {
    if (nowMs >= this.#secondEndMs || this.#counts.size >= ADDRESSES_MAX) {
      this.#counts.clear();
      this.#secondEndMs = nowMs + 1_000;
    }
    const count = (this.#counts.get(address) ?? 0) + 1;
    this.#counts.set(address, count);
    if (count <= QUERIES_MAX || count % 2 === 0) return 'pass';
    return this.#isToBeTold(address, nowMs) ? 'told' : 'drop';
  }

  #isToBeTold(address: string, nowMs: number): boolean {
    if (nowMs >= this.#minuteEndMs) {
      this.#told.clear();
      this.#minuteEndMs = nowMs + 60_000;
    }
    if (this.#told.has(address) || this.#told.size >= TOLD_MAX) return false;
    this.#told.add(address);
    return true;
  }
}

/** Queries of one address in a second. */
const QUERIES_MAX = 1_000;

const ADDRESSES_MAX = 65_536;

/** Addresses of which the operator is told in a minute. */
const TOLD_MAX = 16;
