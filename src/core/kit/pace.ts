// The rhythm of a connection: how often each end gives a sign of life, and after how much silence the
// other gives it up. Each end says its own in the handshake. The invariant: both ends use the same,
// the slower heartbeat and the longer silence, so neither gives up an end that keeps its word; and a
// silence is two heartbeats at least, whatever was said.

import { SESSION_HEARTBEAT_MS, SESSION_SILENCE_MS } from '../../protocol/constants.ts';

/** What an end of a connection keeps to. */
export interface Pace {
  readonly heartbeatMs: number;
  readonly silenceMs: number;
}

/** What a handshake says of it; an end that says nothing keeps to what the other does. */
export type SaidPace = Partial<Pace>;

/** What two ends keep to between them. */
export function agreedPace(own: Pace, said: SaidPace): Pace {
  const heartbeatMs = Math.max(own.heartbeatMs, said.heartbeatMs ?? 0);
  const silenceMs = Math.max(own.silenceMs, said.silenceMs ?? 0, 2 * heartbeatMs);
  return { heartbeatMs, silenceMs };
}

/** The least that a session keeps to: a process that embeds the library may be busy for a second. */
export const SESSION_PACE: Pace = {
  heartbeatMs: SESSION_HEARTBEAT_MS,
  silenceMs: SESSION_SILENCE_MS,
};
