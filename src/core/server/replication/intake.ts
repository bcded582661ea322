// What arrives on a link: digests, entries, snapshots, wants, offers, checks. The invariants: what
// arrives moves the sender's cursor too, so nothing is sent back where it came from; only what a
// neighbour can reach itself does it offer, and only that proves an origin.

import { SEQUENCE_MAX } from '../../../protocol/constants.ts';
import type { OriginId } from '../../../protocol/ids.ts';
import type { MessageOf } from '../../../protocol/messages.ts';
import type { Batch, Entry, Line } from '../../../protocol/records.ts';
import { departOrigin, rememberGoodbye } from '../origins/farewell.ts';
import { addOrigin, applyEntry, applySnapshot } from '../origins/origins.ts';
import {
  ANNOUNCE_MS,
  announceBy,
  ask,
  combinedHash,
  flushBy,
  lineOf,
  noteAdvance,
  sendToAll,
  touch,
  touchAll,
} from './replication.ts';
import { beSpare, noteDuplicate, noteOffered } from './spare.ts';
import type { LogState } from '../origins/log.ts';
import { armBare, isCompared, keepAllWithin, keepWithin, takeItems } from './bare.ts';
import { noteNeighbourView } from './view.ts';
import type { Incoming, Link, Origin, State } from '../state.ts';

/** A digest: sets the cursors, and says what is to be expected. */
export function handleDigest(state: State, link: Link, digest: MessageOf<'digest'>): void {
  for (const line of digest.lines) {
    // Our own digest says so.
    if (isKnownGone(state, line.origin)) continue;
    noteOffer(state, link, line);
    const known = state.origins.get(line.origin)?.log.sequence ?? 0;
    if (known < line.sequence) {
      link.expected.set(line.origin, line.sequence);
      state.expecting.add(link);
      noteOffered(state, link, line);
    }
  }
  for (const id of digest.goodbyes) handleGoodbye(state, id, link);
  noteNeighbourView(state, link, digest);
  if (digest.more) return;
  link.hasDigest = true;
  beSpare(state, link);
  link.seenStamp = 0;
  link.announcedStamp = 0;
  flushBy(state, state.nowMs);
  announceBy(state, state.nowMs + ANNOUNCE_MS);
}

/** The other end can reach these. */
export function handleOffer(state: State, link: Link, offer: MessageOf<'offer'>): void {
  for (const line of offer.lines) {
    if (isKnownGone(state, line.origin)) {
      sendBye(state, link, line);
      continue;
    }
    noteOffer(state, link, line);
    const known = state.origins.get(line.origin)?.log.sequence ?? 0;
    if (known < line.sequence) noteOffered(state, link, line);
  }
}

function noteOffer(state: State, link: Link, line: Line): void {
  const { origin: id, sequence } = line;
  link.cursors.set(id, sequence);
  const origin = state.origins.get(id);
  if (origin === undefined) return;
  if (sequence <= origin.log.sequence) noteNothingNew(state, link, id);
  if (sequence === origin.log.sequence) prove(state, origin);
  if (sequence < origin.log.sequence) touch(state, link, id);
}

/**
 * Whoever was asked has nothing newer: nothing is on its way from there, and what others offer need
 * not wait for it.
 */
function noteNothingNew(state: State, link: Link, id: OriginId): void {
  const askedMs = link.wants.get(id);
  if (askedMs === undefined) return;
  link.wants.delete(id);
  if (state.wanted.get(id) === askedMs) state.wanted.delete(id);
}

/** Entries: in sequence, or a question for what is missing. */
export function handleEntries(state: State, link: Link, message: MessageOf<'entries'>): void {
  for (const batch of message.batches) handleBatch(state, link, batch);
  keepAllWithin(state, link);
}

function handleBatch(state: State, link: Link, batch: Batch): void {
  const { origin: id, first, entries } = batch;
  const last = first + entries.length - 1;
  if (id === state.self.id) {
    moveCursor(link, id, last);
    return;
  }
  if (entries.at(-1)?.kind === 'bye') {
    handleGoodbye(state, id, link);
    return;
  }
  if (isKnownGone(state, id)) {
    sendBye(state, link, { origin: id, sequence: last });
    return;
  }
  moveCursor(link, id, last);
  const origin = state.origins.get(id) ?? beginLog(state, batch);
  const known = origin?.log.sequence ?? 0;
  if (origin === undefined || first > known + 1) {
    ask(state, link, { origin: id, sequence: known });
    return;
  }
  link.wants.delete(id);
  state.wanted.delete(id);
  takeEntries(state, link, { origin, entries: entries.slice(known + 1 - first) });
  keepWithin(state, link, origin);
  if (last >= known) prove(state, origin);
}

function moveCursor(link: Link, id: OriginId, sequence: number): void {
  link.cursors.set(id, Math.max(sequence, link.cursors.get(id)));
}

