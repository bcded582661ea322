// How a goodbye travels: to every neighbour but the one that it came from, and back to a neighbour
// that still speaks of that origin. The invariant: it is passed on before the log is dropped, and
// only once, because it is remembered (origins/farewell.ts).

import { SEQUENCE_MAX } from '../../../protocol/constants.ts';
import type { OriginId } from '../../../protocol/ids.ts';
import type { Batch, Line } from '../../../protocol/records.ts';
import { departOrigin, rememberGoodbye } from '../origins/farewell.ts';
import { touchView } from '../due.ts';
import type { Link } from '../entities.ts';
import type { State } from '../state.ts';
import { sendToAll } from './replication.ts';

/**
 * A goodbye: passed on to every other neighbour before the log is dropped, and remembered. That of
 * an unknown origin goes no further if no room is left to remember it: it could go round for ever.
 */
export function handleGoodbye(state: State, id: OriginId, from: Link): void {
  if (id === state.self.id || state.past.goodbyes.has(id)) return;
  const origin = state.origins.get(id);
  const isRemembered = rememberGoodbye(state, id, origin !== undefined);
  const batches = [goodbyeAfter({ origin: id, sequence: origin?.log.sequence ?? 0 })];
  if (isRemembered) sendToAll(state, { kind: 'entries', batches }, from);
  for (const { progress } of state.links.values()) {
    if (progress.listedSequence(id) !== undefined) touchView(state);
    progress.forget(id);
  }
  if (origin === undefined) return;
  const { name: server, host } = origin.log.facts;
  state.tally.add('lost', ['left']);
  state.out.notice('origin-left', { server, host });
  departOrigin(state, origin);
}

/** Tells a neighbour that still speaks of an origin that it has said goodbye. */
export function sendBye(state: State, link: Link, line: Line): void {
  state.out.send(link.connection.id, { kind: 'entries', batches: [goodbyeAfter(line)] });
}

/** A goodbye ends a log wherever it stands; of a log that is full it takes the last place. */
function goodbyeAfter({ origin, sequence }: Line): Batch {
  return { origin, first: Math.min(sequence + 1, SEQUENCE_MAX), entries: [{ kind: 'bye' }] };
}

/** Whether an origin has said goodbye. */
export function isKnownGone(state: State, id: OriginId): boolean {
  return state.past.goodbyes.has(id);
}
