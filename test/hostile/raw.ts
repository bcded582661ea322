// The other end of a hostile connection: a bare socket, and the server's messages on it.

import { connect, type Socket } from 'node:net';
import type { Item } from './cbor.ts';
import { array, bytes, hex, message, read, text, uint } from './cbor.ts';

/** A message of the server, by its code. */
export interface Said {
  readonly code: number;
  readonly fields: Readonly<Record<string, Item>>;
}

export const ENVIRONMENT: readonly [string, Buffer] = ['environment', text('development')];
export const id = (digits: string) => bytes(hex(digits.padStart(32, '0')));
export const factsOf = (name: string) =>
  array(text(name), text(name), text('c'), text('a'), text('leaf'), array(text('127.0.0.1:9')));
export const clientHello = message(2, ['role', text('client')], ['protocol', uint(2)], ENVIRONMENT);
export const peerHello = (origin: string) =>
  message(
    2,
    ['role', text('peer')],
    ['facts', factsOf(`h${origin}`)],
    ['origin', id(origin)],
    ['protocol', uint(2)],
    ENVIRONMENT,
  );
export const ping = (stamp: number) => message(5, ['stamp', uint(stamp)]);
export const lookup = (service: string) =>
  message(13, ['request', uint(1)], ['service', text(service)]);

/** A connection of which every byte is made by hand. */
export class Raw {
  readonly said: Said[] = [];
  isClosed = false;
  /** Bytes of the server that begin no frame, such as an alert of TLS; nothing is read after them. */
  unframed: string | null = null;
  readonly #socket: Socket;
  #unread = Buffer.alloc(0);
  #wake: () => void = () => undefined;

  constructor(host: string, port = 17340) {
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.on('data', (chunk) => {
      this.#unread = Buffer.concat([this.#unread, chunk]);
      this.#readFrames();
      this.#wake();
    });
    // A client that is closed while it speaks is reset.
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  send(...chunks: readonly Uint8Array[]): this {
    for (const chunk of chunks) this.#socket.write(chunk);
    return this;
  }

  /** Resolves with the first message of that code, or null when it is closed before. */
  async hear(code: number): Promise<Said | null> {
    for (;;) {
      const found = this.said.find((one) => one.code === code);
      if (found !== undefined) return found;
      if (this.isClosed || this.unframed !== null) return null;
      await this.#next();
    }
  }

  /**
   * The server's reaction: its errors, bytes that are no frame, and `closed`, or `open` once it has
   * answered the ping that follows.
   */
  async outcome(): Promise<string> {
    this.send(ping(77));
    await this.hear(6);
    const errors = this.said.filter(({ code }) => code === 3);
    const words = errors.map(({ fields }) => `error ${JSON.stringify(fields['error'])}`);
    if (this.unframed !== null) words.push(`no frame: ${this.unframed}`);
    return [...words, this.isClosed ? 'closed' : 'open'].join(', ');
  }

  stopReading(): this {
    this.#socket.pause();
    return this;
  }

  startReading(): this {
    this.#socket.resume();
    return this;
  }

  async closed(): Promise<void> {
    while (!this.isClosed) await this.#next();
  }

  /** Goes without a word; `reset` without even a FIN. */
  leave(how: 'fin' | 'reset' = 'fin'): void {
    if (how === 'fin') this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #readFrames(): void {
    while (this.unframed === null) {
      const next = read(this.#unread, 0);
      if (next === undefined) return;
      if (!isFrame(this.#unread)) {
        this.unframed = this.#unread.toString('hex');
        return;
      }
      const content = Buffer.from(next.item as string, 'hex');
      const [code, fields] = read(content, 0)?.item as [number, Said['fields']];
      this.said.push({ code, fields });
      this.#unread = this.#unread.subarray(next.end);
    }
  }
}

/** A frame is a byte string; an alert of TLS (15 03 03 …) reads as the number 21. */
function isFrame(unread: Buffer): boolean {
  return (unread[0] ?? 0) >> 5 === 2;
}

/** A client that has shaken hands. */
export async function clientOf(host: string): Promise<Raw> {
  const raw = new Raw(host).send(clientHello);
  await raw.hear(1);
  return raw;
}

/** How long a lookup takes, on a connection of its own; rejects when it is not answered. */
export async function lookupMs(host: string): Promise<number> {
  const startMs = performance.now();
  const raw = await clientOf(host);
  const answer = await raw.send(lookup('db')).hear(14);
  raw.leave();
  if (answer === null) throw new Error('a lookup was not answered');
  return performance.now() - startMs;
}
