// Copying logs: when each link is written to, and what it is told besides. One rule serves first
// sync, steady state and repair: for every reachable origin whose sequence is ahead of the link's
// cursor, send entries if the tail reaches back that far, else a snapshot, then move the cursor.
// Cursors, not queues: a slow link holds no memory, it only lags. progress.ts records how far each
// link is; sending/ and receiving/ are the two rooms that move it.

import type { OriginId } from '../../../protocol/ids.ts';
import type { Message } from '../../../protocol/messages.ts';
import type { Entry, Line } from '../../../protocol/records.ts';
import { compareText } from '../../kit/text.ts';
import { noteLosses, ownMissing } from './missing.ts';
import { askForOrphans } from './questions.ts';
import { applyEntry } from '../origins/origins.ts';
import type { Tidings } from '../origins/reachability.ts';
import type { Link, Origin } from '../entities.ts';
import type { State } from '../state.ts';
import { reachableOrigins } from '../state.ts';

/**
 * An origin's log has grown by these entries: every link has to look at it. Entries about links can
 * wait a little: no client looks them up, and a boot storm has thousands.
 */
export function noteAdvance(state: State, origin: Origin, entries: readonly Entry[]): void {
  state.replication.journal.note(origin);
  const canWait = entries.every(({ kind }) => kind === 'up' || kind === 'down');
  flushBy(state, Math.max(restedMs(state), state.nowMs + (canWait ? COLLECT_LINKS_MS : 0)));
  announceBy(state, state.nowMs + ANNOUNCE_MS);
}

/** Appends an entry to this server's own log, of which it is the only writer. */
export function appendOwn(state: State, entry: Entry): void {
  if (state.life.hasLeft) return;
  applyEntry(state, state.self, entry);
  noteAdvance(state, state.self, [entry]);
}

/** Every link has to look at an origin. */
export function touchAll(state: State, origin: Origin): void {
  state.replication.journal.note(origin);
  flushBy(state, restedMs(state));
  announceBy(state, state.nowMs + ANNOUNCE_MS);
}

/** A link has to look at an origin; if it is offered, even at an equal sequence. */
export function touch(
  state: State,
  { progress }: Link,
  { id, isOffered = false }: { readonly id: OriginId; readonly isOffered?: boolean },
): void {
  progress.look(id, { isOffered });
  flushBy(state, restedMs(state));
}

/** The links have to be written to by then. */
export function flushBy(state: State, dueMs: number): void {
  state.replication.flushDueMs = Math.min(state.replication.flushDueMs, dueMs);
}

/** News for lazy links has to be announced by then. */
export function announceBy(state: State, dueMs: number): void {
  state.replication.announceDueMs = Math.min(state.replication.announceDueMs, dueMs);
}

/**
 * When the links have rested from the last time: the more there are, the longer that takes. To a few
 * links a change goes out at once, though it be one of a thousand a second.
 */
function restedMs(state: State): number {
  return Math.max(state.nowMs, state.replication.flushedMs + COLLECT_MS * state.links.size);
}

/** Sends what a neighbour needs first: the origins that we can reach, and our own view. */
export function sendDigest(state: State, link: Link): void {
  sendDoubt(state, link);
  const lines = [...reachableOrigins(state)].map(lineOf);
  state.out.send(link.connection.id, {
    kind: 'digest',
    complete: isVouched(state),
    ...ownMissing(state),
    lines,
    goodbyes: [...state.past.goodbyes.keys()],
    more: false,
  });
}

/**
 * Whether a server that has just started may conclude from us that its view is complete. The
 * instances that we still hold of servers that left (departed.ts) are in no log any more, so it
 * could not know of them.
 */
export function isVouched({ view: { isComplete }, past: { departed } }: Readonly<State>): boolean {
  return isComplete && departed.size === 0;
}

