// Where messages become bytes and bytes messages: what the codec throws there, other than a breach of
// the protocol, is a bug of ours, and becomes an input for the core that can live with one. The
// invariant: what comes out of here is a message, its bytes, or a fault that names whose input was
// being handled.

import type { ConnectionId, Faulted } from '../../core/input.ts';
import { decodeMessage, encodePieces } from '../../protocol/codec.ts';
import { FRAME_BYTES_MAX } from '../../protocol/constants.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import { encodeFramePieces } from '../../protocol/frame.ts';

/** What happened while a message was coded: see `Faulted` in core/input.ts. */
export type Fault = Omit<Faulted, 'kind' | 'nowMs'>;

type Decoded<I> =
  | { readonly message: ReturnType<typeof decodeMessage>; readonly fault: null }
  | { readonly message: null; readonly fault: I };

interface Encoded<I> {
  /** None where there is a fault. */
  readonly pieces: readonly Uint8Array[];
  readonly fault: I | null;
}

/** Codes messages for a driver; `I` is what its core is told of a fault. */
export class Bulkhead<I> {
  readonly #inputOf: ((fault: Fault) => I) | null;

  /** Without `inputOf` whatever is thrown goes up. */
  constructor(inputOf: ((fault: Fault) => I) | null) {
    this.#inputOf = inputOf;
  }

  /** Throws ProtocolError. */
  decoded(connection: ConnectionId, frame: Uint8Array): Decoded<I> {
    try {
      return { message: decodeMessage(frame), fault: null };
    } catch (error) {
      if (error instanceof ProtocolError || this.#inputOf === null) throw error;
      const reason = stackOf(error);
      return {
        message: null,
        fault: this.#inputOf({ connection, unsent: null, isTooLong: false, reason }),
      };
    }
  }

  encoded(connection: ConnectionId | null, unsent: NonNullable<Fault['unsent']>): Encoded<I> {
    try {
      const pieces = encodePieces(unsent.message);
      const bytes = pieces[0].length + (pieces[1]?.length ?? 0);
      if (bytes <= FRAME_BYTES_MAX || this.#inputOf === null) {
        return { pieces: encodeFramePieces(...pieces), fault: null };
      }
      const reason = `${unsent.message.kind}: ${String(bytes)} bytes are no frame`;
      return { pieces: [], fault: this.#inputOf({ connection, unsent, isTooLong: true, reason }) };
    } catch (error) {
      if (this.#inputOf === null) throw error;
      const reason = stackOf(error);
      return { pieces: [], fault: this.#inputOf({ connection, unsent, isTooLong: false, reason }) };
    }
  }
}

/** Whose input it is; null for what a timer does or an operator asks for. */
export function culpritOf(input: object): ConnectionId | null {
  return 'connection' in input && typeof input.connection === 'number' ? input.connection : null;
}

/** An error with its stack, in one line. */
function stackOf(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return text.replace(/\s*\n\s*/g, ' ');
}
