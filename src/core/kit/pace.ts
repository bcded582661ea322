// The rhythm of a connection: how often each end sends a sign of life, and after how much silence
// the other gives it up. Each end says its own times in the handshake. The invariant: both ends use
// the same, the slower heartbeat and the longer silence, so neither gives up an end that keeps its
// word; and a silence is always two heartbeats at least.

import { SESSION_HEARTBEAT_MS, SESSION_SILENCE_MS } from '../../protocol/constants.ts';

/** The times of an end of a connection. */
export interface Pace {
  readonly heartbeatMs: number;
  readonly silenceMs: number;
}

/** The times in a handshake; an end that says nothing uses those of the other. */
export type SaidPace = Partial<Pace>;

/** The times that two ends use together. */
export function agreedPace(own: Pace, said: SaidPace): Pace {
  const heartbeatMs = Math.max(own.heartbeatMs, said.heartbeatMs ?? 0);
  const silenceMs = Math.max(own.silenceMs, said.silenceMs ?? 0, 2 * heartbeatMs);
  return { heartbeatMs, silenceMs };
}

/** The shortest times of a session: a process that embeds the library may be busy for a second. */
export const SESSION_PACE: Pace = {
  heartbeatMs: SESSION_HEARTBEAT_MS,
  silenceMs: SESSION_SILENCE_MS,
};
