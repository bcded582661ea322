// Budgets in bytes: what is held is charged where it is kept, so that nothing can be kept that is not
// charged, nor given up without being given back. The invariant: an account is the sum of what all
// maps hold that charge it (`checkers/budgets` and `kit/account` compare them).

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

/** A map whose values cost something: they are charged as they come, and given back as they go. */
export class ChargedMap<K, V> extends Map<K, V> {
  readonly #account: Account;
  readonly #costOf: (value: V) => number;

  /** What a value costs must never change while it is here. */
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

  /** What is charged for a key; 0 if it is not here. */
  costAt(key: K): number {
    const value = this.get(key);
    return value === undefined ? 0 : this.#costOf(value);
  }
}
