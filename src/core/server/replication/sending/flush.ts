// Writing to the links: what each of them is sent and told, by its cursors. The rule is that of
// replication.ts; this file makes it cheap. All links are written to at one time, each finds its
// news in the journal, and those that need the same bytes share one message. The invariant: a
// cursor moves when its entries are sent, and only then.
//
//   journal, looks ──► behind its cursor? ──┬─ eager, the tail reaches back ──► entries ──► cursor
//                                           ├─ eager, it does not ──► snapshot ──► cursor (snapshots.ts)
//                                           └─ lazy ──► offer: news after 50 ms, many together
//   want, prune from the other end ──► cursor, mode, looks                               (wants.ts)

import { FRAME_BYTES_TARGET } from '../../../../protocol/constants.ts';
import type { OriginId } from '../../../../protocol/ids.ts';
import { taken } from '../../../../protocol/many.ts';
import type { Message } from '../../../../protocol/messages.ts';
import type { Batch, Entry, Line } from '../../../../protocol/records.ts';
import * as records from '../../../../protocol/records.ts';
import type { ConnectionId } from '../../../input.ts';
import type { Link, Origin } from '../../entities.ts';
import type { State } from '../../state.ts';
import { sendWants } from '../questions.ts';
import { flushBy, lineOf, touch } from '../replication.ts';
import { sendSnapshots } from './snapshots.ts';

/** Writes to every link when the time has come. Links that need the same bytes share one message. */
export function flushLinks(state: State): void {
  sendWants(state);
  const isAnnouncing = state.replication.announceDueMs <= state.nowMs;
  if (state.replication.flushDueMs <= state.nowMs || isAnnouncing) {
    state.replication.flushDueMs = Infinity;
    if (isAnnouncing) state.replication.announceDueMs = Infinity;
    const round = createRound(isAnnouncing);
    for (const link of state.links.values()) {
      if (!link.isCongested && link.hasDigest) flushLink(state, link, round);
    }
    for (const { message, connections } of round.groups.values()) {
      state.replication.flushedMs = state.nowMs;
      state.out.send(connections, message);
    }
  }
  const nextMs = Math.min(state.replication.flushDueMs, state.replication.announceDueMs);
  if (nextMs < Infinity) state.timers.setEarlier('flush', nextMs, doNothing);
}

/** The common part of the links that are written to at one time. */
interface Round {
  readonly isAnnouncing: boolean;
  readonly groups: Map<string, { message: Message; connections: ConnectionId[] }>;
  /** The origins that are new since a stamp of the journal. */
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
    news = state.replication.journal.since(stamp);
    round.news.set(stamp, news);
  }
  return news;
}

function flushLink(state: State, link: Link, round: Round): void {
  sendPrune(state, link);
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
  const { progress } = link;
  const plan: Plan = {
    batches: [],
    offers: [],
    told: new Set(),
    bytes: 0,
    key: '',
    offersKey: '',
  };
  for (const id of progress.looks) {
    if (plan.bytes > FRAME_BYTES_TARGET) break;
    const isOffered = progress.takeLook(id);
    const origin = state.origins.get(id);
    if (origin === undefined) continue;
    planOrigin(state, { link, origin, plan, round, isOffered, isNews: false });
  }
  for (const origin of newsSince(state, round, progress.seenStamp)) {
    const isOffered = origin.reachedStamp > progress.seenStamp;
    if (plan.bytes <= FRAME_BYTES_TARGET) {
      planOrigin(state, { link, origin, plan, round, isOffered, isNews: true });
    } else {
      progress.look(origin.id, { isOffered });
    }
  }
  progress.seenStamp = state.replication.journal.stamp;
  if (round.isAnnouncing) planAnnounced(state, { link, plan, round });
  if (progress.isLookDue) flushBy(state, state.nowMs);
  return plan;
}

/** The news that a lazy link has not been told of yet, unless it has ceased to be lazy. */
function planAnnounced(state: State, { link, plan, round }: Omit<Planned, 'origin'>): void {
  const { progress } = link;
  for (const origin of newsSince(state, round, progress.offeredStamp)) {
    if (!isSent(link, origin) || origin.log.sequence <= cursorOf(link, origin)) continue;
    if (isAnnounced(state, link, origin)) announce(plan, origin);
    else if (!progress.isSnapshotDue(origin.id)) touch(state, link, origin);
  }
  progress.offeredStamp = state.replication.journal.stamp;
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
    // News is announced later, many origins together.
    if (isOffered || !isNews) announce(plan, origin);
  } else if (!link.progress.isSentWhole(origin.id)) {
    planPayload(planned, cursor);
  }
}

function planPayload({ link, origin, plan, round }: Planned, cursor: number): void {
  const cut = cutOf(round, origin, cursor);
  if (cut === undefined) {
    link.progress.sendWhole(origin.id);
    return;
  }
  planCut(link, plan, { origin, cut });
  if (cut.last < origin.log.sequence) link.progress.look(origin.id, { isOffered: false });
}

function isSent(link: Link, origin: Origin): boolean {
  return origin.standing === 'reachable' && origin.id !== link.origin;
}

function cursorOf(link: Link, origin: Origin): number {
  return link.progress.cursorAt(origin.slot);
}

function announce(plan: Plan, origin: Origin): void {
  if (plan.told.has(origin)) return;
  plan.told.add(origin);
  plan.offers.push(lineOf(origin));
  plan.offersKey += `offer ${String(origin.stamp)} `;
}

function planCut(
  { progress }: Link,
  plan: Plan,
  { origin, cut }: { readonly origin: Origin; readonly cut: Cut },
): void {
  const { batch, last, bytes, number } = cut;
  progress.setCursor(origin.id, last);
  progress.setModeAt(origin.slot, 'eager');
  plan.batches.push(batch);
  plan.bytes += bytes;
  plan.key += `${String(number)} `;
}

/**
 * Whether another end is only told of new entries: it has pruned this link, or it is linked to
 * the server that they came from and gets them from there. Between masters, each linked to all,
 * nearly everything is sent once. An end that is fed from here already relies on it.
 */
function isAnnounced(state: State, link: Link, origin: Origin): boolean {
  const mode = link.progress.modeAt(origin.slot);
  if (mode !== 'open') return mode === 'lazy';
  return origin.source !== null && isSharer(state, link.origin, origin.source);
}

/** Whether a neighbour is linked to the source of something. */
function isSharer(state: State, neighbour: OriginId, source: OriginId): boolean {
  const links = state.origins.get(neighbour)?.log.links;
  if (links?.has(source) !== true) return false;
  return state.origins.get(source)?.log.links.has(neighbour) === true;
}

/**
 * The entries to send of an origin after a cursor; undefined if its tail does not reach back that
 * far.
 */
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

/** Tells which origins we get sooner from elsewhere: see receiving/lazy.ts. */
function sendPrune(state: State, link: Link): void {
  const origins = link.progress.takePrunes();
  if (origins.length > 0) state.out.send(link.connection.id, { kind: 'prune', origins });
}

function doNothing(): void {
  // The step that a timer causes does the work: server.ts flushes at the end of each.
}

/** How many entries of an origin are sent at a time. */
const ENTRIES_PART = {
  bytesOf: (item: Entry) => records.entry.bytes(item),
  bytesMax: FRAME_BYTES_TARGET,
};
