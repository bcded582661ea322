// DNS over UDP at one address. The invariants: the port is ours alone (without `reuseAddr`, with
// which Linux lets two processes share one), and an answer goes to where its query came from.

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
  let isOpen = true as boolean;
  socket.on('error', fail);
  socket.on('message', (bytes, remote) => {
    const source = { address: plainAddress(remote.address), isStream: false };
    take(bytes, source, (answer) => {
      // One that the kernel does not take is lost, as any other may be: it is asked for again.
      if (isOpen) socket.send(answer, remote.port, remote.address, ignore);
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

function ignore(): void {
  // Nothing to be done, and nobody to be told.
}
