// How often handshakes may fail, for each address and in all, before new connections are closed at
// once. The invariant: servers, and clients that have proved themselves lately, have a ration of
// their own, so that an attacker with many addresses uses up none of it; and the memory for
// addresses is bounded.

import { AgingMap } from '../../kit/aging.ts';

/** How many handshakes may fail in a second; twice as many may at once. */
export interface Rations {
  /** Of one strange address, or of one /64 of IPv6. */
  readonly ofStrange: number;
  /** Of all strange addresses together. */
  readonly ofAllStrange: number;
  /** Of one address of a server, or of a client that has proved itself lately. */
  readonly ofKnown: number;
  /** Of all these together. */
  readonly ofAllKnown: number;
}

/** The used rations. Times are milliseconds of one clock, addresses without ports. */
export class Ledger {
  readonly #rations: Rations;
  readonly #servers: () => Iterable<string>;
  readonly #strange: Account;
  readonly #known: Account;
  /** Addresses that have proved themselves, the latest last. */
  readonly #proven = new AgingMap<string, true>();
  /** By address, or by network; the latest that failed last. */
  readonly #accounts = new AgingMap<string, Account>();
  #serversNow: ReadonlySet<string> = new Set();
  #serversMs = -Infinity;

  /** The addresses of servers are asked for once a second at most. */
  constructor(rations: Rations, servers: () => Iterable<string> = () => []) {
    this.#rations = rations;
    this.#servers = servers;
    this.#strange = new Account(rations.ofAllStrange);
    this.#known = new Account(rations.ofAllKnown);
  }

  /** Whether a newcomer from there is listened to. */
  hasRoom(address: string, nowMs: number): boolean {
    const isKnown = this.#isKnown(address, nowMs);
    const own = this.#accounts.get(keyOf(address, isKnown));
    const all = isKnown ? this.#known : this.#strange;
    return all.isOpen(nowMs) && own?.isOpen(nowMs) !== false;
  }

  /** A handshake from there has failed. */
  charge(address: string, nowMs: number): void {
    const isKnown = this.#isKnown(address, nowMs);
    const key = keyOf(address, isKnown);
    const { ofKnown, ofStrange } = this.#rations;
    const own = this.#accounts.get(key) ?? new Account(isKnown ? ofKnown : ofStrange);
    this.#accounts.delete(key);
    this.#accounts.set(key, own);
    keepLatest(this.#accounts);
    own.charge(nowMs);
    (isKnown ? this.#known : this.#strange).charge(nowMs);
  }

  /** A client there has proved itself. */
  noteKnown(address: string): void {
    this.#proven.delete(address);
    this.#proven.set(address, true);
    keepLatest(this.#proven);
  }

  #isKnown(address: string, nowMs: number): boolean {
    if (this.#proven.has(address)) return true;
    if (nowMs >= this.#serversMs + SERVERS_EVERY_MS) {
      this.#serversNow = new Set(this.#servers());
      this.#serversMs = nowMs;
    }
    return this.#serversNow.has(address);
  }
}

/** One ration: its rest grows with time, up to that of two seconds. */
class Account {
  readonly #perSecond: number;
  #left: number;
  #atMs = -Infinity;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond * SECONDS_MAX;
  }

  isOpen(nowMs: number): boolean {
    this.#grow(nowMs);
    return this.#left >= 1;
  }

  /** Those that were let in together may overdraw it, by no more than a second's worth. */
  charge(nowMs: number): void {
    this.#grow(nowMs);
    this.#left = Math.max(this.#left - 1, -this.#perSecond);
  }

  #grow(nowMs: number): void {
    const seconds = Math.min((nowMs - this.#atMs) / 1_000, SECONDS_MAX + 1);
    this.#left = Math.min(this.#left + seconds * this.#perSecond, this.#perSecond * SECONDS_MAX);
    this.#atMs = nowMs;
  }
}

/** A client with one address of IPv6 has the 2^64 beside it. */
export function networkOf(address: string): string {
  const plain = address.replace(/^\[|\]$/g, '');
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(Math.max(GROUPS - first.length - last.length, 0)).fill('0');
  return `${[...first, ...zeros, ...last].slice(0, GROUPS / 2).join(':')}::/64`;
}

function keyOf(address: string, isKnown: boolean): string {
  return isKnown ? `known ${address}` : networkOf(address);
}

function keepLatest(items: AgingMap<string, unknown>): void {
  items.dropOldest(() => items.size > ADDRESSES_MAX);
}

/** How many addresses are remembered, of each kind, at some 100 bytes each. */
export const ADDRESSES_MAX = 16_384;

const SECONDS_MAX = 2;
const SERVERS_EVERY_MS = 1_000;
const GROUPS = 8;