/**
 * Tells a neighbour that is out of reach what we have of it, before a digest makes it send its log.
 * So entries come, which say why links are down; a snapshot does not, and a server that lost all
 * its links would take a crash for a net-split. Also, a heal does not bring again what was here all
 * along.
 */
function sendDoubt(state: State, link: Link): void {
  const neighbour = state.origins.get(link.origin);
  if (neighbour === undefined || !state.reach.away.has(neighbour)) return;
  state.out.send(link.connection.id, { kind: 'want', lines: [lineOf(neighbour)] });
}

/** Puts what reachability found into the links' hands. */
export function spreadTidings(state: State, tidings: Tidings): void {
  if (isEmpty(tidings)) {
    askForOrphans(state);
    return;
  }
  if (tidings.isAlone) state.view.isSynced = false;
  noteLosses(state, tidings);
  const asked: Line[] = [];
  for (const id of [...tidings.missed].sort(compareText)) {
    const origin = state.origins.get(id);
    state.replication.wanted.delete(id);
    if (origin !== undefined) asked.push(lineOf(origin));
  }
  for (const id of [...tidings.forgotten].sort(compareText)) {
    for (const { progress } of state.links.values()) progress.setCursor(id, 0);
    asked.push({ origin: id, sequence: 0 });
  }
  for (const { progress } of state.links.values()) {
    for (const { origin } of asked) {
      // A `want` ends the prune: the neighbour sends that origin's entries again.
      progress.endPrune(origin);
      // The neighbour that was asked before has lost it too: ask the next one to offer it at once.
      progress.endQuestion(origin);
    }
  }
  if (asked.length > 0) sendToAll(state, { kind: 'want', lines: asked });
  noteUnbrought(state, tidings);
  askForOrphans(state);
  for (const id of tidings.reached) {
    const origin = state.origins.get(id);
    if (origin === undefined) continue;
    touchAll(state, origin);
    origin.reachedStamp = origin.stamp;
  }
  tidings.missed.clear();
  tidings.forgotten.clear();
  tidings.reached.clear();
  tidings.isAlone = false;
}

/** Origins that can be reached again and were known before: no link brings their news. */
function noteUnbrought(state: State, { reached }: Tidings): void {
  for (const id of reached) {
    if (state.origins.get(id)?.source === null) state.replication.orphaned.add(id);
  }
}

function isEmpty({ reached, missed, forgotten }: Tidings): boolean {
  return reached.size === 0 && missed.size === 0 && forgotten.size === 0;
}

/**
 * A new link is lazy for all that was known when it opened: each end asks for what the other's
 * digest lists and it lacks, of one neighbour, not to get the whole catalogue from each.
 */
export function becomeLazy(state: State, link: Link): void {
  for (const { id, slot } of state.origins.values()) {
    if (id !== state.self.id && id !== link.origin) link.progress.setModeAt(slot, 'lazy');
  }
}

/** Sends a message on every link. */
export function sendToAll(state: State, message: Message, except?: Link): void {
  const links = [...state.links.values()].filter((link) => link !== except);
  state.out.send(
    links.map((link) => link.connection.id),
    message,
  );
}

/** The hash of all reachable origins: if it is equal, two servers have the same. */
export function combinedHash(state: State): { count: number; hash: number } {
  let count = 0;
  let hash = 0;
  for (const { standing, log } of state.origins.values()) {
    if (standing !== 'reachable' || log.isBare) continue;
    count += 1;
    hash ^= Math.imul(log.hash ^ log.sequence, 0x9e3779b1);
  }
  return { count, hash: hash >>> 0 };
}

/** The present sequence of an origin, as a line of a digest. */
export function lineOf(origin: Origin): Line {
  return { origin: origin.id, sequence: origin.log.sequence };
}

/** Under load, writes are collected for this long for each link: a few times what writing costs. */
const COLLECT_MS = 1 / 16;

/** Announcements are not needed as long as all goes well. */
export const ANNOUNCE_MS = 50;

/** A boot storm has thousands of link entries. */
const COLLECT_LINKS_MS = 5;
