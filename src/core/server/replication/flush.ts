// Writing to the links: what each of them is sent and told, by its cursors. The rule is that of
// replication.ts; here is what makes it cheap. All links are written to at one time, each finds what
// is new to it in the journal, and those that need the same bytes share one message. The invariant:
// a cursor moves when what it stands for is sent, and only then.

import { FRAME_BYTES_TARGET } from '../../../protocol/constants.ts';
import type { OriginId } from '../../../protocol/ids.ts';
import type { Message, MessageOf } from '../../../protocol/messages.ts';
import { taken } from '../../../protocol/many.ts';
import type { Batch, Entry, Line, Registration } from '../../../protocol/records.ts';
import * as records from '../../../protocol/records.ts';
import { originId } from '../../../protocol/scalars.ts';
import { compareText } from '../../kit/text.ts';
import type { ConnectionId } from '../../input.ts';
import { flushBy, lineOf, sendWants, touch } from './replication.ts';
import type { Link, Origin, Outgoing, State } from '../state.ts';

/** Writes to every link when the time has come. Links that need the same bytes share one message. */
export function flushLinks(state: State): void {
  sendWants(state);
  const isAnnouncing = state.announceDueMs <= state.nowMs;
  if (state.flushDueMs <= state.nowMs || isAnnouncing) {
    state.flushDueMs = Infinity;
    if (isAnnouncing) state.announceDueMs = Infinity;
    const round = createRound(isAnnouncing);
    for (const link of state.links.values()) {
      if (!link.isCongested && link.hasDigest) flushLink(state, link, round);
    }
    for (const { message, connections } of round.groups.values()) {
      state.flushedMs = state.nowMs;
      state.out.send(connections, message);
    }
  }
  const nextMs = Math.min(state.flushDueMs, state.announceDueMs);
  if (nextMs < Infinity) state.timers.setEarlier('flush', nextMs, doNothing);
}

/** What the links that are written to at one time have in common. */
interface Round {
  readonly isAnnouncing: boolean;
  readonly groups: Map<string, { message: Message; connections: ConnectionId[] }>;
  /** What is new since a stamp of the journal. */
  readonly news: Map<number, Origin[]>;
  readonly cuts: Map<Origin, Cut>;
  cutsCount: number;
}

/** The entries of an origin after a cursor, as far as they fit a frame. */
interface Cut {
  readonly cursor: number;
  readonly last: number;
  readonly batch: Batch;
  readonly bytes: number;
  readonly number: number;
}

function createRound(isAnnouncing: boolean): Round {
  return {
    isAnnouncing,
    groups: new Map(),
    news: new Map(),
    cuts: new Map(),
    cutsCount: 0,
  };
}

function newsSince(state: State, round: Round, stamp: number): Origin[] {
  let news = round.news.get(stamp);
  if (news === undefined) {
    news = state.journal.since(stamp);
    round.news.set(stamp, news);
  }
  return news;
}

function flushLink(state: State, link: Link, round: Round): void {
  sendSpare(state, link);
  const plan = planOf(state, link, round);
  collect(round, link, { key: plan.key, message: { kind: 'entries', batches: plan.batches } });
  const key = plan.offersKey;
  collect(round, link, { key, message: { kind: 'offer', lines: plan.offers } });
  sendSnapshots(state, link);
}

function collect(round: Round, link: Link, sent: { key: string; message: Message }): void {
  if (sent.key === '') return;
  const group = round.groups.get(sent.key);
  if (group === undefined) {
    round.groups.set(sent.key, { message: sent.message, connections: [link.connection.id] });
  } else {
    group.connections.push(link.connection.id);
  }
}

interface Plan {
  readonly batches: Batch[];
  readonly offers: Line[];
  readonly told: Set<Origin>;
  bytes: number;
  key: string;
  offersKey: string;
}

function planOf(state: State, link: Link, round: Round): Plan {
  const plan: Plan = {
    batches: [],
    offers: [],
    told: new Set(),
    bytes: 0,
    key: '',
    offersKey: '',
  };
  for (const id of [...link.behind]) {
    if (plan.bytes > FRAME_BYTES_TARGET) break;
    link.behind.delete(id);
    const isOffered = link.offers.delete(id);
    const origin = state.origins.get(id);
    if (origin === undefined) continue;
    planOrigin(state, { link, origin, plan, round, isOffered, isNews: false });
  }
  for (const origin of newsSince(state, round, link.seenStamp)) {
    const isOffered = origin.reachedStamp > link.seenStamp;
    if (plan.bytes <= FRAME_BYTES_TARGET) {
      planOrigin(state, { link, origin, plan, round, isOffered, isNews: true });
    } else {
      link.behind.add(origin.id);
      if (isOffered) link.offers.add(origin.id);
    }
  }
  link.seenStamp = state.journal.stamp;
  if (round.isAnnouncing) planAnnounced(state, { link, plan, round });
  if (link.behind.size > 0) flushBy(state, state.nowMs);
  return plan;
}

