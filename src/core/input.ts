// The inputs of a core: the one way in. Time comes in with every input; a connection is a number
// that the shell gave it; an address is a text `host:port`, `[v6]:port` or, with a `/` in it, the
// path of a socket. One invariant: an input is a plain record and is never changed.

import type { ProtocolError } from '../protocol/errors.ts';
import type { Arrived, Message } from '../protocol/messages.ts';

/** A connection, by the number that the shell gave it; never used twice. */
export type ConnectionId = number;

/**
 * What carries a connection: TCP; a UNIX socket, where the kernel reports a death; or only calls,
 * of a client inside this server: a door (`inside`), or a registration through the HTTP door
 * (`http`), whose end the door reports.
 */
export type Transport = 'tcp' | 'unix' | 'inside' | 'http';

interface Timed {
  /** Monotonic milliseconds, fractions allowed; never goes back. */
  readonly nowMs: number;
}

/** A connection is open, before any handshake. */
export interface Opened extends Timed {
  readonly kind: 'opened';
  readonly connection: ConnectionId;
  /** The other end, for people. */
  readonly remote: string;
  /** What an effect `dial` had asked for; null for a connection that we accepted. */
  readonly dialled: string | null;
  readonly transport: Transport;
}

/** A dial has failed. */
export interface Undialled extends Timed {
  readonly kind: 'undialled';
  readonly address: string;
  readonly reason: string;
  /** A server is there, and one side does not trust the other: time does not mend it. */
  readonly isRefusal?: boolean;
  /** The machine is there, and no program listens at that address. */
  readonly isDeserted?: boolean;
}

/** A message has arrived. */
export interface Received extends Timed {
  readonly kind: 'received';
  readonly connection: ConnectionId;
  readonly message: Arrived;
}

/** Bytes have arrived, and the message that they belong to is not whole yet: a sign of life. */
export interface Heard extends Timed {
  readonly kind: 'heard';
  readonly connection: ConnectionId;
}

/** Bytes have arrived that do not form a message. */
export interface Unreadable extends Timed {
  readonly kind: 'unreadable';
  readonly connection: ConnectionId;
  readonly error: ProtocolError;
}

/** A connection is closed, by the other end or by the network; never sent for our own `close`. */
export interface Closed extends Timed {
  readonly kind: 'closed';
  readonly connection: ConnectionId;
  readonly reason: string;
}

/** The other end does not read as fast as we write (`congested`), or has caught up (`drained`). */
export interface Flow extends Timed {
  readonly kind: 'congested' | 'drained';
  /** The bytes that wait in our own memory; sent once more when it is too much: see limits.ts. */
  readonly unwrittenBytes?: number;
  /** It must close, because all together have too much unread: see throttle.ts. */
  readonly isTooMuchInAll?: boolean;
  readonly connection: ConnectionId;
}

/** The moment that `nextDeadlineMs` named has come. */
export interface Deadline extends Timed {
  readonly kind: 'deadline';
}

/**
 * A fault in the shell, caused by a connection or by none: the decoder or the encoder threw an
 * error of its own, or a message is too long for a frame.
 */
export interface Faulted extends Timed {
  readonly kind: 'faulted';
  /**
   * The connection to blame: the one whose bytes were decoded, or that an answer was for; null for
   * none.
   */
  readonly connection: ConnectionId | null;
  /** The message that could not be sent, and to whom; null if there was none. */
  readonly unsent: { readonly message: Message; readonly to: readonly ConnectionId[] } | null;
  readonly isTooLong: boolean;
  /** The error with its stack, in one line. */
  readonly reason: string;
}

/** The address of this server has changed, or the machine has lost it or has it back. */
export interface Addressed extends Timed {
  readonly kind: 'addressed';
  /** Where others reach it, `host:port`. */
  readonly address: string;
  /** Whether the machine has it, and the bound address. */
  readonly isHere: boolean;
  /** Where the other server of this host would be. */
  readonly siblings: readonly string[];
}

/** A place of a door of this server that another program has. */
export interface HeldPlace {
  /** The kind of door, for people: `DNS`. */
  readonly door: string;
  /** `host:port`, or the path of a socket. */
  readonly address: string;
  /** The user whose program it is, by number; null where that cannot be seen. */
  readonly uid: number | null;
}

/** The places of doors that other programs have, all of them: they have changed. */
export interface Held extends Timed {
  readonly kind: 'held';
  readonly places: readonly HeldPlace[];
}

/** The core has to end (`stop`), or to forget which addresses refused it (`reload`). */
export interface Order extends Timed {
  readonly kind: 'stop' | 'reload';
}

/** Everything that can happen to a server. */
export type Input =
  | Opened
  | Undialled
  | Received
  | Heard
  | Unreadable
  | Closed
  | Flow
  | Deadline
  | Faulted
  | Addressed
  | Held
  | Order;
