// DNS over UDP at one address. The invariants: the port is ours alone (without `reuseAddr`, with
// which Linux lets two processes share one); an answer goes to the sender of its query; and an
// answer that the kernel does not take at once waits in bounded memory, or is lost.

import type { RemoteInfo, Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';

import { familyOf } from '../machine/addresses.ts';
import type { DnsAsker, DnsEndpoint, DnsListener, DnsSource } from './dns-sockets.ts';
import { plainAddress } from './dns-sockets.ts';

/** Listens. Rejects with the error of the system. */
export async function listenUdp(
  { host, port }: DnsEndpoint,
  { take, fail }: DnsAsker,
): Promise<DnsListener> {
  const family = familyOf(host);
  const socket = createSocket({
    type: `udp${family}`,
    ipv6Only: family === 6,
    // Addresses that have asked are no names: there is nothing to wait for.
    lookup: (address, _, found) => {
      found(null, address, family);
    },
  });
  await bind(socket, { host, port });
  // Most doors of most hosts are asked nothing.
  let outbox: Outbox | null = null;
  let isOpen = true as boolean;
  socket.on('error', fail);
  const send: Send = (answer, { port, address }) => {
    // A resolver asks again for a lost answer, as for any other.
    if (!isOpen) return;
    outbox ??= new Outbox(socket);
    const copy = outbox.copyOf(answer);
    if (copy !== null) socket.send(copy, port, address);
  };
  socket.on('message', (bytes, remote) => {
    take(bytes, new Datagram(remote, send));
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

type Send = (answer: Uint8Array, to: RemoteInfo) => void;

/** A query that has come: one object, because there are a hundred thousand of them in a second. */
class Datagram implements DnsSource {
  readonly isStream = false;
  readonly address: string;
  readonly #remote: RemoteInfo;
  readonly #send: Send;

  constructor(remote: RemoteInfo, send: Send) {
    this.address = plainAddress(remote.address);
    this.#remote = remote;
    this.#send = send;
  }

  reply(answer: Uint8Array): void {
    this.#send(answer, this.#remote);
  }
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

/** How many bytes of a socket wait for the kernel. */
type Queue = Pick<Socket, 'getSendQueueCount' | 'getSendQueueSize'>;

/**
 * Memory for answers that are on their way, in slots that are used in turn: memory of its own for
 * each answer would cost more than writing it. Answers wait for the kernel in their order, so a
 * waiting slot would be used again only if more waited than the limit allows.
 */
class Outbox {
  readonly #queue: Queue;
  readonly #memory = Buffer.allocUnsafeSlow(SLOTS * SLOT_BYTES);
  /** Of each slot the part that was used last: the next answer there mostly has the same length. */
  readonly #slots = Array.from({ length: SLOTS }, (_, index) => this.#slotOf(index, 0));
  #next = 0;
  /** Slots that were used since the last look at how many wait. */
  #unlooked = 0;

  constructor(queue: Queue) {
    this.#queue = queue;
  }

  /** Null where too much waits. */
  copyOf(answer: Uint8Array): Uint8Array | null {
    const { length } = answer;
    if (length > SLOT_BYTES) {
      return this.#queue.getSendQueueSize() > WAITING_BYTES_MAX ? null : answer.slice();
    }
    this.#unlooked += 1;
    if (this.#unlooked > LOOK_EVERY) {
      if (this.#queue.getSendQueueCount() > WAITING_MAX) return null;
      this.#unlooked = 0;
    }
    const index = this.#next;
    this.#next = (index + 1) % SLOTS;
    let slot = this.#slots[index];
    if (slot?.length !== length) {
      slot = this.#slotOf(index, length);
      this.#slots[index] = slot;
    }
    slot.set(answer);
    return slot;
  }

  #slotOf(index: number, length: number): Uint8Array {
    return this.#memory.subarray(index * SLOT_BYTES, index * SLOT_BYTES + length);
  }
}

/** Larger answers are rare, and have memory of their own. */
const SLOT_BYTES = 2_048;

/**
 * More than the answers that may wait at one look and those that come until the next; few, so that
 * the processor has them at hand.
 */
const SLOTS = 32;
const WAITING_MAX = 16;
const LOOK_EVERY = 8;

/** The bytes that may wait when a large one comes. */
const WAITING_BYTES_MAX = 64 * 1024;