/** What a spare link has not been told of yet, unless it has ceased to be spare. */
function planAnnounced(state: State, { link, plan, round }: Omit<Planned, 'origin'>): void {
  for (const origin of newsSince(state, round, link.announcedStamp)) {
    if (!isSent(link, origin) || origin.log.sequence <= cursorOf(link, origin)) continue;
    if (isAnnounced(state, link, origin)) announce(plan, origin);
    else if (!link.snapshots.has(origin.id)) touch(state, link, origin.id);
  }
  link.announcedStamp = state.journal.stamp;
}

interface Planned {
  readonly link: Link;
  readonly origin: Origin;
  readonly plan: Plan;
  readonly round: Round;
}

interface Wish extends Planned {
  /** Whether the other end is told of it even at an equal sequence. */
  readonly isOffered: boolean;
  /** Whether every link looks at it. */
  readonly isNews: boolean;
}

function planOrigin(state: State, planned: Wish): void {
  const { link, origin, plan, isOffered, isNews } = planned;
  if (!isSent(link, origin)) return;
  const cursor = cursorOf(link, origin);
  if (origin.log.sequence <= cursor) {
    if (isOffered && origin.log.sequence === cursor) announce(plan, origin);
  } else if (isAnnounced(state, link, origin)) {
    // News are announced later, many together.
    if (isOffered || !isNews) announce(plan, origin);
  } else if (link.outgoing?.origin !== origin.id && !link.snapshots.has(origin.id)) {
    planPayload(planned, cursor);
  }
}

function planPayload({ link, origin, plan, round }: Planned, cursor: number): void {
  const cut = cutOf(round, origin, cursor);
  if (cut === undefined) {
    link.snapshots.add(origin.id);
    return;
  }
  planCut(link, plan, cut);
  if (cut.last < origin.log.sequence) link.behind.add(origin.id);
}

function isSent(link: Link, origin: Origin): boolean {
  return origin.standing === 'reachable' && origin.id !== link.origin;
}

function cursorOf(link: Link, origin: Origin): number {
  return link.cursors.at(origin.place);
}

function announce(plan: Plan, origin: Origin): void {
  if (plan.told.has(origin)) return;
  plan.told.add(origin);
  plan.offers.push(lineOf(origin));
  plan.offersKey += `offer ${String(origin.stamp)} `;
}

function planCut(link: Link, plan: Plan, { batch, last, bytes, number }: Cut): void {
  link.cursors.set(batch.origin, last);
  link.fed.add(batch.origin);
  plan.batches.push(batch);
  plan.bytes += bytes;
  plan.key += `${String(number)} `;
}

/**
 * Whether another end is only told of what is new: it has said that it is spare, or it is linked to
 * the server that this came from and has it from there. Between masters, each linked to all, nearly
 * everything is sent once. Whoever is fed from here already relies on it.
 */
function isAnnounced(state: State, link: Link, origin: Origin): boolean {
  if (link.announced.hasAt(origin.place)) return true;
  if (origin.source === null || link.fed.hasAt(origin.place)) return false;
  return isSharer(state, link.origin, origin.source);
}

/** Whether a neighbour is linked to the source of something. */
function isSharer(state: State, neighbour: OriginId, source: OriginId): boolean {
  const links = state.origins.get(neighbour)?.log.links;
  if (links?.has(source) !== true) return false;
  return state.origins.get(source)?.log.links.has(neighbour) === true;
}

/** What is sent of an origin after a cursor; undefined where its tail does not reach back that far. */
function cutOf(round: Round, origin: Origin, cursor: number): Cut | undefined {
  const known = round.cuts.get(origin);
  if (known?.cursor === cursor) return known;
  const missing = origin.log.entriesAfter(cursor);
  if (missing === undefined) return undefined;
  const { end, bytes } = taken(missing, 0, ENTRIES_PART);
  const entries = end < missing.length ? missing.slice(0, end) : missing;
  round.cutsCount += 1;
  const batch = { origin: origin.id, first: cursor + 1, entries };
  const last = cursor + entries.length;
  const cut = { cursor, last, batch, bytes, number: round.cutsCount };
  round.cuts.set(origin, cut);
  return cut;
}

