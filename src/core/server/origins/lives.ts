// The lives of one server: each start is another origin, under the same name. Once a life has been in
// reach, those lost before it are over, wherever the network is cut. The invariant: an origin that is
// out of reach is outlived if another life of its server was in reach since it was lost, whatever has
// become of that life.

import type { Origin } from '../entities.ts';
import type { State } from '../state.ts';

/** An origin is in reach: lives of its server that are not are over. */
export function noteReached(state: State, origin: Origin): void {
  origin.isOutlived = false;
  for (const other of otherLives(state, origin)) {
    if (state.reach.away.has(other)) other.isOutlived = true;
  }
}

/** An origin is lost: its server may have begun another life before that was noticed. */
export function noteLost(state: State, origin: Origin): void {
  for (const { standing } of otherLives(state, origin)) {
    if (standing === 'reachable') origin.isOutlived = true;
  }
}

function otherLives(state: State, origin: Origin): Origin[] {
  const { host, name } = origin.log.facts;
  return [...state.reach.directory.ofHost(host)].filter((other) => {
    return other !== origin && other.log.facts.name === name;
  });
}
