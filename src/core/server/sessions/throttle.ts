// Stops reading from sessions that exceed their rate or do not read their answers: their messages
// then wait in the kernel, at their own cost. The invariant: a session is paused for its rate or
// for its unread answers, read again when neither holds, and closed when the answers stay unread;
// while it is paused its silence means nothing.

import { fullest } from '../../kit/fullest.ts';
import type { ConnectionId } from '../../input.ts';
import type { LimitName } from '../limits.ts';
import { noteLimit } from '../limits-told.ts';
import { LIMITS } from '../limits.ts';
import type { Session } from '../entities.ts';
import type { State } from '../state.ts';

/** The cost of a message: one, and its share for each row of the answer. */
export function charge(state: State, session: Session, rows: number): void {
  const { connection } = session;
  // A door asks for all its clients, and bounds each of them itself.
  if (connection.transport === 'inside') return;
  const earned = ((state.nowMs - session.creditMs) * LIMITS['messages-per-second'].max) / 1_000;
  session.credit = Math.min(CREDIT_MAX, session.credit + earned) - 1 - rows / ROWS_A_MESSAGE;
  session.creditMs = state.nowMs;
  if (session.credit >= 0 || session.isTooFast) return;
  session.isTooFast = true;
  noteLimit(state, 'messages-per-second', connection.remote);
  pause(state, session);
  const debtMs = (-session.credit * 1_000) / LIMITS['messages-per-second'].max;
  // Not longer: only then is a client noticed that dies while it is not read.
  const dueMs = state.nowMs + Math.min(Math.ceil(debtMs), PAUSE_MS_MAX);
  state.timers.set(`pause ${String(connection.id)}`, dueMs, () => {
    session.isTooFast = false;
    maybeResume(state, session);
  });
}

/** Written bytes wait in our own memory (`congested`), or have left (`drained`). */
export function handleUnread(
  state: State,
  session: Session,
  flow: { readonly isUnread: boolean; readonly end: (limit: LimitName) => void },
): void {
  const timer = `unread ${String(session.connection.id)}` as const;
  session.isUnread = flow.isUnread;
  if (!flow.isUnread) {
    state.timers.cancel(timer);
    maybeResume(state, session);
    return;
  }
  pause(state, session);
  state.timers.set(timer, state.nowMs + LIMITS['unread-ms'].max, () => {
    flow.end('unread-ms');
  });
}

/**
 * Chooses the sessions to close, given all connections and their unread bytes: those with the most,
 * until a quarter of the limit is free again, so that the next choice is not due at the next byte.
 */
export function fullestSessions(
  { sessions }: Pick<State, 'sessions'>,
  unread: ReadonlyMap<ConnectionId, number>,
): ConnectionId[] {
  const { max } = LIMITS['unread-bytes-in-all'];
  return fullest(
    [...unread].filter(([id]) => sessions.has(id)),
    max,
  );
}

function pause(state: State, { connection }: Session): void {
  if (connection.isPaused) return;
  connection.isPaused = true;
  state.out.pause(connection.id);
}

function maybeResume(state: State, session: Session): void {
  const { connection } = session;
  if (!connection.isPaused || session.isTooFast || session.isUnread) return;
  connection.isPaused = false;
  connection.heardMs = state.nowMs;
  state.out.resume(connection.id);
}

/** The messages that a session may send at once, at its beginning and after a rest. */
export const CREDIT_MAX = 20_000;

const ROWS_A_MESSAGE = 20;
const PAUSE_MS_MAX = 1_000;
