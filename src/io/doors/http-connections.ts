// How many connections a door holds, how fast one address may ask, and what a connection may leave
// unread. The invariants: a door that is full still serves: the connection that has idled longest goes
// for the newcomer, and only if all are busy is the newcomer turned away; no address beyond loopback
// can fill it by itself; a connection has one answer at a time, so that who does not read costs one, and
// who asks much at once lets others be answered in between.

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import { HTTP_LIMITS } from '../../doors/http/limits.ts';
import type { HttpLimitName } from '../../doors/http/limits.ts';
import { isLoopback } from '../machine/addresses.ts';

interface Known {
  /** What makes each answer that was asked for, the one that is being given first. */
  readonly answers: (() => void)[];
  readonly address: string;
}

interface Pace {
  readonly second: number;
  count: number;
}

/** The connections of one door. */
export class HttpConnections {
  /** The one that has idled longest first. */
  readonly #known = new Map<Socket, Known>();
  readonly #paces = new Map<string, Pace>();
  readonly #onLimit: (limit: HttpLimitName) => void;

  /** `onLimit` is called each time that a limit is reached. */
  constructor(onLimit: (limit: HttpLimitName) => void) {
    this.#onLimit = onLimit;
  }

  /** How many there are. */
  get count(): number {
    return this.#known.size;
  }

  /** Takes a connection in, at the cost of one that idles if there are too many. */
  add(socket: Socket): void {
    const address = addressOf(socket);
    const isCounted = address !== '' && !isLoopback(address);
    const own = isCounted ? [...this.#known.values()].filter((one) => one.address === address) : [];
    const isCrowd = own.length >= OF_ONE_ADDRESS_MAX;
    if (this.#known.size >= CONNECTIONS_MAX || isCrowd) {
      this.#onLimit(isCrowd ? 'http-connections-per-address' : 'http-connections');
      const leaving = this.#idlest(isCrowd ? address : null) ?? socket;
      leaving.destroy();
      this.#known.delete(leaving);
      if (leaving === socket) return;
    }
    this.#known.set(socket, { answers: [], address });
    socket.once('close', () => {
      this.#known.delete(socket);
    });
  }

  /**
   * A request has come: `make` makes its answer, as soon as those before it in its connection are read.
   * Nobody calls it if the connection is closed before.
   */
  take(socket: Socket, response: ServerResponse, make: () => void): void {
    const known = this.#known.get(socket);
    if (known === undefined) return;
    const { answers } = known;
    if (answers.length >= REQUESTS_AHEAD_MAX) {
      this.#onLimit('http-requests-ahead');
      socket.destroy();
      // What it has sent besides is of no use.
      this.#known.delete(socket);
      return;
    }
    this.#touch(socket, known);
    response.once('close', () => {
      answers.shift();
      if (this.#known.get(socket) !== known) return;
      this.#touch(socket, known);
      // Others come first: a thousand answers in a row would keep all of them waiting.
      setImmediate(() => {
        if (!socket.destroyed) answers[0]?.();
      });
    });
    answers.push(make);
    if (answers.length === 1) make();
  }

  /** No byte has passed for a while. A connection that waits for us stays; who does not read goes. */
  meetStill(socket: Socket): void {
    const isBusy = (this.#known.get(socket)?.answers.length ?? 0) > 0;
    if (isBusy && socket.writableLength === 0) return;
    if (isBusy) this.#onLimit('http-unread-ms');
    socket.destroy();
  }

  /** Whether one more request of this connection is within the pace. */
  isPaced(socket: Socket, nowMs: number): boolean {
    const address = addressOf(socket);
    if (address === '' || isLoopback(address)) return true;
    const second = Math.floor(nowMs / 1_000);
    const pace = this.#paces.get(address);
    if (pace?.second === second) {
      pace.count += 1;
      if (pace.count > REQUESTS_A_SECOND) this.#onLimit('http-requests-per-second');
      return pace.count <= REQUESTS_A_SECOND;
    }
    // Those of other seconds are of no use any more.
    if (this.#paces.size >= CONNECTIONS_MAX) this.#paces.clear();
    this.#paces.set(address, { second, count: 1 });
    return true;
  }

  #touch(socket: Socket, known: Known): void {
    this.#known.delete(socket);
    this.#known.set(socket, known);
  }

  #idlest(address: string | null): Socket | null {
    for (const [socket, known] of this.#known) {
      if (known.answers.length === 0 && (address === null || known.address === address))
        return socket;
    }
    return null;
  }
}

function addressOf({ remoteAddress = '' }: Socket): string {
  return remoteAddress.replace(/^::ffff:/i, '');
}

const { max: CONNECTIONS_MAX } = HTTP_LIMITS['http-connections'];
const { max: OF_ONE_ADDRESS_MAX } = HTTP_LIMITS['http-connections-per-address'];
const { max: REQUESTS_AHEAD_MAX } = HTTP_LIMITS['http-requests-ahead'];
const { max: REQUESTS_A_SECOND } = HTTP_LIMITS['http-requests-per-second'];
