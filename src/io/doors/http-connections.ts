// How many connections a door holds, how fast one address may ask, and what a connection may leave
// unread. The invariants: a full door still serves: the connection that has idled longest is closed
// for the newcomer, and the newcomer is turned away only if all are busy. No address beyond
// loopback can fill the door by itself. A connection has one answer at a time, so that a client
// that does not read costs only one; and each turn of the event loop answers a bounded number of
// requests.

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { HTTP_LIMITS } from '../../doors/http/limits.ts';
import type { HttpLimitName } from '../../doors/http/limits.ts';
import { fullest } from '../../core/kit/fullest.ts';
import { isLoopback } from '../machine/addresses.ts';
import { Turns } from './turns.ts';
import { UnreadInAll } from './unread-in-all.ts';

/** A request that is to be answered. */
interface Asking {
  readonly request: { readonly socket: Socket };
  readonly response: ServerResponse;
}

interface Known<A> {
  /** Those that are not answered yet, the one that is being answered first. */
  readonly asking: A[];
  /** Of the other end, if it is counted: beyond loopback. */
  readonly address: string | null;
  /** The first is answered. */
  readonly proceed: () => void;
}

/** What connections need. */
interface ConnectionsOptions<A> {
  /** Gives an answer. Must not throw. */
  readonly answer: (asking: A) => void;
  /** Called each time that a limit is reached. */
  readonly onLimit: (limit: HttpLimitName) => void;
  readonly nowMs: () => number;
}

interface Pace {
  readonly second: number;
  count: number;
}

/** The connections of one door. */
export class HttpConnections<A extends Asking> {
  /** The one that has idled longest first. */
  readonly #known = new Map<Duplex, Known<A>>();
  readonly #paces = new Map<string, Pace>();
  readonly #turns = new Turns(ANSWERS_A_TURN);
  readonly #unread = new UnreadInAll<Duplex>(UNREAD_IN_ALL_MAX, (socket) => this.#unreadAt(socket));
  readonly #options: ConnectionsOptions<A>;
  /** Of all connections. */
  #askingCount = 0;

  constructor(options: ConnectionsOptions<A>) {
    this.#options = options;
  }

  /** How many there are. */
  get count(): number {
    return this.#known.size;
  }

  /** Takes a connection in, at the cost of one that idles if there are too many. */
  add(socket: Socket): void {
    const address = countedAddressOf(socket);
    const isCrowd = address !== null && this.#isCrowd(address);
    if (this.#known.size >= CONNECTIONS_MAX || isCrowd) {
      this.#options.onLimit(isCrowd ? 'http-connections-per-address' : 'http-connections');
      const leaving = this.#idlest(isCrowd ? address : null) ?? socket;
      leaving.destroy();
      this.#forget(leaving);
      if (leaving === socket) return;
    }
    const asking: A[] = [];
    const proceed = (): void => {
      this.#proceed(socket, asking);
    };
    this.#known.set(socket, { asking, address, proceed });
    socket.once('close', () => {
      this.#forget(socket);
    });
  }

