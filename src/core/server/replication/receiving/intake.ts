// Arrivals on a link, and their effects. The invariants: an arrival moves the sender's cursor too,
// so nothing is sent back where it came from; a neighbour offers only origins that it can reach
// itself, and only an offer proves an origin.
//
//   digest, offer ──► new here? ──┬─ not pruned, nobody asked ───────────────► want
//                                 └─ pruned, or on its way ────► 150 ms later: want   (lazy.ts)
//   entries ──────┬─ the next ones ───────────► the log, and on to all other links
//                 ├─ a gap before them ───────► want
//                 └─ here already ────────────► prune: this link becomes lazy         (lazy.ts)
//   snapshot ─────► its parts, one by one ────► the log, whole and at once            (bare.ts)

import type { OriginId } from '../../../../protocol/ids.ts';
import type { MessageOf } from '../../../../protocol/messages.ts';
import type { Batch, Entry, Line } from '../../../../protocol/records.ts';
import type { LogState } from '../../origins/log.ts';
import { hasRoomFor } from '../../origins/named.ts';
import { addOrigin, applyEntry, applySnapshot } from '../../origins/origins.ts';
import { prove } from '../../origins/reachability.ts';
import type { Link, Origin } from '../../entities.ts';
import { noteLimit } from '../../limits-told.ts';
import type { State } from '../../state.ts';
import { handleGoodbye, isKnownGone, sendBye } from '../goodbyes.ts';
import type { Incoming } from '../progress.ts';
import { ask, expectListed, noteAnswered, noteArrival, noteNothingNew } from '../questions.ts';
import {
  ANNOUNCE_MS,
  announceBy,
  becomeLazy,
  flushBy,
  noteAdvance,
  touch,
  touchAll,
} from '../replication.ts';
import { noteNeighbourView } from '../view.ts';
import { armBare, keepAllWithin, keepWithin, takeItems } from './bare.ts';
import { noteDuplicate, noteOffered } from './lazy.ts';

/** A digest: sets the cursors, and lists what to expect. */
export function handleDigest(state: State, link: Link, digest: MessageOf<'digest'>): void {
  for (const line of digest.lines) {
    // Our own digest says so.
    if (isKnownGone(state, line.origin)) continue;
    noteOffer(state, link, line);
    const known = state.origins.get(line.origin)?.log.sequence ?? 0;
    if (known < line.sequence) {
      expectListed(state, link, line);
      noteOffered(state, link, line);
    }
  }
  for (const id of digest.goodbyes) handleGoodbye(state, id, link);
  noteNeighbourView(state, link, digest);
  if (digest.more) return;
  link.hasDigest = true;
  becomeLazy(state, link);
  link.progress.seenStamp = 0;
  link.progress.offeredStamp = 0;
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

/** The other end has an origin up to there, and can reach it. */
export function noteOffer(state: State, link: Link, line: Line): void {
  const { origin: id, sequence } = line;
  link.progress.setCursor(id, sequence);
  const origin = state.origins.get(id);
  if (origin === undefined) return;
  if (sequence <= origin.log.sequence) noteNothingNew(state, link, id);
  if (sequence === origin.log.sequence) prove(state, origin);
  if (sequence < origin.log.sequence) touch(state, link, { id });
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
    link.progress.raiseCursor(id, last);
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
  link.progress.raiseCursor(id, last);
  if (isLeftOut(state, link, id)) return;
  const origin = state.origins.get(id) ?? beginLog(state, batch);
  const known = origin?.log.sequence ?? 0;
  if (origin === undefined || first > known + 1) {
    ask(state, link, { origin: id, sequence: known });
    return;
  }
  noteAnswered(state, link, id);
  takeEntries(state, link, { origin, entries: entries.slice(known + 1 - first) });
  keepWithin(state, link, origin);
  if (last >= known) prove(state, origin);
}

/** There is no room for one more server: the limit is told, and its log is not taken in. */
function isLeftOut(state: State, link: Link, id: OriginId): boolean {
  if (hasRoomFor(state, id)) return false;
  noteLimit(state, 'origins-per-link', link.connection.remote);
  noteAnswered(state, link, id);
  return true;
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
  const { progress } = link;
  if (part.part === 0) {
    const { origin, sequence, missing: hosts = [], missingCount = hosts.length } = part;
    const missing = { hosts, count: missingCount };
    const nothing = { links: [], registrations: [], bytes: 0, registrationsBytes: 0, parts: 0 };
    progress.incoming = { origin, sequence, missing, ...nothing, isBare: part.bare === true };
  }
  const { incoming } = progress;
  if (incoming === null || !isNextPart(incoming, part)) {
    progress.incoming = null;
    return;
  }
  incoming.parts += 1;
  incoming.links.push(...part.links);
  takeItems(state, link, { incoming, part });
  if (part.more) return;
  progress.incoming = null;
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
  const wasWanted = noteAnswered(state, link, id);
  if (isKnownGone(state, id)) {
    sendBye(state, link, snapshot);
    return;
  }
  link.progress.raiseCursor(id, sequence);
  if (id === state.self.id) return;
  if (isLeftOut(state, link, id)) return;
  const origin = state.origins.get(id) ?? addOrigin(state, id, snapshot.facts);
  if (sequence < origin.log.sequence) {
    touch(state, link, { id });
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
