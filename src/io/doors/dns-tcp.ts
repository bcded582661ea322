// DNS over TCP at one address: queries with their length before them, any number one after the
// other. The invariants: a connection takes in no query as long as many bytes wait for its reader;
// the bytes that wait at all of them together are bounded; a query that has begun is whole in time,
// however its bytes trickle; and the connections that are idle longest make room for new ones, those
// of this host only for each other.

import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';

import { QUERY_BYTES_MAX } from '../../doors/dns/codes.ts';
import type { DnsLimitName } from '../../doors/dns/limits.ts';
import { DNS_LIMITS } from '../../doors/dns/limits.ts';
import { familyOf, isLoopback } from '../machine/addresses.ts';
import type { DnsAsker, DnsEndpoint, DnsListener } from './dns-sockets.ts';
import { plainAddress } from './dns-sockets.ts';
import { UnreadInAll } from './unread-in-all.ts';

/** The connections at all places of a door. */
export class DnsStreams {
  /** The one that has been idle longest comes first. */
  readonly #connections = new Set<DnsConnection>();
  readonly #unread = new UnreadInAll<DnsConnection>(UNREAD_IN_ALL_MAX, ({ waitingBytes }) => {
    return waitingBytes;
  });
  readonly #onLimit: (limit: DnsLimitName) => void;

  /** `onLimit` is called each time that a limit costs a connection. */
  constructor(onLimit: (limit: DnsLimitName) => void) {
    this.#onLimit = onLimit;
  }

  /** Takes a connection in, at the cost of one that idles, or of itself, if there are too many. */
  add(socket: Socket, take: DnsAsker['take']): DnsConnection {
    const connection = new DnsConnection(socket, {
      take,
      used: () => {
        this.#connections.delete(connection);
        this.#connections.add(connection);
      },
      waits: (bytes) => {
        for (const one of this.#unread.written(bytes, this.#connections)) {
          this.#expel(one, 'dns-unread-bytes-in-all');
        }
      },
      closed: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    if (this.#connections.size > CONNECTIONS_MAX) this.#makeRoom();
    return connection;
  }

  /** Other machines, even those that may not ask, take no place from programs of this host. */
  #makeRoom(): void {
    const all = [...this.#connections];
    const [longest] = all;
    const ended = all.find(({ isNear }) => !isNear) ?? longest;
    if (ended !== undefined) this.#expel(ended, 'dns-connections');
  }

  #expel(connection: DnsConnection, limit: DnsLimitName): void {
    this.#connections.delete(connection);
    connection.end();
    this.#onLimit(limit);
  }
}

/** Listens. Rejects with the error of the system. */
export async function listenTcp(
  { host, port }: DnsEndpoint,
  asker: DnsAsker,
  streams: DnsStreams,
): Promise<DnsListener> {
  const here = new Set<DnsConnection>();
  const server = createServer({ noDelay: true }, (socket) => {
    const connection = streams.add(socket, asker.take);
    here.add(connection);
    socket.once('close', () => here.delete(connection));
  });
  await bind(server, { host, port });
  // What fails from now on is a single accept (EMFILE): its connection is lost, the listener is not.
  server.on('error', () => undefined);
  return {
    close: () => server.close(),
    end: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const connection of here) connection.end();
      }),
  };
}

function bind(server: Server, { host, port }: DnsEndpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true, ipv6Only: familyOf(host) === 6 }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

interface DnsConnectionOptions {
  readonly take: DnsAsker['take'];
  /** A query has come. */
  readonly used: () => void;
  /** So many bytes more wait: to be taken in, or to be read. */
  readonly waits: (bytes: number) => void;
  readonly closed: () => void;
}

class DnsConnection {
  readonly #socket: Socket;
  readonly #options: DnsConnectionOptions;
  readonly #address: string;
  #unread: Buffer = Buffer.alloc(0);
  #openCount = 0;
  /** Ends the connection if the query that has begun is not whole in time; at first, if none comes. */
  #deadline: NodeJS.Timeout | null;
  /** A query that cannot be read is the last one. */
  #isLast = false;

