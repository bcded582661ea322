// Spare links: everything reaches a server once, and is only announced on its other links. Whoever
// gets what it has already says `spare` of that origin; from then on the other end offers it instead
// of sending it, until it is wanted again. So each origin's log flows along a tree of the ways that
// were the fastest, and every other link stands by (Leitão, Pereira and Rodrigues, "Epidemic
// Broadcast Trees", 2007). The invariant: whoever lacks something is sent it or is offered it.

import type { OriginId } from '../../../protocol/ids.ts';
import type { MessageOf } from '../../../protocol/messages.ts';
import type { Line } from '../../../protocol/records.ts';
import { compareText } from '../../kit/text.ts';
import { ANNOUNCE_MS, ask, flushBy, isOnItsWay } from './replication.ts';
import type { Link, Origin, State } from '../state.ts';

/** The other end has these sooner from elsewhere. */
export function handleSpare(state: State, link: Link, spare: MessageOf<'spare'>): void {
  for (const id of spare.origins) {
    const sequence = state.origins.get(id)?.log.sequence;
    if (id === state.self.id || sequence === undefined) continue;
    link.announced.add(id);
    link.fed.delete(id);
    // What was new while this was on its way.
    if (sequence <= link.cursors.get(id)) continue;
    link.behind.add(id);
    flushBy(state, state.nowMs + ANNOUNCE_MS);
  }
}

/**
 * An entry came that was here already: if it came by another link, this one is spare for it. Unless
 * that link is declined already: then nothing more will come by it.
 */
export function noteDuplicate(state: State, link: Link, origin: Origin): void {
  const { id, source } = origin;
  if (source === null || source === link.origin || id === link.origin) return;
  const other = state.links.get(source);
  if (other === undefined || link.declined.has(id)) return;
  if (other.declined.has(id)) {
    origin.source = link.origin;
    return;
  }
  link.declined.add(id);
  link.declining.add(id);
  flushBy(state, state.nowMs + ANNOUNCE_MS);
}

/** Something new was offered: asked for at once, or, on a spare link, if it does not come by itself. */
export function noteOffered(state: State, link: Link, line: Line): void {
  const { origin: id } = line;
  if (!link.declined.has(id) && !isOnItsWay(state, id)) {
    ask(state, link, { origin: id, sequence: sequenceOf(state, id) });
    return;
  }
  link.lacking.set(id, line.sequence);
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
  const lacking = [...link.lacking].sort(([one], [other]) => compareText(one, other));
  for (const [id, offered] of lacking) {
    if (isOnItsWay(state, id)) continue;
    link.lacking.delete(id);
    const sequence = sequenceOf(state, id);
    if (sequence < offered && !state.goodbyes.has(id)) ask(state, link, { origin: id, sequence });
  }
  if (link.lacking.size > 0) armGraft(state, link);
}

/** A link is lost: what came by it, or was asked for on it, is to come by another. */
export function noteOrphans(state: State, link: Link): void {
  for (const origin of state.origins.values()) {
    if (origin.source !== link.origin) continue;
    origin.source = null;
    state.orphaned.add(origin.id);
  }
  for (const id of link.wants.keys()) state.orphaned.add(id);
  forgetWants(state, link);
}

/** A link is lost or replaced: nothing is on its way from there, even if nobody can be asked now. */
export function forgetWants(state: State, link: Link): void {
  for (const id of link.wants.keys()) state.wanted.delete(id);
}

/**
 * A new link is spare for all that was known when it opened: each end asks for what the other's
 * digest lists and it lacks, of one neighbour, not to get the whole catalogue from each.
 */
export function beSpare(state: State, link: Link): void {
  for (const { id, place } of state.origins.values()) {
    if (id !== state.self.id && id !== link.origin) link.announced.addAt(place);
  }
}

function sequenceOf(state: State, id: OriginId): number {
  return state.origins.get(id)?.log.sequence ?? 0;
}

/** How long what was offered may take to come by the way that was faster before. */
const GRAFT_MS = 150;
