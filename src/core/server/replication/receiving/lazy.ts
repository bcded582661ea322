// Lazy links: everything reaches a server once, and is only offered on its other links. A server
// that gets an entry which it already has prunes that origin from the link; from then on the other
// end offers it instead of sending it, until it is wanted again. So each origin's log flows along a
// tree of the fastest ways, and every other link stands by (Leitão, Pereira and Rodrigues,
// "Epidemic Broadcast Trees", 2007). The invariant: an origin that is offered and does not come
// from elsewhere is asked for.

import type { Line } from '../../../../protocol/records.ts';
import type { OriginId } from '../../../../protocol/ids.ts';
import type { Link, Origin } from '../../entities.ts';
import type { State } from '../../state.ts';
import { ask, isOnItsWay } from '../questions.ts';
import { ANNOUNCE_MS, flushBy } from '../replication.ts';

/**
 * An entry came that was here already: if another link brought it, this one becomes lazy for it. Unless
 * that link is pruned already: then nothing more will come by it.
 */
export function noteDuplicate(state: State, link: Link, origin: Origin): void {
  const { id, source } = origin;
  if (source === null || source === link.origin || id === link.origin) return;
  const other = state.links.get(source);
  if (other === undefined || link.progress.isPruned(id)) return;
  if (other.progress.isPruned(id)) {
    origin.source = link.origin;
    return;
  }
  link.progress.prune(id);
  flushBy(state, state.nowMs + ANNOUNCE_MS);
}

/** Something new was offered: asked for at once, or, on a lazy link, if it does not come by itself. */
export function noteOffered(state: State, link: Link, line: Line): void {
  const { origin: id } = line;
  if (!link.progress.isPruned(id) && !isOnItsWay(state, id)) {
    ask(state, link, { origin: id, sequence: sequenceOf(state, id) });
    return;
  }
  link.progress.awaitElsewhere(line);
  armGraft(state, link);
}

function armGraft(state: State, link: Link): void {
  const timer = `graft ${String(link.connection.id)}` as const;
  if (state.timers.has(timer)) return;
  state.timers.set(timer, state.nowMs + GRAFT_MS, () => {
    if (state.links.get(link.origin) === link) graft(state, link);
  });
}

function graft(state: State, link: Link): void {
  const { progress } = link;
  for (const { origin: id, sequence: offered } of progress.awaited) {
    if (isOnItsWay(state, id)) continue;
    progress.endAwaited(id);
    const sequence = sequenceOf(state, id);
    if (sequence < offered && !state.past.goodbyes.has(id))
      ask(state, link, { origin: id, sequence });
  }
  if (progress.isAwaiting) armGraft(state, link);
}

function sequenceOf(state: State, id: OriginId): number {
  return state.origins.get(id)?.log.sequence ?? 0;
}

/** How long offered entries may take to come by the way that was faster before. */
const GRAFT_MS = 150;
