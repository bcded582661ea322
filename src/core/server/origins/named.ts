// Origins that logs name and of which no log is here, and the room for one more. The invariant:
// there are no more of either than one neighbour may speak of, however many neighbours speak.

import type { OriginId } from '../../../protocol/ids.ts';
import { touchView } from '../due.ts';
import { maxOf } from '../limits.ts';
import type { State } from '../state.ts';

/** No log that is here names that origin any more. */
export function forgetNamed(state: State, id: OriginId): void {
  state.reach.unheard.delete(id);
}

/** Whether nothing can be learnt from a log that names it: it is in the answers, or has left. */
export function isHeard({ origins, past: { goodbyes } }: State, id: OriginId): boolean {
  const origin = origins.get(id);
  return origin === undefined ? goodbyes.has(id) : origin.standing !== 'crashed';
}

/** A log names an origin. */
export function noteNamed(state: State, id: OriginId): void {
  if (isHeard(state, id)) return;
  const { unheard } = state.reach;
  if (unheard.size < maxOf(state.options, 'origins-per-link')) unheard.add(id);
  else state.reach.hasUnnamed = true;
  touchView(state);
}

/** There is room again for those that logs name. */
export function nameAnew(state: State): void {
  state.reach.hasUnnamed = false;
  for (const { log } of state.origins.values())
    for (const peer of log.links) noteNamed(state, peer);
}

/**
 * Whether one more origin may become known: there are as many in all as one neighbour may speak of.
 * So who makes up servers keeps newer ones out for as long, and closes no link of others.
 */
export function hasRoomFor({ origins, options }: State, id: OriginId): boolean {
  return origins.has(id) || origins.size < maxOf(options, 'origins-per-link');
}
