// Frames: the stream of a connection is a CBOR Sequence of byte strings, and each holds a message.
// The invariant: the length of a frame is checked before a byte of it is kept, and the buffer is at
// most twice what has arrived, so no peer can make us allocate by announcing a length.
// A frame that lies whole in a chunk is a view of that chunk; only one that was cut is copied.

import { ProtocolError } from './errors.ts';
import { uintBytes, writeUint } from './uint.ts';

const NOTHING = new Uint8Array(0);

/** Cuts a stream of bytes into frames, wherever the chunks of the stream were cut. */
export class FrameDecoder {
  /** The longest content that is accepted; a new limit holds from the next frame on. */
  frameBytesMax: number;

  #state: 'first' | 'length' | 'content' = 'first';
  #isBegun = false;
  #lengthBytesMissing = 0;
  #contentBytes = 0;
  #kept: Uint8Array = NOTHING;
  #keptBytes = 0;

  constructor(frameBytesMax: number) {
    this.frameBytesMax = frameBytesMax;
  }

  /**
   * The frames that end in this chunk, one at a time, so that `frameBytesMax` may be changed between
   * two of them. Iterate to the end before the next push. Throws ProtocolError once the frames
   * before the fault have been delivered; the decoder is of no use from then on.
   */
  *push(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    let position = 0;
    while (position < chunk.length || this.#isEmptyContentDue()) {
      if (this.#state === 'content') {
        const missing = this.#contentBytes - this.#keptBytes;
        const piece = chunk.subarray(position, position + missing);
        position += piece.length;
        if (piece.length === missing) yield this.#finish(piece);
        else this.#keep(piece);
      } else {
        this.#readHead(chunk[position] ?? 0);
        position += 1;
      }
    }
  }

  #isEmptyContentDue(): boolean {
    return this.#state === 'content' && this.#contentBytes === 0;
  }

  #readHead(byte: number): void {
    if (this.#state === 'first') {
      if (byte < BYTE_STRING || byte > BYTE_STRING + LENGTH_IN_8) {
        throw this.#isBegun ? strangeByte(byte) : strangeStart(byte);
      }
      const info = byte - BYTE_STRING;
      this.#lengthBytesMissing = info < LENGTH_IN_1 ? 0 : 2 ** (info - LENGTH_IN_1);
      this.#contentBytes = info < LENGTH_IN_1 ? info : 0;
    } else {
      this.#lengthBytesMissing -= 1;
      this.#contentBytes = this.#contentBytes * 256 + byte;
    }
    this.#state = this.#lengthBytesMissing > 0 ? 'length' : 'content';
    if (this.#state === 'content' && this.#contentBytes > this.frameBytesMax) {
      const limit = `the limit is ${String(this.frameBytesMax)}`;
      throw new ProtocolError(
        'frame-too-long',
        `a frame of ${String(this.#contentBytes)} bytes, ${limit}`,
      );
    }
  }

  #finish(piece: Uint8Array): Uint8Array {
    const isWhole = this.#keptBytes === 0;
    if (!isWhole) this.#keep(piece);
    const frame = isWhole ? piece : this.#kept.subarray(0, this.#contentBytes);
    this.#state = 'first';
    this.#isBegun = true;
    this.#kept = NOTHING;
    this.#keptBytes = 0;
    return frame;
  }

  #keep(piece: Uint8Array): void {
    const bytes = this.#keptBytes + piece.length;
    if (bytes > this.#kept.length) {
      const grown = new Uint8Array(Math.min(this.#contentBytes, 2 * bytes));
      grown.set(this.#kept.subarray(0, this.#keptBytes));
      this.#kept = grown;
    }
    this.#kept.set(piece, this.#keptBytes);
    this.#keptBytes = bytes;
  }
}

/** A frame with this content, its length in the shortest form. */
export function encodeFrame(content: Uint8Array): Uint8Array {
  return framed(content, content.length);
}

/** A frame whose content is in a piece or two: in as many, so that the second is not copied. */
export function encodeFramePieces(content: Uint8Array, rest?: Uint8Array): readonly Uint8Array[] {
  return rest === undefined
    ? [encodeFrame(content)]
    : [framed(content, content.length + rest.length), rest];
}

function framed(begin: Uint8Array, contentBytes: number): Uint8Array {
  if (contentBytes >= 2 ** 32) throw new RangeError(`no frame has ${String(contentBytes)} bytes`);
  const headBytes = uintBytes(contentBytes);
  const bytes = new Uint8Array(headBytes + begin.length);
  writeUint(bytes, 0, contentBytes);
  bytes[0] = (bytes[0] ?? 0) + BYTE_STRING;
  bytes.set(begin, headBytes);
  return bytes;
}

/** A TLS client begins with the type of a record: that of a handshake or of an alert. */
function strangeStart(byte: number): ProtocolError {
  if (byte === TLS_ALERT)
    return new ProtocolError('locked', 'it speaks TLS, but this side has no secret');
  if (byte !== TLS_HANDSHAKE) return strangeByte(byte);
  return new ProtocolError('locked', 'it speaks TLS, but this side has no secret');
}

function strangeByte(byte: number): ProtocolError {
  return new ProtocolError('malformed-frame', `a frame cannot begin with ${hexByte(byte)}`);
}

function hexByte(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}

// Major type 2; its five low bits describe the length that follows (RFC 8949, section 3).
const BYTE_STRING = 0x40;
const LENGTH_IN_1 = 24;
const LENGTH_IN_8 = 27;

const TLS_ALERT = 0x15;
const TLS_HANDSHAKE = 0x16;
