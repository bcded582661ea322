// A proxy in front of a server, in the test: it keeps the bytes that passed, and can be cut off as
// a network is: no end is told, and a dial meets silence.

import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

import { endpointOf } from '../../src/io/machine/addresses.ts';
import { atEnd } from './world.ts';

/** One direction of one connection. */
interface Recording {
  readonly from: 'caller' | 'server';
  readonly chunks: Buffer[];
}

/** A proxy that runs until the test ends. */
export interface Proxy {
  /** Where to dial it, `host:port`. */
  readonly address: string;
  /** The bytes of a side, connection after connection. */
  bytesFrom(side: Recording['from']): Buffer;
  /** How many connections are open. */
  openCount(): number;
  /** From now on nothing passes, and no close either. */
  cut(): void;
  /** New connections pass again; those that were cut are reset. */
  heal(): void;
}

/** Starts a proxy in front of `address`, `host:port`. */
export async function startProxy(address: string): Promise<Proxy> {
  const recordings: Recording[] = [];
  const sockets = new Set<Socket>();
  let isCut = false;
  const hold = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const listener = createServer((caller) => {
    hold(caller);
    if (isCut) return;
    const server = connect({ ...endpointOf(address), noDelay: true });
    hold(server);
    for (const [from, to, side] of [
      [caller, server, 'caller'],
      [server, caller, 'server'],
    ] as const) {
      const recording: Recording = { from: side, chunks: [] };
      recordings.push(recording);
      from.on('data', (chunk) => {
        if (isCut) return;
        recording.chunks.push(chunk);
        to.write(chunk);
      });
      from.on('end', () => isCut || to.end());
    }
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const end = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  atEnd(() => {
    listener.close();
    end();
  });
  return {
    address: `127.0.0.1:${(listener.address() as AddressInfo).port}`,
    bytesFrom: (side) =>
      Buffer.concat(recordings.filter(({ from }) => from === side).flatMap(({ chunks }) => chunks)),
    openCount: () => sockets.size / 2,
    cut: () => {
      isCut = true;
    },
    heal: () => {
      end();
      isCut = false;
    },
  };
}
