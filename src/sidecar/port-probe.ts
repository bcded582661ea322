// Whether a port accepts connections. The invariant: the answer comes within a quarter of a second
// of the truth, and asking never takes the port away: a connection to a port in the system's own
// range can meet itself, which is no listener and is reset at once.

import { connect, type Socket } from 'node:net';

/** Where a service of this host may listen, beside an address of its own. */
const LOOPBACKS = ['127.0.0.1', '::1'] as const;

const PAUSE_MS_FIRST = 10;
const PAUSE_MS_MAX = 250;
const PAUSE_GROWTH = 1.4;
const ATTEMPT_MS_MAX = 1_000;

/** What to probe. */
export interface Probe {
  readonly port: number;
  /** The address that the service is told to have, if any. */
  readonly address?: string | undefined;
}

/** Resolves to true when the port accepts a connection, to false when the signal aborts first. */
export async function portAccepts(probe: Probe, signal: AbortSignal): Promise<boolean> {
  for (let pauseMs = PAUSE_MS_FIRST; !signal.aborted; pauseMs = grown(pauseMs)) {
    if (await anyAccepts(probe, signal)) return !signal.aborted;
    await pause(pauseMs, signal);
  }
  return false;
}

function grown(pauseMs: number): number {
  return Math.min(pauseMs * PAUSE_GROWTH, PAUSE_MS_MAX);
}

async function anyAccepts({ port, address }: Probe, signal: AbortSignal): Promise<boolean> {
  const hosts = new Set([...LOOPBACKS, ...(address === undefined ? [] : [address])]);
  const attempts = [...hosts].map((host) => accepts(connect({ host, port }), signal));
  return Promise.any(attempts).then(
    () => true,
    () => false,
  );
}

/** Resolves when the connection stands; rejects when it does not come to that. */
function accepts(socket: Socket, signal: AbortSignal): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const refuse = (): void => {
      reject(new Error('not accepted'));
      socket.destroy();
    };
    socket.setTimeout(ATTEMPT_MS_MAX, refuse);
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

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });
  });
}