function takeEntries(
  state: State,
  link: Link,
  { origin, entries }: { readonly origin: Origin; readonly entries: readonly Entry[] },
): void {
  if (entries.length === 0) {
    noteDuplicate(state, link, origin);
    return;
  }
  origin.source = link.origin;
  state.tally.add('entries-applied', [], entries.length);
  for (const entry of entries) applyEntry(state, origin, entry);
  noteAdvance(state, origin, entries);
  noteArrival(state, origin);
}

function beginLog(state: State, batch: Batch): Origin | undefined {
  const entry = batch.entries[0];
  if (batch.first !== 1 || entry?.kind !== 'facts') return undefined;
  return addOrigin(state, batch.origin, entry.facts);
}

/** A part of a snapshot; the last one replaces the origin's state. */
export function handleSnapshot(state: State, link: Link, part: MessageOf<'snapshot'>): void {
  if (part.part === 0) {
    const { origin, sequence, missing: hosts = [], missingCount = hosts.length } = part;
    const missing = { hosts, count: missingCount };
    const nothing = { links: [], registrations: [], bytes: 0, parts: 0 };
    link.incoming = { origin, sequence, missing, ...nothing, isBare: part.bare === true };
  }
  const { incoming } = link;
  if (incoming === null || !isNextPart(incoming, part)) {
    link.incoming = null;
    return;
  }
  incoming.parts += 1;
  incoming.links.push(...part.links);
  takeItems(state, link, { incoming, part });
  if (part.more) return;
  link.incoming = null;
  takeSnapshot(state, link, { ...incoming, facts: part.facts });
  keepAllWithin(state, link);
}

function isNextPart(incoming: Incoming, part: MessageOf<'snapshot'>): boolean {
  const { origin, sequence, parts } = incoming;
  return origin === part.origin && sequence === part.sequence && parts === part.part;
}

interface WholeSnapshot extends LogState {
  readonly origin: OriginId;
}

function takeSnapshot(state: State, link: Link, snapshot: WholeSnapshot): void {
  const { origin: id, sequence } = snapshot;
  const wasWanted = link.wants.delete(id);
  state.wanted.delete(id);
  if (isKnownGone(state, id)) {
    sendBye(state, link, snapshot);
    return;
  }
  moveCursor(link, id, sequence);
  if (id === state.self.id) return;
  const origin = state.origins.get(id) ?? addOrigin(state, id, snapshot.facts);
  if (sequence < origin.log.sequence) {
    touch(state, link, id);
    return;
  }
  prove(state, origin);
  if (sequence === origin.log.sequence && !wasWanted) {
    noteDuplicate(state, link, origin);
    return;
  }
  origin.source = link.origin;
  state.tally.add('snapshots', ['in']);
  applySnapshot(state, origin, snapshot);
  armBare(state);
  touchAll(state, origin);
  noteArrival(state, origin);
}

/** A peer that asks for what it listed has lost it: stop waiting for it from that peer. */
function noteUnmet(state: State, link: Link, { origin, sequence }: Line): void {
  const expected = link.expected.get(origin);
  if (expected === undefined || (sequence > 0 && sequence < expected)) return;
  link.expected.delete(origin);
  state.isViewDirty = true;
}

/** What the other end has: its cursors move there, and what it lacks is sent or offered. */
export function handleWant(state: State, link: Link, want: MessageOf<'want'>): void {
  const doubted: Line[] = [];
  for (const { origin: id, sequence } of want.lines) {
    const origin = state.origins.get(id);
    noteUnmet(state, link, { origin: id, sequence });
    link.announced.delete(id);
    if (sequence < (origin?.log.sequence ?? 0)) link.fed.add(id);
    if (isKnownGone(state, id)) {
      sendBye(state, link, { origin: id, sequence });
      continue;
    }
    const cursor = link.cursors.get(id);
    // Delete the cursor instead of storing 0, or cursors of old origins would pile up.
    if (sequence === 0) link.cursors.delete(id);
    else link.cursors.set(id, sequence);
    if (origin === undefined) continue;
    if (takeBackProof(state, origin, sequence)) doubted.push(lineOf(origin));
    // A peer that has entries but asks from 0 has another state: it needs a snapshot.
    if (sequence === 0 && cursor > 0) link.snapshots.add(id);
    link.offers.add(id);
    touch(state, link, id);
  }
  // A neighbour that still reaches one of these offers it again.
  if (doubted.length > 0) sendToAll(state, { kind: 'want', lines: doubted }, link);
}

/**
 * A goodbye: passed on to every other neighbour before the log is dropped, and remembered. One of a
 * stranger goes no further where no room is left to remember it: it could go round for ever.
 */