  /**
   * A request has come: it is answered as soon as those before it in its connection are read, and
   * never if the connection is closed before.
   */
  take(asked: A): void {
    const { socket } = asked.request;
    const known = this.#known.get(socket);
    if (known === undefined) return;
    const { asking, proceed } = known;
    if (asking.length >= REQUESTS_AHEAD_MAX) {
      this.#expel(socket, 'http-requests-ahead');
      return;
    }
    asked.response.on('close', proceed);
    asking.push(asked);
    this.#askingCount += 1;
    this.#relieve();
    if (asking.length > 1) return;
    this.#turns.now(() => {
      this.#answerFirst(socket, asking);
    });
  }

  /** However many connections have requests that wait, there are so many of these in all. */
  #relieve(): void {
    if (this.#askingCount <= AHEAD_IN_ALL_MAX) return;
    const held = [...this.#known].map(([socket, { asking }]) => [socket, asking.length] as const);
    for (const socket of fullest(held, AHEAD_IN_ALL_MAX)) {
      this.#expel(socket, 'http-requests-ahead-in-all');
    }
  }

  /** Closes a connection for a limit; its further requests are dropped. */
  #expel(socket: Duplex, limit: HttpLimitName): void {
    this.#options.onLimit(limit);
    socket.destroy();
    this.#forget(socket);
  }

  #forget(socket: Duplex): void {
    const known = this.#known.get(socket);
    if (known === undefined) return;
    this.#known.delete(socket);
    this.#askingCount -= known.asking.length;
  }

  /** The answer that is being given at a connection, or is to be given next; null for none. */
  answerAt(socket: Duplex): ServerResponse | null {
    return this.#known.get(socket)?.asking[0]?.response ?? null;
  }

  /**
   * No byte has passed for a while. A connection that waits for us stays; one that does not read is
   * closed.
   */
  meetStill(socket: Socket): void {
    const isBusy = this.answerAt(socket) !== null;
    if (isBusy && socket.writableLength === 0) return;
    if (isBusy) this.#options.onLimit('http-unread-ms');
    socket.destroy();
  }

  /** Something was written: where too much waits in all, the readers for which most waits go. */
  noteWritten(bytes: number): void {
    for (const socket of this.#unread.written(bytes, this.#known.keys())) {
      this.#expel(socket, 'http-unread-bytes-in-all');
    }
  }

  /** Whether one more request of this connection is within the rate. */
  isPaced(socket: Socket): boolean {
    const address = this.#known.get(socket)?.address ?? null;
    if (address === null) return true;
    const { nowMs, onLimit } = this.#options;
    const second = Math.floor(nowMs() / 1_000);
    const pace = this.#paces.get(address);
    if (pace?.second === second) {
      pace.count += 1;
      if (pace.count > REQUESTS_A_SECOND) onLimit('http-requests-per-second');
      return pace.count <= REQUESTS_A_SECOND;
    }
    // Those of other seconds are of no use any more.
    if (this.#paces.size >= CONNECTIONS_MAX) this.#paces.clear();
    this.#paces.set(address, { second, count: 1 });
    return true;
  }

  /** An answer is over: the connection idles, or its next request is answered. */
  #proceed(socket: Socket, asking: A[]): void {
    asking.shift();
    const known = this.#known.get(socket);
    if (known?.asking !== asking) return;
    this.#askingCount -= 1;
    if (asking.length === 0) {
      this.#known.delete(socket);
      this.#known.set(socket, known);
      return;
    }
    // Others come first: a thousand answers in a row would keep all of them waiting.
    this.#turns.later(() => {
      this.#answerFirst(socket, asking);
    });
  }

  #answerFirst(socket: Socket, [first]: readonly A[]): void {
    if (first !== undefined && !socket.destroyed) this.#options.answer(first);
  }

  #unreadAt(socket: Duplex): number {
    return this.answerAt(socket)?.writableLength ?? socket.writableLength;
  }

  #isCrowd(address: string): boolean {
    let count = 0;
    for (const one of this.#known.values()) if (one.address === address) count += 1;
    return count >= OF_ONE_ADDRESS_MAX;
  }

  #idlest(address: string | null): Duplex | null {
    for (const [socket, known] of this.#known) {
      if (known.asking.length === 0 && (address === null || known.address === address))
        return socket;
    }
    return null;
  }
}

/** The address of the other end; null on loopback and at a socket. */
function countedAddressOf({ remoteAddress = '' }: Socket): string | null {
  const address = remoteAddress.replace(/^::ffff:/i, '');
  return address === '' || isLoopback(address) ? null : address;
}

/** Some 0.3 ms of work: the protocol waits no longer for its turn. */
const ANSWERS_A_TURN = 16;

const { max: CONNECTIONS_MAX } = HTTP_LIMITS['http-connections'];
const { max: OF_ONE_ADDRESS_MAX } = HTTP_LIMITS['http-connections-per-address'];
const { max: REQUESTS_AHEAD_MAX } = HTTP_LIMITS['http-requests-ahead'];
const { max: AHEAD_IN_ALL_MAX } = HTTP_LIMITS['http-requests-ahead-in-all'];
const { max: UNREAD_IN_ALL_MAX } = HTTP_LIMITS['http-unread-bytes-in-all'];
const { max: REQUESTS_A_SECOND } = HTTP_LIMITS['http-requests-per-second'];
