// The world as Node.js gives it: node:net, performance.now(), Math.random(). The invariant that
// runtime.ts promises: no handler is called before the call that led to it has returned, and none
// after `closed` or `end`. The other end's FIN counts as its close: nothing here is half open.

import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { Door } from '../core/input.ts';
import { endpointOf, formatAddress } from './addresses.ts';
import type {
  Accept,
  Cancel,
  Connection,
  ConnectionHandlers,
  DialHandlers,
  Listener,
  Runtime,
} from './runtime.ts';

/** The runtime of this process. */
export const nodeRuntime: Runtime = {
  nowMs: () => performance.now(),
  random: () => Math.random(),
  dial,
  listen,
  setAlarm,
};

/** What went wrong, in words that an operator knows. */
export function reasonOf(error: unknown): string {
  const code = errorCode(error);
  if (code === undefined) return error instanceof Error ? error.message : String(error);
  return REASONS.get(code) ?? code;
}

/** The code of an error of the system, such as EADDRINUSE. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function dial(address: string, handlers: DialHandlers): Cancel {
  let socket: Socket;
  try {
    socket = connect({ ...endpointOf(address), noDelay: true, autoSelectFamily: true });
  } catch (error) {
    // Addresses come from other servers too, and may be nonsense.
    const soon = setImmediate(() => {
      handlers.failed(reasonOf(error));
    });
    return () => {
      clearImmediate(soon);
    };
  }
  return awaitConnect(socket, { address, handlers });
}

function awaitConnect(
  socket: Socket,
  { address, handlers }: { readonly address: string; readonly handlers: DialHandlers },
): Cancel {
  const timer = setTimeout(() => {
    fail('connection timed out');
  }, DIAL_MS_MAX);
  const door = doorOf(address);
  let isOver = false;
  const end = (): boolean => {
    if (isOver) return false;
    isOver = true;
    clearTimeout(timer);
    return true;
  };
  const fail = (reason: string): void => {
    if (!end()) return;
    socket.destroy();
    handlers.failed(reason);
  };
  socket.on('error', (error) => {
    fail(reasonOf(error));
  });
  socket.on('connect', () => {
    // A dial of a free port of the range that the kernel gives out may meet itself half-way.
    if (isSelfConnected(socket)) fail('connection refused');
    else if (end()) adopt(socket, { remote: address, door, accept: handlers.opened });
  });
  return () => {
    if (end()) socket.destroy();
  };
}

function isSelfConnected(socket: Socket): boolean {
  const { localPort, remotePort, localAddress, remoteAddress } = socket;
  return localPort !== undefined && localPort === remotePort && localAddress === remoteAddress;
}

async function listen(address: string): Promise<Listener> {
  const waiting: Socket[] = [];
  let accept: Accept | null = null;
  const handOver = (socket: Socket): void => {
    if (accept === null) {
      waiting.push(socket);
    } else if (!socket.destroyed) {
      adopt(socket, { remote: remoteOf(socket, address), door: doorOf(address), accept });
    }
  };
  const server = createServer({ noDelay: true }, (socket) => {
    // Whoever is gone before he is handed over has no handlers yet.
    socket.on('error', ignore);
    handOver(socket);
  });
  await bind(server, { ...endpointOf(address), backlog: BACKLOG });
  // What fails from now on is a single accept (EMFILE): its connection is lost, the listener is not.
  server.on('error', ignore);
  return {
    address: boundAddress(server, address),
    accept: (given) => {
      accept = given;
      for (const socket of waiting.splice(0)) handOver(socket);
    },
    close: () => {
      server.close();
      for (const socket of waiting.splice(0)) socket.destroy();
    },
  };
}

function bind(server: Server, endpoint: object): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(endpoint, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

function boundAddress(server: Server, address: string): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return address;
  return formatAddress(bound.address, bound.port);
}

function remoteOf(socket: Socket, listening: string): string {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return listening;
  return formatAddress(remoteAddress.replace(/^::ffff:/i, ''), remotePort);
}

interface Adoption {
  readonly remote: string;
  readonly door: Door;
  readonly accept: Accept;
}

function doorOf(address: string): Door {
  return address.includes('/') ? 'socket' : 'tcp';
}

function adopt(socket: Socket, { remote, door, accept }: Adoption): void {
  let handlers: ConnectionHandlers | null = null;
  let reason = 'closed by the other end';
  const close = (): void => {
    const told = handlers;
    handlers = null;
    socket.destroy();
    told?.closed(reason);
  };
  socket.on('error', (error) => {
    reason = reasonOf(error);
  });
  socket.on('end', close);
  socket.on('close', close);
  socket.on('drain', () => handlers?.drained());
  const connection = connectionOver(socket, {
    remote,
    door,
    silence: () => {
      handlers = null;
    },
  });
  const given = accept(connection);
  if (socket.writableEnded) return;
  handlers = given;
  socket.on('data', (chunk) => handlers?.received(chunk));
}

function connectionOver(
  socket: Socket,
  { remote, door, silence }: { remote: string; door: Door; silence: () => void },
): Connection {
  return {
    remote,
    door,
    get unwrittenBytes() {
      return socket.writableLength;
    },
    write: (chunks) => {
      if (!socket.writable) return;
      socket.cork();
      for (const chunk of chunks) socket.write(chunk);
      socket.uncork();
    },
    setReading: (isReading) => {
      if (isReading) socket.resume();
      else socket.pause();
    },
    end: (limitMs) => {
      silence();
      return endSocket(socket, limitMs);
    },
  };
}

/**
 * A close with bytes unread makes the kernel reset the connection, and the other end would lose our
 * last words. So what still comes is read and dropped until the other end has closed too.
 */
function endSocket(socket: Socket, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) {
      resolve();
      return;
    }
    const timer = setTimeout(() => {
      socket.destroy();
    }, limitMs);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.resume();
    socket.end();
  });
}

function setAlarm(atMs: number, ring: () => void): Cancel {
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    const leftMs = Math.ceil(atMs - performance.now());
    // Node.js counts in whole milliseconds of its own and may come a fraction too early.
    timer = setTimeout(
      () => {
        if (performance.now() < atMs) arm();
        else ring();
      },
      Math.min(Math.max(leftMs, 0), TIMER_MS_MAX),
    );
  };
  arm();
  return () => {
    clearTimeout(timer);
  };
}

function ignore(): void {
  // Nothing to be done, and nobody to be told.
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'permission denied'],
  ['EADDRINUSE', 'the address is in use'],
  ['EADDRNOTAVAIL', 'this machine has no such address'],
  ['EAI_AGAIN', 'the name cannot be resolved now'],
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'connection reset'],
  ['EHOSTUNREACH', 'no route to the host'],
  ['EMFILE', 'too many open files'],
  ['ENETUNREACH', 'no route to the network'],
  ['ENOENT', 'no such socket'],
  ['ENOTFOUND', 'no such host'],
  ['EPERM', 'not permitted'],
  ['EPIPE', 'closed by the other end'],
  ['ETIMEDOUT', 'connection timed out'],
]);

/** A dial waits for two SYNs (at 0 and 1 s): the kernel's own two minutes would outlast any split. */
const DIAL_MS_MAX = 2_500;

/** A boot storm: thousands of clients find the server at the same moment. */
const BACKLOG = 4_096;

/** What setTimeout can take; a later alarm is set in steps. */
const TIMER_MS_MAX = 2 ** 31 - 1;
