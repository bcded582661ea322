// Connections without bytes: a part of this process speaks with its core by calls, in the same
// messages that others send. The invariant: to the core such a connection is like any other,
// opened, used and closed by inputs; and after its end nothing is received.

import type { CaughtFault } from './bulkhead.ts';
import { faultOf } from './bulkhead.ts';
import type { ConnectionInput } from '../../core/client/effect.ts';
import type { ConnectionId } from '../../core/input.ts';
import type { Message } from '../../protocol/messages.ts';

/** A part of this process that speaks with the core. */
export interface InnerEnd {
  readonly transport: 'inside' | 'http';
  /** What it speaks for, in words for people. */
  readonly remote: string;
  /** Takes a message, which it must not change. Called in the middle of a step. */
  received(message: Message): void;
  /** The core has ended it. Called once at most, and nothing is called after it. */
  closed(): void;
}

/** What an inner end gets to work with. */
export interface InnerConnection {
  /** Steps a message at once, or behind the input that is being stepped. */
  send(message: Message): void;
  /** Ends it; the reason is for people. Nothing is received after it. */
  close(reason: string): void;
}

/** What they need of the driver. */
export interface InnerConnectionsOptions {
  readonly nowMs: () => number;
  readonly submit: (input: ConnectionInput) => void;
  /** An end has thrown, and is over. */
  readonly failed: (fault: CaughtFault) => void;
}

/** Those of one driver. */
export class InnerConnections {
  readonly #options: InnerConnectionsOptions;
  readonly #ends = new Map<ConnectionId, InnerEnd>();
  #isOver = false;

  constructor(options: InnerConnectionsOptions) {
    this.#options = options;
  }

  /** Opens one. Its end receives the core's first message before this returns. */
  open(connection: ConnectionId, end: InnerEnd): InnerConnection {
    const { nowMs, submit } = this.#options;
    const { remote, transport } = end;
    if (this.#isOver) {
      end.closed();
    } else {
      this.#ends.set(connection, end);
      submit({ kind: 'opened', nowMs: nowMs(), connection, remote, dialled: null, transport });
    }
    return {
      send: (message) => {
        if (!this.#ends.has(connection)) return;
        submit({ kind: 'received', nowMs: nowMs(), connection, message });
      },
      close: (reason) => {
        if (!this.#ends.delete(connection)) return;
        submit({ kind: 'closed', nowMs: nowMs(), connection, reason });
      },
    };
  }

  /** Hands a message over, if that connection is one of these. */
  receive(connection: ConnectionId, message: Message): void {
    const end = this.#ends.get(connection);
    if (end === undefined) return;
    this.#call(connection, () => {
      end.received(message);
    });
  }

  /** The core ends a connection, if it is one of these. */
  end(connection: ConnectionId): void {
    const end = this.#ends.get(connection);
    this.#ends.delete(connection);
    this.#call(connection, () => {
      end?.closed();
    });
  }

  /** If an end throws, it costs that end. */
  #call(connection: ConnectionId, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#options.failed(faultOf(connection, error));
    }
  }

  /** The core has stopped: every later connection is closed at once. */
  endAll(): void {
    this.#isOver = true;
    for (const connection of [...this.#ends.keys()]) this.end(connection);
  }
}
