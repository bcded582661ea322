// The modules of the core put their effects here; `Server.step` hands them out. One invariant:
// effects leave in the order in which they were put in, and every message in as many parts as it
// needs.

import type { ProtocolErrorName } from '../../protocol/errors.ts';
import { PROTOCOL_ERRORS } from '../../protocol/errors.ts';
import type { Message } from '../../protocol/messages.ts';
import { partsOf } from '../../protocol/parts.ts';
import type { Close, Effect } from '../effect.ts';
import type { ConnectionId } from '../input.ts';
import type { NoticeCause, NoticeFields, NoticeName, SessionNoticeName } from '../notices.ts';
import { noticeOf } from '../notices.ts';

/** The effects of a step. */
export class Outbox {
  /** The connection whose input is being handled; null for a timer, and while a step is settled. */
  culprit: ConnectionId | null = null;
  #effects: Effect[] = [];

  /** Sends a message to one connection or, encoded once, to several. */
  send(to: ConnectionId | readonly ConnectionId[], message: Message): void {
    const connections = typeof to === 'number' ? [to] : to;
    if (connections.length === 0) return;
    const blamed = this.#blamed(connections);
    for (const part of partsOf(message)) {
      this.#put({ kind: 'send', connections, message: part, blamed });
    }
  }

  /**
   * The receiver of an answer has caused it; the sender has caused a message that is passed on to
   * many.
   */
  #blamed(connections: readonly ConnectionId[]): ConnectionId | undefined {
    if (this.culprit === null) return undefined;
    return connections.length === 1 ? connections[0] : this.culprit;
  }

  /** Says what is wrong, in one `error` message. */
  sendError(connection: ConnectionId, error: ProtocolErrorName, reason: string): void {
    const { code } = PROTOCOL_ERRORS[error];
    this.send(connection, { kind: 'error', error: code, reason });
  }

  /** Says why a request is refused. */
  sendRefusal(
    connection: ConnectionId,
    request: number,
    given: string | { readonly reason: string; readonly error: 'wrong-key' | 'given-up' },
  ): void {
    const { reason, error } =
      typeof given === 'string' ? { reason: given, error: 'refused' as const } : given;
    const { code } = PROTOCOL_ERRORS[error];
    this.send(connection, { kind: 'error', error: code, reason, request });
  }

  dial(address: string): void {
    this.#put({ kind: 'dial', address });
  }

  close(connection: ConnectionId, why: Close['why']): void {
    this.#put({ kind: 'close', connection, why });
  }

  /** Takes no more from a connection until `resume`. */
  pause(connection: ConnectionId): void {
    this.#put({ kind: 'pause', connection });
  }

  resume(connection: ConnectionId): void {
    this.#put({ kind: 'resume', connection });
  }

  /** Tells the operator of an event that no client can cause as often as it likes. */
  notice<N extends Exclude<NoticeName, SessionNoticeName>>(name: N, fields: NoticeFields<N>): void {
    this.#put({ kind: 'notice', notice: noticeOf(name, fields) });
  }

  /** Tells the operator of an event that a session has caused. */
  noticeOf<N extends SessionNoticeName>(
    { id, remote }: NoticeCause,
    name: N,
    fields: NoticeFields<N>,
  ): void {
    this.#put({ kind: 'notice', notice: noticeOf(name, fields), cause: { id, remote } });
  }

  stopped(isFailure = false): void {
    this.#put(isFailure ? { kind: 'stopped', isFailure } : { kind: 'stopped' });
  }

  /** Most steps have one effect: a list made with it has room for one, one that grows for 17. */
  #put(effect: Effect): void {
    if (this.#effects.length === 0) this.#effects = [effect];
    else this.#effects.push(effect);
  }

  /** The effects since the last call. */
  take(): Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
