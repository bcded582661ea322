// How often one address may ask: one that asks more often is answered every other time, so that it
// slows down and still gets through. The invariant: the memory is bounded, and cleared within a
// second.

import { DNS_LIMITS } from './limits.ts';

/** The decision on a query; `told` is a drop that the operator has to know. */
export type RateVerdict = 'pass' | 'drop' | 'told';

/** The rates of all addresses. */
export class QueryRates {
  readonly #counts = new Map<string, number>();
  readonly #told = new Set<string>();
  #secondEndMs = -Infinity;
  #minuteEndMs = -Infinity;

  /** One more query of an address. */
  take(address: string, nowMs: number): RateVerdict {
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

const { 'dns-queries-per-second': QUERIES_MAX } = DNS_LIMITS;

const ADDRESSES_MAX = 65_536;

/** Addresses that the operator is told of in a minute. */
const TOLD_MAX = 16;
