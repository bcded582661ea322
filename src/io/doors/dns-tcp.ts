// DNS over TCP at one address: queries with their length before them, any number one after the
// other. The invariants: a connection holds at most one answer that it has not read and one query
// that is not whole; and the connections that are idle longest make room for new ones.

import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';

import { QUERY_BYTES_MAX } from '../../doors/dns/codes.ts';
import { familyOf } from '../machine/addresses.ts';
import type { DnsAsker, DnsEndpoint, DnsListener } from './dns-sockets.ts';
import { plainAddress } from './dns-sockets.ts';

/** Listens. Rejects with the error of the system. */
export async function listenTcp(
  { host, port }: DnsEndpoint,
  asker: DnsAsker,
): Promise<DnsListener> {
  // The one that has been idle longest comes first.
  const connections = new Map<Socket, DnsConnection>();
  const server = createServer({ noDelay: true }, (socket) => {
    const [longest] = connections.values();
    if (connections.size >= CONNECTIONS_MAX) longest?.end();
    const connection = new DnsConnection(socket, {
      take: asker.take,
      used: () => {
        connections.delete(socket);
        connections.set(socket, connection);
      },
      closed: () => connections.delete(socket),
    });
    connections.set(socket, connection);
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
        for (const connection of connections.values()) connection.end();
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
  readonly closed: () => void;
}

class DnsConnection {
  readonly #socket: Socket;
  readonly #options: DnsConnectionOptions;
  readonly #address: string;
  #unread: Buffer = Buffer.alloc(0);
  #openCount = 0;
  /** A query that cannot be read is the last one. */
  #isLast = false;

  constructor(socket: Socket, options: DnsConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#address = plainAddress(socket.remoteAddress ?? '');
    socket.setTimeout(FIRST_MS_MAX, () => {
      this.end();
    });
    socket.on('data', (chunk: Buffer) => {
      this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
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
      options.closed();
    });
  }

  end(): void {
    this.#socket.destroy();
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
    if (this.#isFree()) this.#socket.resume();
    else this.#socket.pause();
    this.#maybeEnd();
  }

  #isFree(): boolean {
    const isRead = this.#socket.writableLength < UNREAD_BYTES_MAX;
    return isRead && this.#openCount < OPEN_MAX && !this.#isLast && !this.#socket.destroyed;
  }

  #take(query: Uint8Array): void {
    this.#openCount += 1;
    this.#socket.setTimeout(IDLE_MS_MAX);
    this.#options.used();
    let isLate = false;
    this.#options.take(query, {
      address: this.#address,
      isStream: true,
      reply: (answer) => {
        this.#openCount -= 1;
        this.#send(answer);
        if (isLate) this.#read();
      },
    });
    isLate = true;
  }

  #send(answer: Uint8Array): void {
    if (this.#socket.destroyed) return;
    const framed = Buffer.allocUnsafe(LENGTH_BYTES + answer.length);
    framed.writeUInt16BE(answer.length, 0);
    framed.set(answer, LENGTH_BYTES);
    this.#socket.write(framed);
  }

  #maybeEnd(): void {
    if (this.#isLast && !this.#socket.destroyed) this.#socket.end();
  }
}

const LENGTH_BYTES = 2;

/** Added to a query that is too long: so it is seen as such, however much of it has come. */
const PADDING = Buffer.alloc(QUERY_BYTES_MAX + 1);

const CONNECTIONS_MAX = 256;
const FIRST_MS_MAX = 2_000;
const IDLE_MS_MAX = 10_000;

/** Queries of one connection that are being answered. */
const OPEN_MAX = 64;

/** Answers that it has not read: the next one waits for them. */
const UNREAD_BYTES_MAX = 64 * 1024;
