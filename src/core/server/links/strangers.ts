// Strangers, which have not proved anything yet: how many may wait, which of them is closed when
// there is no room, and how often handshakes may fail before newcomers are closed unheard. The
// invariant: a handshake that succeeds uses up no ration; only failures do. Servers and clients
// that have proved themselves lately have a ration of their own.

import { AgingMap } from '../../kit/aging.ts';
import type { Rations } from './rations.ts';
import { Ledger } from './rations.ts';

/** The limits for strangers. */
export interface StrangersOptions {
  /** How many may wait in all. */
  readonly strangersMax: number;
  /** How many connections one address may have, strangers or not. */
  readonly perAddressMax: number;
  /** None where a handshake costs almost nothing. */
  readonly rations?: Rations;
  /** The addresses of servers, without ports: asked for once a second at most. */
  readonly servers?: () => Iterable<string>;
}

/**
 * The decision on a newcomer: it may go on, it is closed unheard, or another one has to close for
 * it.
 */
export type Admission<K> =
  | 'admitted'
  | 'rationed'
  | { readonly leaving: K; readonly limit: 'strangers' | 'connections-per-address' };

interface Host {
  readonly address: string;
  /** Open connections, strangers and others. */
  count: number;
}

/** The strangers of one server. Times are milliseconds of one clock, addresses without ports. */
export class Strangers<K> {
  readonly #options: StrangersOptions;
  readonly #hosts = new Map<string, Host>();
  /** All open connections. */
  readonly #hostOf = new Map<K, Host>();
  /** The oldest first. */
  readonly #waiting = new AgingMap<K, true>();
  readonly #waitingOf = new Map<Host, AgingMap<K, true>>();
  readonly #ledger: Ledger | null;

  constructor(options: StrangersOptions) {
    this.#options = options;
    this.#ledger =
      options.rations === undefined ? null : new Ledger(options.rations, options.servers);
  }

  /** How many have not proved anything. */
  get size(): number {
    return this.#waiting.size;
  }

  /** How many connections each address has. */
  get counts(): [address: string, count: number][] {
    return [...this.#hosts.values()].map(({ address, count }) => [address, count]);
  }

  /** Those that have not proved anything, the oldest first. */
  keys(): Iterable<K> {
    return this.#waiting.keys();
  }

  /** Whether a connection is here and has not proved anything. */
  has(key: K): boolean {
    return this.#waiting.has(key);
  }

  /**
   * A connection has come. One that is closed unheard is not kept; any other is until `forget`, and
   * so is the one that has to close, which may be the newcomer itself.
   */
  arrive(key: K, address: string, nowMs: number): Admission<K> {
    const host = this.#hosts.get(address) ?? { address, count: 0 };
    if (this.#ledger?.hasRoom(address, nowMs) === false) return 'rationed';
    this.#hosts.set(address, host);
    this.#hostOf.set(key, host);
    const oldest = this.#waiting.oldestKey();
    const oldestOfHost = this.#waitingOf.get(host)?.oldestKey() ?? key;
    host.count += 1;
    this.#wait(key, host);
    if (host.count > this.#options.perAddressMax) {
      return { leaving: oldestOfHost, limit: 'connections-per-address' };
    }
    const isFull = this.#waiting.size > this.#options.strangersMax && oldest !== undefined;
    return isFull ? { leaving: oldest, limit: 'strangers' } : 'admitted';
  }

  /** A connection has proved itself, and is no stranger any more. */
  prove(key: K): void {
    const host = this.#hostOf.get(key);
    if (host === undefined || !this.#waiting.has(key)) return;
    this.#leave(key, host);
    this.#ledger?.noteKnown(host.address);
  }

  /** The handshake of a stranger has failed. It is here until `forget`. */
  fail(key: K, nowMs: number): void {
    const host = this.#hostOf.get(key);
    if (host === undefined || !this.#waiting.has(key)) return;
    this.#leave(key, host);
    this.#ledger?.charge(host.address, nowMs);
  }

  /** A connection is closed; that of a stranger counts as failed. */
  forget(key: K, nowMs: number): void {
    this.fail(key, nowMs);
    const host = this.#hostOf.get(key);
    if (host === undefined) return;
    this.#hostOf.delete(key);
    host.count -= 1;
    if (host.count === 0) this.#hosts.delete(host.address);
  }

  /** Notes the address of a server that was dialled and has proved itself. */
  noteKnown(address: string): void {
    this.#ledger?.noteKnown(address);
  }

  #wait(key: K, host: Host): void {
    this.#waiting.set(key, true);
    const ofHost = this.#waitingOf.get(host) ?? new AgingMap();
    this.#waitingOf.set(host, ofHost.set(key, true));
  }

  #leave(key: K, host: Host): void {
    this.#waiting.delete(key);
    const ofHost = this.#waitingOf.get(host);
    ofHost?.delete(key);
    if (ofHost?.size === 0) this.#waitingOf.delete(host);
  }
}
