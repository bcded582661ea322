// The first record of a TLS client, read without any TLS: whether it shows a secret, and the proof
// that it has it (the PSK binder, RFC 8446 4.2.11.2). The invariant: nothing is read beyond the
// bytes that came, and a record of another kind, or one that shows no secret, is recognized without
// an error.

/** What a first record is. */
export type FirstRecord =
  /** There is more to come. */
  | { readonly kind: 'part' }
  /** Not what TLS begins with. */
  | { readonly kind: 'other' }
  /** TLS, but no secret is shown, or it is no TLS 1.3. */
  | { readonly kind: 'bare'; readonly speaks13: boolean }
  | Shown;

/** A secret is shown, by its identity and a binder over all that stands before the binders. */
export interface Shown {
  readonly kind: 'shown';
  readonly identity: string;
  readonly bound: Uint8Array;
  readonly binder: Uint8Array;
}

/** Reads the bytes that have come so far. */
export function firstRecordOf(bytes: Buffer): FirstRecord {
  if (bytes.length < RECORD_HEAD_BYTES) return { kind: 'part' };
  const length = bytes.readUInt16BE(3);
  if (bytes[0] !== HANDSHAKE || length > RECORD_BYTES_MAX) return { kind: 'other' };
  if (bytes.length < RECORD_HEAD_BYTES + length) return { kind: 'part' };
  const hello = bytes.subarray(RECORD_HEAD_BYTES, RECORD_HEAD_BYTES + length);
  try {
    return read(hello);
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'other' };
    throw error;
  }
}

function read(hello: Buffer): FirstRecord {
  const reader = new Reader(hello);
  if (reader.number(1) !== CLIENT_HELLO || reader.number(3) !== hello.length - 4) {
    return { kind: 'other' };
  }
  reader.skip(VERSION_BYTES + RANDOM_BYTES);
  // Session id, cipher suites, compression.
  for (const width of [1, 2, 1]) reader.vector(width);
  const extensions = new Reader(reader.vector(2));
  let speaks13 = false;
  let shown: Shown | null = null;
  while (!extensions.isAtEnd()) {
    const type = extensions.number(2);
    const body = extensions.vector(2);
    if (type === SUPPORTED_VERSIONS) speaks13 = body.includes(TLS_13, 1, 'latin1');
    // It has to be the last one, because it vouches for all before it.
    if (type === PRE_SHARED_KEY && extensions.isAtEnd() && reader.isAtEnd()) {
      shown = shownIn(body, hello);
    }
  }
  return speaks13 && shown !== null ? shown : { kind: 'bare', speaks13 };
}

function shownIn(body: Buffer, hello: Buffer): Shown {
  const reader = new Reader(body);
  const identity = new Reader(reader.vector(2)).vector(2).toString('latin1');
  const bindersBytes = body.length - reader.at;
  const binder = new Reader(reader.vector(2)).vector(1);
  return {
    kind: 'shown',
    identity,
    bound: hello.subarray(0, hello.length - bindersBytes),
    binder,
  };
}

/** Reads on; throws RangeError at the end, as Buffer does. */
class Reader {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  isAtEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  number(width: number): number {
    const value = this.#bytes.readUIntBE(this.at, width);
    this.at += width;
    return value;
  }

  skip(count: number): void {
    this.at += count;
  }

  /** Bytes behind a length of so many bytes. */
  vector(width: number): Buffer {
    const length = this.number(width);
    const start = this.at;
    this.at += length;
    if (this.at > this.#bytes.length) throw new RangeError('cut off');
    return this.#bytes.subarray(start, this.at);
  }
}

const RECORD_HEAD_BYTES = 5;

/** A hello of OpenSSL has some 300 bytes, 1,500 with a post-quantum key. */
const RECORD_BYTES_MAX = 4_096;

const HANDSHAKE = 0x16;
const CLIENT_HELLO = 1;
const VERSION_BYTES = 2;
const RANDOM_BYTES = 32;
const SUPPORTED_VERSIONS = 43;
const TLS_13 = '\x03\x04';
const PRE_SHARED_KEY = 41;