function handleGoodbye(state: State, id: OriginId, from: Link): void {
  if (id === state.self.id || state.goodbyes.has(id)) return;
  const origin = state.origins.get(id);
  const isRemembered = rememberGoodbye(state, id, origin !== undefined);
  const batches = [goodbyeAfter({ origin: id, sequence: origin?.log.sequence ?? 0 })];
  if (isRemembered) sendToAll(state, { kind: 'entries', batches }, from);
  for (const link of state.links.values()) {
    link.cursors.delete(id);
    if (link.expected.delete(id)) state.isViewDirty = true;
  }
  if (origin === undefined) return;
  const { name: server, host } = origin.log.facts;
  state.tally.add('lost', ['left']);
  state.out.notice('origin-left', { server, host });
  departOrigin(state, origin);
}

function sendBye(state: State, link: Link, line: Line): void {
  state.out.send(link.connection.id, { kind: 'entries', batches: [goodbyeAfter(line)] });
}

/** A goodbye ends a log wherever it stands; of a log that is full it takes the last place. */
function goodbyeAfter({ origin, sequence }: Line): Batch {
  return { origin, first: Math.min(sequence + 1, SEQUENCE_MAX), entries: [{ kind: 'bye' }] };
}

function isKnownGone(state: State, id: OriginId): boolean {
  return state.goodbyes.has(id);
}

function prove(state: State, origin: Origin): void {
  if (origin.isProven) return;
  origin.isProven = true;
  state.grown.add(origin.id);
}

/**
 * Whoever asks for an origin of which it lacks nothing has just lost it, and its own offer may have
 * left before that. Says whether there was a proof to be taken back.
 */
function takeBackProof(state: State, origin: Origin, wanted: number): boolean {
  if (wanted < origin.log.sequence || !origin.isProven) return false;
  if (origin.standing === 'reachable') return false;
  origin.isProven = false;
  return true;
}

function noteArrival(state: State, origin: Origin): void {
  const { id, log } = origin;
  for (const link of state.expecting) {
    const sequence = link.expected.get(id);
    if (sequence === undefined || sequence > log.sequence) continue;
    link.expected.delete(id);
    state.isViewDirty = true;
    if (link.expected.size === 0) state.expecting.delete(link);
  }
}

/** Every 10 s: what changed, with hashes, and one hash of all. */
export function sendChecks(state: State): void {
  if (state.links.size === 0) return;
  const origins = [...state.origins.values()].filter(isCompared);
  const { count, hash } = combinedHash(state);
  const changed = origins.filter((origin) => origin.log.sequence !== origin.checkedSequence);
  for (const origin of origins) origin.checkedSequence = origin.log.sequence;
  const links = [...state.links.values()];
  for (const isDifferent of [false, true]) {
    const to = links.filter((link) => link.differences > 1 === isDifferent);
    const lines = (isDifferent ? origins : changed).map((origin) => {
      return { ...lineOf(origin), hash: origin.log.hash };
    });
    const connections = to.map((link) => link.connection.id);
    state.out.send(connections, { kind: 'check', lines, count, hash });
  }
}

/** Compares; a difference is told, and that origin asked for at the next hop towards it. */
export function handleCheck(state: State, link: Link, check: MessageOf<'check'>): void {
  for (const { origin: id, sequence, hash } of check.lines) {
    const origin = state.origins.get(id);
    if (id === state.self.id || isKnownGone(state, id)) continue;
    if (origin === undefined) {
      ask(state, link, { origin: id, sequence: 0 });
    } else if (origin.log.sequence === sequence && origin.log.hash !== hash && !origin.log.isBare) {
      tellDifference(state, link, origin);
    } else {
      // Of what is split off here he may just not know yet: when it is back he offers it.
      if (origin.standing !== 'split') noteOffer(state, link, { origin: id, sequence });
      if (origin.log.sequence < sequence) ask(state, link, lineOf(origin));
    }
  }
  if (check.more !== true) compareAll(state, link, check);
}

/** Whether both ends have the same, all in all. */
function compareAll(
  state: State,
  link: Link,
  check: { readonly count: number; readonly hash: number },
): void {
  const own = combinedHash(state);
  const isSame = own.count === check.count && own.hash === check.hash;
  link.agreedMs = isSame ? state.nowMs : -Infinity;
  if (!state.isSynced) state.isViewDirty = true;
  link.differences = isSame ? 0 : link.differences + 1;
}

function tellDifference(state: State, link: Link, origin: Origin): void {
  const peer = state.origins.get(link.origin)?.log.facts.name ?? link.connection.remote;
  state.tally.add('state-differs');
  if (mayTellDifference(state, link)) {
    state.out.notice('state-differs', { server: origin.log.facts.name, peer });
  }
  const way = origin.via === null ? undefined : state.links.get(origin.via);
  if (way !== undefined) ask(state, way, { origin: origin.id, sequence: 0 });
}

/** Honest neighbours compare every 10 s: a line for each of those is enough, whatever differs. */
function mayTellDifference(state: State, link: Link): boolean {
  const isTold = state.nowMs - link.differedMs < DIFFERENCES_EVERY_MS;
  if (!isTold) link.differedMs = state.nowMs;
  return !isTold;
}

const DIFFERENCES_EVERY_MS = 10_000;
