// The world as Node.js gives it: node:net, process.hrtime(), Math.random(). It keeps the promise of
// runtime.ts: no handler is called before the call that led to it has returned, and none after
// `closed` or `end`. The other end's FIN counts as its close: no connection is half open.

import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { Transport } from '../../core/input.ts';
import { type Endpoint, endpointOf, formatAddress, remoteOf } from './addresses.ts';
import type { AcceptLock, DialLock } from './lock.ts';
import { errorCode, reasonOf } from './reasons.ts';
import type {
  Accept,
  Cancel,
  Channel,
  ConnectionHandlers,
  DialHandlers,
  Listener,
  Runtime,
} from './runtime.ts';

/** What a runtime is made of. */
interface RuntimeOptions {
  /**
   * What locks the TCP connections that it opens. UNIX sockets have no lock: there the system
   * decides who may connect.
   */
  readonly dial?: DialLock | null;
  /** What locks the TCP connections that it accepts. */
  readonly accept?: AcceptLock | null;
  /** Its dials and its alarms do not keep the process alive. */
  readonly isBackground?: boolean;
}

/** A runtime of this process. */
export function createRuntime(options: RuntimeOptions): Runtime {
  const { dial: lock = null, accept = null, isBackground = false } = options;
  const hold = isBackground ? letGo : ignore;
  return {
    nowMs,
    random: () => Math.random(),
    dial: (address, handlers) => dial(address, { ...handlers, lock, hold }),
    listen: (address) => listen(address, accept),
    setAlarm: (atMs, ring) => setAlarm(atMs, ring, hold),
  };
}

/** The runtime of this process, without locks. */
export const nodeRuntime: Runtime = createRuntime({});

/** The same, for a part whose dials and alarms must not keep the process alive. */
export const backgroundRuntime: Runtime = createRuntime({ isBackground: true });

/**
 * The same clock as performance.now(), whose module takes most of a millisecond to load. A server at
 * rest asks a hundred times a second, by code that V8 does not optimize: there a pattern would make
 * more garbage than all else.
 */
function nowMs(): number {
  const time = process.hrtime();
  return time[0] * 1e3 + time[1] / 1e6;
}

/** Decides for each socket and timer whether it keeps the process alive. */
type Hold = (holder: Socket | NodeJS.Timeout) => void;

function letGo(holder: Socket | NodeJS.Timeout): void {
  holder.unref();
}

/** A runtime's options, with the lock of a dial and what holds it. */
interface Dial extends DialHandlers {
  readonly lock: DialLock | null;
  readonly hold: Hold;
}

function dial(address: string, handlers: Dial): Cancel {
  let socket: Socket;
  const endpoint = endpointOf(address);
  try {
    const disbelief = 'path' in endpoint ? handlers.lock?.disbeliefOf?.(endpoint.path) : null;
    if (typeof disbelief === 'string') throw new Error(disbelief);
    socket = connect({ ...endpoint, noDelay: true, autoSelectFamily: true });
  } catch (error) {
    // Addresses come from other servers too, and may be nonsense.
    const soon = setImmediate(() => {
      handlers.failed(reasonOf(error));
    });
    return () => {
      clearImmediate(soon);
    };
  }
  return awaitConnect(socket, { address, dialledPort: portIn(endpoint) }, handlers);
}

function awaitConnect(socket: Socket, { address, dialledPort }: Dialled, handlers: Dial): Cancel {
  const { lock, hold } = handlers;
  // It keeps nothing alive, and a dial that is over ignores it. It is cleared at the end only:
  // Node.js compiles eight functions for that, which a command saves.
  const timer = setTimeout(() => {
    fail('connection timed out');
  }, DIAL_MS_MAX).unref();
  socket.on('close', () => {
    clearTimeout(timer);
  });
  hold(socket);
  const transport = transportOf(address);
  let isOver = false;
  const end = (): boolean => {
    if (isOver) return false;
    isOver = true;
    return true;
  };
  const giveUp = (tell: () => void): void => {
    if (!end()) return;
    socket.destroy();
    tell();
  };
  const fail = (reason: string, isDeserted = false): void => {
    giveUp(() => {
      handlers.failed(reason, isDeserted);
    });
  };
  const opened = (ready: Socket): void => {
    if (end()) adopt(ready, { remote: address, transport, accept: handlers.opened });
  };
  socket.on('error', (error) => {
    fail(reasonOf(error), DESERTED.has(errorCode(error)));
  });
  socket.on('connect', () => {
    // Of several addresses of a name, each is tried with a handle of its own.
    hold(socket);
    // A dial of a free port of the range that the kernel gives out may meet itself half-way.
    if (isSelfConnected(socket, dialledPort)) fail('connection refused', true);
    else if (lock === null || transport === 'unix') opened(socket);
    else {
      const refused = (reason: string): void => {
        giveUp(() => {
          handlers.refused(reason);
        });
      };
      lock.secureDialled(socket, { opened, failed: fail, refused });
    }
  });
  return () => {
    if (end()) socket.destroy();
  };
}

/** What was dialled. */
interface Dialled {
  readonly address: string;
  /** Undefined for a UNIX socket. */
  readonly dialledPort: number | undefined;
}