  constructor(socket: Socket, options: DnsConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#address = plainAddress(socket.remoteAddress ?? '');
    this.#deadline = this.#startDeadline();
    socket.setTimeout(IDLE_MS_MAX, () => {
      this.end();
    });
    socket.on('data', (chunk: Buffer) => {
      this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
      options.waits(chunk.length);
      this.#read();
    });
    socket.on('drain', () => {
      this.#read();
    });
    socket.on('end', () => {
      this.#isLast = true;
      this.#maybeEnd();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#endDeadline();
      options.closed();
    });
  }

  end(): void {
    this.#socket.destroy();
  }

  /** Whether it comes by loopback. */
  get isNear(): boolean {
    return isLoopback(this.#address);
  }

  /** What it has sent and is not taken in yet, and what it has not read. */
  get waitingBytes(): number {
    return this.#unread.length + this.#socket.writableLength;
  }

  /** Takes in the queries that are whole, as long as their answers have somewhere to go. */
  #read(): void {
    while (this.#isFree()) {
      if (this.#unread.length < LENGTH_BYTES) break;
      const length = this.#unread.readUInt16BE(0);
      if (length > QUERY_BYTES_MAX) {
        // The rest is not waited for: the part that is there shows that it is too long.
        this.#isLast = true;
        this.#take(Buffer.concat([this.#unread.subarray(LENGTH_BYTES), PADDING]));
        break;
      }
      if (this.#unread.length < LENGTH_BYTES + length) break;
      const query = this.#unread.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
      this.#unread = this.#unread.subarray(LENGTH_BYTES + length);
      this.#take(query);
    }
    if (this.#isFree()) {
      if (this.#unread.length > 0) this.#deadline ??= this.#startDeadline();
      this.#socket.resume();
    } else {
      // Its bytes wait for us now, not we for them.
      this.#endDeadline();
      this.#socket.pause();
    }
    this.#maybeEnd();
  }

  #isFree(): boolean {
    const isRead = this.#socket.writableLength < UNREAD_BYTES_MAX;
    return isRead && this.#openCount < OPEN_MAX && !this.#isLast && !this.#socket.destroyed;
  }

  #take(query: Uint8Array): void {
    this.#openCount += 1;
    this.#endDeadline();
    this.#options.used();
    let isLate = false;
    const isAnswered = this.#options.take(query, {
      address: this.#address,
      isStream: true,
      reply: (answer) => {
        this.#openCount -= 1;
        this.#send(answer);
        if (isLate) this.#read();
      },
    });
    isLate = true;
    if (!isAnswered) this.#openCount -= 1;
  }

  #startDeadline(): NodeJS.Timeout {
    return setTimeout(() => {
      this.end();
    }, QUERY_MS_MAX);
  }

  #endDeadline(): void {
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#deadline = null;
  }

  #send(answer: Uint8Array): void {
    if (this.#socket.destroyed) return;
    const framed = Buffer.allocUnsafe(LENGTH_BYTES + answer.length);
    framed.writeUInt16BE(answer.length, 0);
    framed.set(answer, LENGTH_BYTES);
    this.#socket.write(framed);
    this.#options.waits(framed.length);
  }

  #maybeEnd(): void {
    if (this.#isLast && !this.#socket.destroyed) this.#socket.end();
  }
}

const LENGTH_BYTES = 2;

/** Added to a query that is too long: so it is seen as such, however much of it has come. */
const PADDING = Buffer.alloc(QUERY_BYTES_MAX + 1);

const { 'dns-connections': CONNECTIONS_MAX } = DNS_LIMITS;
const { 'dns-unread-bytes-in-all': UNREAD_IN_ALL_MAX } = DNS_LIMITS;

/** Until a query is whole: the first from the beginning of its connection, others from their own. */
const QUERY_MS_MAX = 2_000;
const IDLE_MS_MAX = 10_000;

/** Queries of one connection that are being answered. */
const OPEN_MAX = 64;

/** Answers that it has not read: the next one waits for them. */
const UNREAD_BYTES_MAX = 64 * 1024;
