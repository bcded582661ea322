// Budgets in bytes: a value is charged where it is kept. So nothing is kept without a charge, and
// nothing is removed without giving the charge back. The invariant: an account is the sum of the
// contents of all maps that charge it (`checkers/budgets` and `properties/account` compare them).

import { AgingMap } from './aging.ts';
import { assert } from './assert.ts';

/** A sum of bytes, and part of a larger one if that is given. */
export class Account {
  readonly #whole: Account | null;
  #bytes = 0;

  constructor(whole: Account | null = null) {
    this.#whole = whole;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds to this sum and to the one that it is part of; a negative number gives back. */
  add(bytes: number): void {
    this.#bytes += bytes;
    assert(this.#bytes >= 0, 'what is given back was charged before');
    this.#whole?.add(bytes);
  }
}

/**
 * A map whose values cost something: each is charged when it is added, and given back when it is
 * removed.
 */
export class ChargedMap<K, V> extends AgingMap<K, V> {
  readonly #account: Account;
  readonly #costOf: (value: V) => number;

  /** The cost of a value must not change while it is here. */
  constructor(account: Account, costOf: (value: V) => number) {
    super();
    this.#account = account;
    this.#costOf = costOf;
  }

  override set(key: K, value: V): this {
    this.#account.add(this.#costOf(value) - this.costAt(key));
    return super.set(key, value);
  }

  override delete(key: K): boolean {
    this.#account.add(-this.costAt(key));
    return super.delete(key);
  }

  override clear(): void {
    for (const value of this.values()) this.#account.add(-this.#costOf(value));
    super.clear();
  }

  /** The charge for a key; 0 if it is not here. */
  costAt(key: K): number {
    const value = this.get(key);
    return value === undefined ? 0 : this.#costOf(value);
  }
}
