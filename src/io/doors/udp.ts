// DNS over UDP at one address. The invariants: the port is ours alone (without `reuseAddr`, with
// which Linux lets two processes share one); an answer goes to where its query came from; and what
// the kernel does not take at once waits in bounded memory, or is lost.

import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

import type { DnsAsker, DnsEndpoint, DnsListener } from './dns-sockets.ts';
import { plainAddress } from './dns-sockets.ts';

/** Listens. Rejects with the error of the system. */
export async function listenUdp(
  { host, port }: DnsEndpoint,
  { take, fail }: DnsAsker,
): Promise<DnsListener> {
  const type = isIPv6(host) ? 'udp6' : 'udp4';
  const family = type === 'udp6' ? 6 : 4;
  const socket = createSocket({
    type,
    ipv6Only: type === 'udp6',
    // Addresses that have asked are no names: there is nothing to wait for.
    lookup: (address, _, found) => {
      found(null, address, family);
    },
  });
  await bind(socket, { host, port });
  const outbox = new Outbox(() => socket.getSendQueueSize());
  let isOpen = true as boolean;
  socket.on('error', fail);
  socket.on('message', (bytes, remote) => {
    const source = { address: plainAddress(remote.address), isStream: false };
    take(bytes, source, (answer) => {
      // One that is lost, as any other may be, is asked for again.
      const copy = isOpen ? outbox.copyOf(answer) : null;
      if (copy !== null) socket.send(copy, remote.port, remote.address);
    });
  });
  const close = (): void => {
    if (isOpen) socket.close();
    isOpen = false;
  };
  return {
    close,
    end: () => {
      close();
      return Promise.resolve();
    },
  };
}

function bind(socket: Socket, { host, port }: DnsEndpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.removeListener('error', reject);
      resolve();
    });
  });
}

/**
 * Memory for answers that are on their way, used in turn: memory of its own for each would cost more
 * than to write it. All that was copied after one that waits for the kernel waits behind it, so the
 * turn would come to it only if more waited than may.
 */
class Outbox {
  readonly #waitingBytes: () => number;
  readonly #bytes = Buffer.allocUnsafeSlow(TURN_BYTES);
  #used = 0;
  /** Bytes that were copied since it was last looked how many wait. */
  #unlooked = 0;

  constructor(waitingBytes: () => number) {
    this.#waitingBytes = waitingBytes;
  }

  /** Null where too much waits. */
  copyOf(answer: Uint8Array): Uint8Array | null {
    const { length } = answer;
    this.#unlooked += length;
    if (this.#unlooked > LOOK_BYTES) {
      if (this.#waitingBytes() > WAITING_BYTES_MAX) return null;
      this.#unlooked = 0;
    }
    if (length > SMALL_BYTES_MAX) return answer.slice();
    if (this.#used + length > TURN_BYTES) this.#used = 0;
    const copy = this.#bytes.subarray(this.#used, this.#used + length);
    copy.set(answer);
    this.#used += length;
    return copy;
  }
}

/** What waits for the kernel at most, and what comes until it is looked again. */
const WAITING_BYTES_MAX = 64 * 1024;
const LOOK_BYTES = 32 * 1024;

/** Larger ones are rare, and have memory of their own. */
const SMALL_BYTES_MAX = 4 * 1024;

/** More than what may wait, with what is left over where a turn ends. */
const TURN_BYTES = 128 * 1024;
