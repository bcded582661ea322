// Whether a port accepts connections. The invariant: asking never takes the port away: a connection
// to a port in the system's own range can meet itself, which is no listener and is reset at once.

import { connect, type Socket } from 'node:net';

/** Where a service is. */
export interface ProbeTarget {
  readonly port: number;
  /** The address that the service is told to have, if any. */
  readonly address?: string;
}

/** Where a service of this host may listen, beside an address of its own. */
const LOOPBACKS = ['127.0.0.1', '::1'] as const;

/** Connects once: null when that works, else what is wrong. Never rejects. */
export function askTcp(
  { port, address }: ProbeTarget,
  signal: AbortSignal,
): Promise<string | null> {
  const hosts = new Set([...LOOPBACKS, ...(address === undefined ? [] : [address])]);
  const attempts = [...hosts].map((host) => accepts(connect({ host, port }), signal));
  return Promise.any(attempts).then(
    () => null,
    () => `nothing accepts connections on port ${String(port)}`,
  );
}

/** Resolves when the connection is open; rejects when it fails. */
function accepts(socket: Socket, signal: AbortSignal): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const refuse = (): void => {
      reject(new Error('not accepted'));
      socket.destroy();
    };
    socket.on('error', refuse);
    signal.addEventListener('abort', refuse, { once: true });
    socket.once('close', () => {
      signal.removeEventListener('abort', refuse);
    });
    socket.once('connect', () => {
      if (isItself(socket)) {
        socket.resetAndDestroy();
        refuse();
        return;
      }
      resolve();
      socket.destroy();
    });
  });
}

function isItself(socket: Socket): boolean {
  return socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress;
}