function portIn(endpoint: Endpoint): number | undefined {
  return 'port' in endpoint ? endpoint.port : undefined;
}

/** Asks for one end first: nearly always its port tells, and each question is one to the kernel. */
function isSelfConnected(socket: Socket, dialledPort: number | undefined): boolean {
  if (dialledPort === undefined || socket.localPort !== dialledPort) return false;
  return socket.localAddress === socket.remoteAddress;
}

async function listen(address: string, accepting: AcceptLock | null): Promise<Listener> {
  const transport = transportOf(address);
  const lock = transport === 'tcp' ? accepting : null;
  const waiting: Socket[] = [];
  let accept: Accept | null = null;
  const take = (socket: Socket): void => {
    if (accept !== null) adopt(socket, { remote: remoteOf(socket, address), transport, accept });
  };
  const handOver = (socket: Socket): void => {
    if (accept === null) waiting.push(socket);
    else if (socket.destroyed) return;
    else if (lock === null) take(socket);
    else lock.secureAccepted(socket, take);
  };
  const server = createServer({ noDelay: true }, (socket) => {
    // The socket may fail before it has handlers.
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

interface Adoption {
  readonly remote: string;
  readonly transport: Transport;
  readonly accept: Accept;
}

function transportOf(address: string): Transport {
  return address.includes('/') ? 'unix' : 'tcp';
}

function adopt(socket: Socket, { remote, transport, accept }: Adoption): void {
  let handlers: ConnectionHandlers | null = null;
  let isEnded = false as boolean;
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
    transport,
    silence: () => {
      handlers = null;
      isEnded = true;
    },
  });
  const given = accept(connection);
  if (isEnded) return;
  handlers = given;
  socket.on('data', (chunk) => handlers?.received(chunk));
}

function connectionOver(
  socket: Socket,
  { remote, transport, silence }: { remote: string; transport: Transport; silence: () => void },
): Channel {
  return {
    remote,
    transport,
    get unwrittenBytes() {
      return socket.writableLength;
    },
    write: (chunks) => {
      if (!socket.writable) return;
      const pieces = gathered(chunks);
      // One piece needs no cork, so a command that asks one question loads no code for corks.
      if (pieces.length > 1) socket.cork();
      for (const piece of pieces) socket.write(piece);
      if (pieces.length > 1) socket.uncork();
    },
    setReading: (isReading) => {
      if (isReading) socket.resume();
      else socket.pause();
    },
    end: (limitMs, ended = ignore) => {
      silence();
      // A command that has its answer exits before that, and the kernel says the same goodbye.
      setImmediate(() => {
        endSocket(socket, limitMs, ended);
      });
    },
  };
}

/**
 * The same bytes in few pieces. A stream's record of each piece, and the kernel's work for it, cost
 * more than a copy of some kilobytes. Measured by `npm run bench reads`.
 */
export function gathered(chunks: readonly Uint8Array[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let start = 0;
  while (start < chunks.length) {
    let end = start;
    let bytes = 0;
    do {
      bytes += chunks[end]?.length ?? 0;
      end += 1;
    } while (end < chunks.length && bytes + (chunks[end]?.length ?? 0) <= PIECE_BYTES_MAX);
    const run = chunks.slice(start, end);
    pieces.push(run.length === 1 && run[0] !== undefined ? run[0] : joined(run, bytes));
    start = end;
  }
  return pieces;
}

/** As Buffer.concat, for which Node.js compiles four functions when it is first called. */
function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const all = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/**
 * A close with bytes unread makes the kernel reset the connection, and the other end would lose our
 * last words. So later bytes are read and dropped until the other end has closed too.
 */
function endSocket(socket: Socket, limitMs: number, ended: () => void): void {
  if (socket.closed) {
    ended();
    return;
  }
  const timer = setTimeout(() => {
    socket.destroy();
  }, limitMs);
  socket.on('close', () => {
    clearTimeout(timer);
    ended();
  });
  socket.resume();
  socket.end();
}

function setAlarm(atMs: number, ring: () => void, hold: Hold = ignore): Cancel {
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    const leftMs = Math.ceil(atMs - nowMs());
    // Node.js counts in whole milliseconds of its own and may come a fraction too early.
    timer = setTimeout(
      () => {
        if (nowMs() < atMs) arm();
        else ring();
      },
      Math.min(Math.max(leftMs, 0), TIMER_MS_MAX),
    );
    hold(timer);
  };
  arm();
  return () => {
    clearTimeout(timer);
  };
}

function ignore(): void {
  // There is nothing to do, and nobody to tell.
}

/** No program listens there; of a socket, there is not even a file. */
const DESERTED: ReadonlySet<string | undefined> = new Set(['ECONNREFUSED', 'ENOENT']);

/** A dial waits for two SYNs (at 0 and 1 s): the kernel's own two minutes would outlast any split. */
const DIAL_MS_MAX = 2_500;

/** Longer pieces travel as they are: links share the bytes of a snapshot. */
const PIECE_BYTES_MAX = 32 * 1024;

/** A boot storm: thousands of clients find the server at the same moment. */
const BACKLOG = 4_096;

/** The longest time that setTimeout takes; a later alarm is set in steps. */
const TIMER_MS_MAX = 2 ** 31 - 1;