/**
 * Snapshots, until a frame would be full: one after the other, in parts where they are large. A fleet
 * has thousands of small ones, and a turn for each would take longer than all of their bytes.
 */
function sendSnapshots(state: State, link: Link): void {
  let bytes = 0;
  while (bytes < FRAME_BYTES_TARGET) {
    link.outgoing ??= nextOutgoing(state, link);
    if (link.outgoing === null) return;
    bytes += sendPart(state, link, link.outgoing);
  }
  flushBy(state, state.nowMs);
}

/** Sends the next part of a snapshot; says about how many bytes that was. */
function sendPart(state: State, link: Link, outgoing: Outgoing): number {
  const origin = state.origins.get(outgoing.origin);
  if (origin?.standing !== 'reachable') {
    link.outgoing = null;
    return 0;
  }
  const { links, registrations, bytes } = takePart(outgoing);
  const isLast =
    outgoing.linkIndex >= outgoing.links.length && outgoing.index >= outgoing.registrations.length;
  state.out.send(link.connection.id, {
    kind: 'snapshot',
    origin: outgoing.origin,
    sequence: outgoing.sequence,
    part: outgoing.part,
    facts: origin.log.facts,
    links,
    registrations,
    more: !isLast,
    ...(outgoing.part === 0 && firstOf(outgoing)),
  });
  outgoing.part += 1;
  if (isLast) {
    state.tally.add('snapshots', ['out']);
    link.cursors.set(outgoing.origin, outgoing.sequence);
    // What was new meanwhile goes out with the next turn.
    link.behind.add(outgoing.origin);
    flushBy(state, state.nowMs);
    link.outgoing = null;
  }
  return records.facts.bytes(origin.log.facts) + bytes;
}

/** What the first part says beside what every part says. */
function firstOf({ missing, isBare }: Outgoing): Partial<MessageOf<'snapshot'>> {
  const told = { missing: missing.hosts, missingCount: missing.count };
  return isBare ? { ...told, bare: true } : told;
}

function nextOutgoing(state: State, link: Link): Outgoing | null {
  for (const id of link.snapshots) {
    link.snapshots.delete(id);
    const origin = state.origins.get(id);
    if (origin?.standing !== 'reachable' || link.announced.has(id)) continue;
    const { log } = origin;
    if (link.cursors.get(id) >= log.sequence) continue;
    const registrations = [...log.registrations.values()];
    const links = [...log.links];
    const { sequence, missing, isBare } = log;
    const outgoing = { origin: id, sequence, links, registrations, missing, isBare };
    return { ...outgoing, linkIndex: 0, index: 0, part: 0 };
  }
  return null;
}

interface Part {
  readonly links: readonly OriginId[];
  readonly registrations: readonly Registration[];
  readonly bytes: number;
}

function takePart(outgoing: Outgoing): Part {
  const { linkIndex, index } = outgoing;
  const links = taken(outgoing.links, linkIndex, LINKS_PART);
  const registrations = taken(outgoing.registrations, index, REGISTRATIONS_PART);
  outgoing.linkIndex = links.end;
  outgoing.index = registrations.end;
  return {
    links: outgoing.links.slice(linkIndex, links.end),
    registrations: outgoing.registrations.slice(index, registrations.end),
    bytes: links.bytes + registrations.bytes,
  };
}

/** Says of which origins a link is spare: see spare.ts. */
function sendSpare(state: State, link: Link): void {
  if (link.declining.size === 0) return;
  const origins = [...link.declining].sort(compareText);
  link.declining.clear();
  state.out.send(link.connection.id, { kind: 'spare', origins });
}

function doNothing(): void {
  // The step that a timer causes does the work: server.ts flushes at the end of each.
}

/** What of each list is sent in one part. */
const bytesMax = FRAME_BYTES_TARGET;
const ENTRIES_PART = { bytesOf: (item: Entry) => records.entry.bytes(item), bytesMax };
const LINKS_PART = { bytesOf: originId.bytes, bytesMax };
const REGISTRATIONS_PART = { bytesOf: records.registration.bytes, bytesMax };
