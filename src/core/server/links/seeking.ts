// Looking for lost servers. The masters of a server may have been replaced at other addresses while
// it was cut off; other servers that it knew may have found them, and one way back is enough. So a
// server that is isolated or split, or that reaches no master, dials the last known addresses of
// lost servers, beside its own peers. A way back may end: then those to whom it did not lead are
// looked for again. The invariant: a few at a time, each server beginning elsewhere, so that a
// thousand servers that are lost together ask all others about equally, and none often.

import { hashOf } from '../../kit/hash.ts';
import { reachesOtherHost } from '../origins/reachability.ts';
import { touchTargets } from '../due.ts';
import type { State } from '../state.ts';

/** Whether a net-split took servers from this one, or all others are out of its reach. */
export function isCutOff(state: State): boolean {
  for (const { standing } of state.reach.away) if (standing === 'split') return true;
  return !reachesOtherHost(state);
}

/** Whether a server needs a way back: it is cut off, or reaches no master. */
export function isLost(state: State): boolean {
  return isCutOff(state) || !state.linking.reachesMaster;
}

/** The addresses to dial are chosen now. Returns whether this server is lost. */
export function noteLost(state: State): boolean {
  state.linking.wasLost = isLost(state);
  return state.linking.wasLost;
}

/** Any server may be the way back, a leaf too, and a hold may end: then none is sought any more. */
export function noteFound(state: State): void {
  if (state.linking.wasLost && !isLost(state)) touchTargets(state);
}

/** The addresses of lost servers that are tried for now: none by a server that stops. */
export function soughtAddresses(state: State): readonly string[] {
  if (state.life.isStopping || !isLost(state) || state.addresses.lost.size === 0) {
    state.timers.cancel('seek');
    state.linking.sought = [];
  } else if (!state.timers.has('seek')) {
    armSeek(state);
  }
  return state.linking.sought;
}

function armSeek(state: State): void {
  const dueMs = state.nowMs + SEEK_MS * (0.5 + 0.5 * state.options.random());
  state.timers.set('seek', dueMs, () => {
    state.linking.seeks += 1;
    state.linking.sought = roundOf(state);
    touchTargets(state);
  });
}

/** The next few, in an order of this server's own. */
function roundOf({
  addresses: { lost: lostAddresses },
  options,
  linking: { seeks },
}: State): readonly string[] {
  const { name } = options.facts;
  const ranked = [...lostAddresses.keys()]
    .map((address) => ({ address, score: hashOf(`${name}|${address}`) }))
    .sort((one, other) => other.score - one.score)
    .map(({ address }) => address);
  const start = (seeks * SOUGHT_MAX) % Math.max(1, ranked.length);
  return [...ranked.slice(start), ...ranked.slice(0, start)].slice(0, SOUGHT_MAX);
}

/** The first few are tried when a master that was restarted would be back, the next ones as long after. */
const SEEK_MS = 10_000;

/** Both servers of two hosts. */
const SOUGHT_MAX = 4;
