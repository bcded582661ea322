// Where messages become bytes and bytes messages. If the codec throws there, and it is no breach of
// the protocol, that is a bug of ours, which must cost only the connection that it concerns. The
// invariant: the result is a message, its bytes, or a fault that names the connection to blame.

import type { ConnectionId, Faulted } from '../../core/input.ts';
import { decodeMessage, encodePieces } from '../../protocol/codec.ts';
import { FRAME_BYTES_MAX } from '../../protocol/constants.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import { encodeFramePieces } from '../../protocol/frame.ts';
import type { Message } from '../../protocol/messages.ts';

/** What happened while a message was coded or an input stepped: see `Faulted` in core/input.ts. */
export type CaughtFault = Omit<Faulted, 'kind' | 'nowMs'>;

type Decoded =
  | { readonly message: ReturnType<typeof decodeMessage>; readonly fault: null }
  | { readonly message: null; readonly fault: CaughtFault };

interface Encoded {
  /** None where there is a fault. */
  readonly pieces: readonly Uint8Array[];
  /** It does not know yet who lacks the message. */
  readonly fault: CaughtFault | null;
}

/** Throws ProtocolError. */
export function decoded(connection: ConnectionId, frame: Uint8Array): Decoded {
  try {
    return { message: decodeMessage(frame), fault: null };
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    return { message: null, fault: faultOf(connection, error) };
  }
}

/** `connection` is the one to blame if the message cannot be encoded; null for none. */
export function encoded(connection: ConnectionId | null, message: Message): Encoded {
  try {
    const [content, rest] = encodePieces(message);
    const bytes = content.length + (rest?.length ?? 0);
    if (bytes <= FRAME_BYTES_MAX) return { pieces: encodeFramePieces(content, rest), fault: null };
    const reason = `${message.kind}: ${String(bytes)} bytes are no frame`;
    return { pieces: [], fault: { connection, unsent: null, isTooLong: true, reason } };
  } catch (error) {
    return { pieces: [], fault: faultOf(connection, error) };
  }
}

/** Closes connections for a core that cannot live with faults by itself: a client's. */
export class Cuts {
  #againMs = -Infinity;

  /**
   * The connections that a fault costs: the one to blame, or all where none is, so that the core
   * begins anew with each. Throws the error where that has just not helped.
   */
  of(fault: CaughtFault, open: Iterable<ConnectionId>, nowMs: number): readonly ConnectionId[] {
    const ids = [...open];
    const blamed = fault.connection === null ? (fault.unsent?.to ?? []) : [fault.connection];
    const cut = blamed.filter((id) => ids.includes(id));
    if (cut.length > 0) return cut;
    if (nowMs < this.#againMs) throw new Error(fault.reason);
    this.#againMs = nowMs + AGAIN_MS;
    return ids;
  }
}

/**
 * The fault that a core threw while it stepped an input; null if the error belongs to the caller
 * that gave the input.
 */
export function faultOfInput(input: object, error: unknown): CaughtFault | null {
  if (!('kind' in input) || !OF_CONNECTIONS.has(input.kind)) return null;
  const isOfOne = 'connection' in input && typeof input.connection === 'number';
  return faultOf(isOfOne ? (input.connection as number) : null, error);
}

/** The error, and the connection that it costs; null for none. */
export function faultOf(connection: ConnectionId | null, error: unknown): CaughtFault {
  return { connection, unsent: null, isTooLong: false, reason: stackOf(error) };
}

/** An error with its stack, in one line. */
function stackOf(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return text.replace(/\s*\n\s*/g, ' ');
}

/** What no program has asked for. */
const OF_CONNECTIONS: ReadonlySet<unknown> = new Set([
  'opened',
  'undialled',
  'received',
  'heard',
  'unreadable',
  'closed',
  'congested',
  'drained',
  'deadline',
]);

/** For so long a second fault counts as one that will not go away; a server waits as long. */
const AGAIN_MS = 60_000;
