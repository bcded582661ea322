// Feedback of the other end: it lacks something (`want`), or it gets it sooner from elsewhere
// (`prune`). The invariant: an end that lacks something is sent it or is offered it, so both
// messages leave a look due where there is more than the cursor says.

import type { MessageOf } from '../../../../protocol/messages.ts';
import type { Line } from '../../../../protocol/records.ts';
import type { Link, Origin } from '../../entities.ts';
import type { State } from '../../state.ts';
import { isKnownGone, sendBye } from '../goodbyes.ts';
import { noteUnmet } from '../questions.ts';
import { ANNOUNCE_MS, flushBy, lineOf, sendToAll, touch } from '../replication.ts';

/** What the other end has: its cursors move there, and what it lacks is sent or offered. */
export function handleWant(state: State, link: Link, want: MessageOf<'want'>): void {
  const { progress } = link;
  const doubted: Line[] = [];
  for (const { origin: id, sequence } of want.lines) {
    const origin = state.origins.get(id);
    noteUnmet(state, link, { origin: id, sequence });
    if (origin !== undefined) endLazy(link, origin, sequence);
    if (isKnownGone(state, id)) {
      sendBye(state, link, { origin: id, sequence });
      continue;
    }
    const cursor = progress.cursorOf(id);
    progress.setCursor(id, sequence);
    if (origin === undefined) continue;
    if (takeBackProof(state, origin, sequence)) doubted.push(lineOf(origin));
    // A peer that has entries but asks from 0 has another state: it needs a snapshot.
    if (sequence === 0 && cursor > 0) progress.sendWhole(id);
    touch(state, link, { id, isOffered: true });
  }
  // A neighbour that still reaches one of these offers it again.
  if (doubted.length > 0) sendToAll(state, { kind: 'want', lines: doubted }, link);
}

/**
 * An end that asks does not get it sooner from elsewhere; one that lacks something relies on this
 * link.
 */
function endLazy({ progress }: Link, { slot, log }: Origin, sequence: number): void {
  if (sequence < log.sequence) progress.setModeAt(slot, 'eager');
  else if (progress.modeAt(slot) === 'lazy') progress.setModeAt(slot, 'open');
}

/**
 * An end that asks for an origin of which it lacks nothing has just lost it, and its own offer may
 * have left before that. Returns whether there was a proof to take back.
 */
function takeBackProof(state: State, origin: Origin, wanted: number): boolean {
  if (wanted < origin.log.sequence || !origin.isProven) return false;
  if (origin.standing === 'reachable') return false;
  origin.isProven = false;
  return true;
}

/** The other end gets these sooner from elsewhere. */
export function handlePrune(state: State, link: Link, prune: MessageOf<'prune'>): void {
  const { progress } = link;
  for (const id of prune.origins) {
    const origin = state.origins.get(id);
    if (origin === undefined || origin === state.self) continue;
    progress.setModeAt(origin.slot, 'lazy');
    // The entries that are new since this message left.
    if (origin.log.sequence <= progress.cursorAt(origin.slot)) continue;
    progress.look(id, { isOffered: false });
    flushBy(state, state.nowMs + ANNOUNCE_MS);
  }
}
