// How many connections a door holds, and how fast one address may ask. The invariant: a door that is
// full still serves: the connection that has idled longest goes for the newcomer, and only if all
// are busy is the newcomer turned away; no address beyond loopback can fill it by itself.

import type { Socket } from 'node:net';

import { HTTP_LIMITS } from '../../doors/http/limits.ts';
import type { HttpLimitName } from '../../doors/http/limits.ts';
import { isLoopback } from '../machine/addresses.ts';

interface Known {
  /** How many requests are being answered. */
  busyCount: number;
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
    this.#known.set(socket, { busyCount: 0, address });
    socket.once('close', () => {
      this.#known.delete(socket);
    });
  }

  /** A request begins or ends. */
  note(socket: Socket, step: 1 | -1): void {
    const known = this.#known.get(socket);
    if (known === undefined) return;
    known.busyCount += step;
    this.#known.delete(socket);
    this.#known.set(socket, known);
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

  #idlest(address: string | null): Socket | null {
    for (const [socket, known] of this.#known) {
      if (known.busyCount === 0 && (address === null || known.address === address)) return socket;
    }
    return null;
  }
}

function addressOf({ remoteAddress = '' }: Socket): string {
  return remoteAddress.replace(/^::ffff:/i, '');
}

const { max: CONNECTIONS_MAX } = HTTP_LIMITS['http-connections'];
const { max: OF_ONE_ADDRESS_MAX } = HTTP_LIMITS['http-connections-per-address'];
const { max: REQUESTS_A_SECOND } = HTTP_LIMITS['http-requests-per-second'];
