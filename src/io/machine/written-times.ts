// The clock of this host, for people and programs that read times. The invariant: no decision
// depends on it. Servers tell each other ages; here they become times, for one reader.

import type { WriteTime } from '../../answers/history.ts';

/** Turns ages at this moment into times in ISO 8601. */
export function writtenTimes(): WriteTime {
  const nowMs = Date.now();
  return (agoMs) => new Date(nowMs - agoMs).toISOString();
}
