// The interface between sockets and their locks. A runtime hands every TCP connection to a lock,
// and the layers above see only those that the lock opened. The invariant: a connection that a lock
// has opened is private, and its other end has proved that it belongs to the environment.

import type { Socket } from 'node:net';

/** The outcome of a connection that we have opened: one of the three, once. */
export interface LockHandlers {
  readonly opened: (secured: Socket) => void;
  /** It failed, and may succeed another time. */
  readonly failed: (reason: string) => void;
  /** One side does not trust the other, and time does not mend it. */
  readonly refused: (reason: string) => void;
}

/** What locks the connections that a side opens. */
export interface DialLock {
  /**
   * Secures a connection. If the caller destroys the socket meanwhile, it may be told that this
   * failed.
   */
  secureDialled(socket: Socket, handlers: LockHandlers): void;
  /** Why a UNIX socket is not to be dialled; null if it may be. All may be if absent. */
  readonly disbeliefOf?: (path: string) => string | null;
}

/** What locks the connections that come. */
export interface AcceptLock {
  /** Secures a connection; one that is refused is never handed over. */
  secureAccepted(socket: Socket, opened: (secured: Socket) => void): void;
}

/** The server that is locked. */
export interface LockedServer {
  /** The addresses of servers, without ports: there is room for them. */
  readonly hosts: () => Iterable<string>;
  /** Counts one that is refused. */
  readonly refused: () => void;
}
