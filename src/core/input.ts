// What can happen to a core: the one way in. Time comes in with every input; a connection is a
// number that the shell gave it; an address is a text `host:port`, `[v6]:port` or, with a `/` in
// it, the path of a socket. One invariant: an input is a plain record and is never changed.

import type { ProtocolError } from '../protocol/errors.ts';
import type { Arrived, Message } from '../protocol/messages.ts';

/** A connection, by the number that the shell gave it; never used twice. */
export type ConnectionId = number;

/**
 * What carries a connection: TCP; a UNIX socket, where the kernel tells of death; or nothing but
 * calls, of a client that lives inside this server: a door (`inside`), or what registers through
 * the HTTP door (`http`), whose end the door tells.
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

/** A dial came to nothing. */
export interface Undialled extends Timed {
  readonly kind: 'undialled';
  readonly address: string;
  readonly reason: string;
  /** Someone is there, and one side does not trust the other: time does not mend it. */
  readonly isRefusal?: boolean;
  /** The machine is there, and nobody listens at that address. */
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

/** Bytes have arrived that are no message. */
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
  /** What waits in our own memory; told of once more when it is too much: see limits.ts. */
  readonly unwrittenBytes?: number;
  /** It must go, because all together have too much unread: see throttle.ts. */
  readonly isTooMuchInAll?: boolean;
  readonly connection: ConnectionId;
}

/** The moment that `nextDeadlineMs` named has come. */
export interface Deadline extends Timed {
  readonly kind: 'deadline';
}

/**
 * What the shell met while it did what a connection, or nobody, had asked for: a decoder or an
 * encoder that threw something of its own, or a message that is too long for a frame.
 */
export interface Faulted extends Timed {
  readonly kind: 'faulted';
  /** Who is to blame: whose bytes were decoded, or whom an answer was for; null for nobody. */
  readonly connection: ConnectionId | null;
  /** What could not be sent, and to whom; null where nothing was to be sent. */
  readonly unsent: { readonly message: Message; readonly to: readonly ConnectionId[] } | null;
  readonly isTooLong: boolean;
  /** The error with its stack, in one line. */
  readonly reason: string;
}

/** Where others reach this server has changed, or the machine has lost it or has it back. */
export interface Addressed extends Timed {
  readonly kind: 'addressed';
  /** Where others reach it, `host:port`. */
  readonly address: string;
  /** Whether the machine has it, and what is bound. */
  readonly isHere: boolean;
  /** Where the other server of this host would be found. */
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

/** The places of doors that other programs have are others now: here are all of them. */
export interface Held extends Timed {
  readonly kind: 'held';
  readonly places: readonly HeldPlace[];
}

/** Someone asks the core to end (`stop`), or to forget which addresses refused it (`reload`). */
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
