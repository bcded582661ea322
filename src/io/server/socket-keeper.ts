// Keeps a server's socket where clients look for it. Its file may go while the server runs:
// somebody removes it, or /run is cleaned. The invariant: as long as the server runs, its socket is
// in place, or the operator has been told once why not; a file that is no socket is never removed.

import type { Notice } from '../../core/notices.ts';
import type { Accept } from '../machine/runtime.ts';
import type { SocketRights } from '../machine/socket-rights.ts';
import type { TakenSocket } from '../machine/sockets.ts';
import { SocketError, takeSocket } from '../machine/sockets.ts';
import type { FindPath } from './place.ts';

/** What a keeper is told. */
export interface KeeperOptions {
  /** Finds where the socket belongs; null if the server is to have none. */
  readonly findPath: FindPath | null;
  readonly rights: SocketRights;
  /** The socket that was taken at the start, or why there was none. */
  readonly socket: TakenSocket | null;
  readonly socketless: string | null;
  readonly accept: Accept;
  readonly onNotice: (notice: Notice) => void;
  /** Called with its path when it is bound anew. */
  readonly onBound: (path: string) => void;
  /** Called when it cannot be bound anew, once for each reason. */
  readonly onSocketless: (reason: string) => void;
  /** How often it looks; for tests. */
  readonly lookMs?: number;
}

/** Looks after one socket until it is closed. */
export class SocketKeeper {
  readonly #options: KeeperOptions;
  readonly #timer: NodeJS.Timeout;
  #socket: TakenSocket | null;
  #isClosed = false;
  #isLooking = false;
  #toldReason: string | null;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.#toldReason = options.socketless;
    options.socket?.accept(options.accept);
    this.#timer = setInterval(() => void this.#look(), options.lookMs ?? LOOK_MS);
    this.#timer.unref();
  }

  /** The path of the socket, once there is one. */
  get path(): string | null {
    return this.#socket?.path ?? null;
  }

  /** Removes the socket, and stops looking. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#socket?.close();
  }

  async #look(): Promise<void> {
    if (this.#isLooking || this.#socket?.isInPlace() === true) return;
    const path = this.path ?? this.#options.findPath?.() ?? null;
    if (path === null) return;
    this.#isLooking = true;
    try {
      await this.#take(path);
    } finally {
      this.#isLooking = false;
    }
  }

  async #take(path: string): Promise<void> {
    const { rights, accept, onNotice, onBound, onSocketless } = this.#options;
    try {
      const socket = await takeSocket(path, rights);
      if (this.#isClosed) {
        socket.close();
        return;
      }
      const name = this.#socket === null ? 'socket-bound-late' : 'socket-bound-anew';
      this.#socket?.close();
      this.#socket = socket;
      socket.accept(accept);
      this.#toldReason = null;
      onNotice({ name, fields: { path } });
      onBound(path);
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      if (error.message === this.#toldReason) return;
      this.#toldReason = error.message;
      onSocketless(error.message);
    }
  }
}

const LOOK_MS = 2_000;
