// The interface between the shell and the world: time, randomness, sockets. `node-runtime.ts` is
// the real one; the simulator has another. The driver builds on this invariant: no handler is
// called before the call that led to it has returned, and none after `closed` or `end`.

import type { Transport } from '../../core/input.ts';

/** One open connection. */
export interface Channel {
  /** The other end, for people. */
  readonly remote: string;
  readonly transport: Transport;
  /** What was written and has not yet left for the kernel. */
  readonly unwrittenBytes: number;
  /** Writes these in their order, together. */
  write(chunks: readonly Uint8Array[]): void;
  /** Whether what arrives is handed on, or waits in the kernel. */
  setReading(isReading: boolean): void;
  /**
   * Closes once all is written and the other end has closed too, after `limitMs` in any case. Then
   * `ended` is called, once, and not before `end` has returned.
   */
  end(limitMs: number, ended?: () => void): void;
}

/** What a connection tells its owner. */
export interface ConnectionHandlers {
  received(chunk: Uint8Array): void;
  /** All that was written has left, after `unwrittenBytes` had grown. */
  drained(): void;
  /** It is closed, though not by `end`. Called once, and nothing is called after it. */
  closed(reason: string): void;
}

/** Takes a new connection over. */
export type Accept = (connection: Channel) => ConnectionHandlers;

/** The outcome of a dial: one of the three, once. */
export interface DialHandlers {
  readonly opened: Accept;
  /** `isDeserted`: the machine is there, and no program listens at that address. */
  readonly failed: (reason: string, isDeserted?: boolean) => void;
  /** A server is there, and one side does not trust the other: time does not mend it. */
  readonly refused: (reason: string) => void;
}

/** A place where connections are accepted. */
export interface Listener {
  /** What is bound, with the port that was given out. */
  readonly address: string;
  /** Hands connections over from now on, first those that came before. */
  accept(accept: Accept): void;
  /** Accepts no more; what was handed over stays open. */
  close(): void;
}

/** Takes back what was begun; has no effect once that has happened. */
export type Cancel = () => void;

/** All that the shell asks of the world. Addresses as in core/input.ts. */
export interface Runtime {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** From 0 (included) to 1. */
  random(): number;
  /** Names are resolved at every call. A cancelled dial calls no handler. */
  dial(address: string, handlers: DialHandlers): Cancel;
  /** Rejects with the error of the system, `code` and all. */
  listen(address: string): Promise<Listener>;
  /** Rings once, at `atMs` or a little after it, never before. */
  setAlarm(atMs: number, ring: () => void): Cancel;
}
