// The clock of this host, for people and programs who read times. The invariant: nothing decides by
// it; what servers tell each other are ages, and here they become times, for one reader.

import type { WriteTime } from '../../answers/history.ts';

/** Times as ISO 8601 has them, of things that were so long ago at this moment. */
export function writtenTimes(): WriteTime {
  const nowMs = Date.now();
  return (agoMs) => new Date(nowMs - agoMs).toISOString();
}
