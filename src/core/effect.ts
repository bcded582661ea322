// The effects that a core wants: the one way out. The shell performs effects in their order, and
// decides nothing. Messages are values; the shell encodes each once, however many connections it
// goes to.

import type { ProtocolErrorName } from '../protocol/errors.ts';
import type { Message } from '../protocol/messages.ts';
import type { ConnectionId } from './input.ts';
import type { Notice, NoticeCause } from './notices.ts';

/** Send a message; several connections get the same bytes. */
export interface Send {
  readonly kind: 'send';
  readonly connections: readonly ConnectionId[];
  readonly message: Message;
  /** The connection that caused it, which a fault of the encoder costs. Else none. */
  readonly blamed?: ConnectionId | undefined;
}

/** Open a connection; `opened` or `undialled` with this address answers it. */
export interface Dial {
  readonly kind: 'dial';
  readonly address: string;
}

/** End a connection once all that was sent is written. No `closed` follows. */
export interface Close {
  readonly kind: 'close';
  readonly connection: ConnectionId;
  /** Why, for the log; the other end has got its reason in a message. */
  readonly why: ProtocolErrorName | 'stopped' | 'unneeded' | 'fault';
}

/** Take no more from a connection for now (`pause`), or go on (`resume`). */
export interface Reading {
  readonly kind: 'pause' | 'resume';
  readonly connection: ConnectionId;
}

/** Tell the operator. */
export interface Tell {
  readonly kind: 'notice';
  readonly notice: Notice;
  /** The session that caused it, where lines are rationed for each session. */
  readonly cause?: NoticeCause;
}

/** All is said: the shell may write what it has and end. */
export interface Stopped {
  readonly kind: 'stopped';
  /** It stops because of a bug of ours, for something to start it anew. */
  readonly isFailure?: boolean;
}

/** Everything that a server may want done. */
export type Effect = Send | Dial | Close | Reading | Tell | Stopped;
