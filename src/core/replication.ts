// Copying logs: what to send on which link. One rule serves first sync, steady state and repair: for
// every reachable origin whose sequence is ahead of the link's cursor, send entries if the tail
// reaches back that far, else a snapshot, then move the cursor. Cursors, not queues: a slow link
// holds no memory, it only lags. What arrives is taken in by intake.ts.

import { FRAME_BYTES_TARGET } from '../protocol/constants.ts';
import type { OriginId } from '../protocol/ids.ts';
import type { Message } from '../protocol/messages.ts';
import type { Batch, Entry, Line, Registration } from '../protocol/records.ts';
import { compareText } from './catalogue.ts';
import type { ConnectionId } from './input.ts';
import type { Tidings } from './reachability.ts';
import type { Link, Origin, State } from './state.ts';
import { reachableOrigins } from './state.ts';

/**
 * An origin's log has grown by these: every link is to look at it. Links' entries can wait a little:
 * nobody looks them up, and a boot storm has thousands.
 */
export function noteAdvance(state: State, origin: OriginId, entries: readonly Entry[]): void {
  presume(state, origin);
  if (!entries.every(({ kind }) => kind === 'up' || kind === 'down')) {
    touchAll(state, origin);
    return;
  }
  for (const link of state.links.values()) {
    const isAnnounced = link.announced.has(origin);
    mark(link, origin, state.nowMs + (isAnnounced ? ANNOUNCE_MS : COLLECT_LINKS_MS));
  }
}

/**
 * Who is linked to the server that this came from has it from there: it is only offered, in case
 * that it is not so. Between masters, each linked to all, nearly everything is sent once.
 */
function presume(state: State, id: OriginId): void {
  const source = state.origins.get(state.origins.get(id)?.source ?? id);
  if (source === undefined || source.id === id) return;
  for (const link of state.links.values()) {
    if (!source.log.links.has(link.origin) || link.asked.has(id)) continue;
    const other = state.origins.get(link.origin);
    if (other?.log.links.has(source.id) === true) link.announced.add(id);
  }
}

/** Every link is to look at an origin. */
export function touchAll(state: State, origin: OriginId): void {
  for (const link of state.links.values()) touch(state, link, origin);
}

/** A link is to look at an origin, as soon as it has rested from the last time. */
export function touch(state: State, link: Link, origin: OriginId): void {
  const restMs = link.announced.has(origin) ? state.nowMs + ANNOUNCE_MS : state.nowMs;
  mark(link, origin, Math.max(restMs, link.flushedMs + COLLECT_MS));
}

function mark(link: Link, origin: OriginId, dueMs: number): void {
  link.behind.add(origin);
  link.dueMs = Math.min(link.dueMs, dueMs);
}

/** Sends what a neighbour must have first: what we can reach, and what we know of ourselves. */
export function sendDigest(state: State, link: Link): void {
  const lines = [...reachableOrigins(state)].map(lineOf);
  const goodbyes = [...state.goodbyes.keys()];
  const size = Math.max(lines.length, goodbyes.length);
  for (let start = 0; start === 0 || start < size; start += DIGEST_LINES) {
    state.out.send(link.connection.id, {
      kind: 'digest',
      complete: state.isComplete,
      missing: ownMissing(state),
      lines: lines.slice(start, start + DIGEST_LINES),
      goodbyes: goodbyes.slice(start, start + DIGEST_LINES),
      more: start + DIGEST_LINES < size,
    });
  }
}

/** The hosts of the origins that are out of reach, by name. */
export function ownMissing(state: State): Link['neighbourMissing'] {
  const hosts = new Set<Link['neighbourMissing'][number]>();
  for (const { standing, log } of state.away) {
    if (standing !== 'aside') hosts.add(log.facts.host);
  }
  return [...hosts].sort(compareText);
}

/** Puts what reachability found into the links' hands. */
export function spreadTidings(state: State, tidings: Tidings): void {
  const asked: Line[] = [];
  for (const id of [...tidings.missed].sort(compareText)) {
    const origin = state.origins.get(id);
    if (origin !== undefined) asked.push(lineOf(origin));
  }
  for (const id of [...tidings.forgotten].sort(compareText)) {
    for (const link of state.links.values()) link.cursors.delete(id);
    asked.push({ origin: id, sequence: 0 });
  }
  for (const link of state.links.values()) {
    // Whoever is asked takes it that nothing comes from elsewhere.
    for (const { origin } of asked) link.declined.delete(origin);
  }
  if (asked.length > 0) sendToAll(state, { kind: 'want', lines: asked });
  for (const id of tidings.reached) {
    for (const link of state.links.values()) {
      link.offers.add(id);
      touch(state, link, id);
    }
  }
  tidings.missed.clear();
  tidings.forgotten.clear();
  tidings.reached.clear();
}

/** Sends a message on every link. */
export function sendToAll(state: State, message: Message, except?: Link): void {
  const links = [...state.links.values()].filter((link) => link !== except);
  state.out.send(
    links.map((link) => link.connection.id),
    message,
  );
}

/** Writes to every link whose time has come. Links that need the same bytes share one message. */
export function flushLinks(state: State): void {
  const groups: Groups = new Map();
  let nextMs = Infinity;
  for (const link of state.links.values()) {
    if (link.dueMs <= state.nowMs && !link.isCongested && link.hasDigest) {
      flushLink(state, link, groups);
    }
    if (!link.isCongested && link.hasDigest) nextMs = Math.min(nextMs, link.dueMs);
  }
  for (const { message, connections } of groups.values()) state.out.send(connections, message);
  if (nextMs < Infinity) state.timers.set('flush', nextMs, doNothing);
}

type Groups = Map<string, { message: Message; connections: ConnectionId[] }>;

function flushLink(state: State, link: Link, groups: Groups): void {
  link.dueMs = Infinity;
  link.flushedMs = state.nowMs;
  sendSpare(state, link);
  const plan = planOf(state, link);
  collect(groups, link, { key: plan.key, message: { kind: 'entries', batches: plan.batches } });
  if (plan.offers.length > 0) {
    const key = `offer ${plan.offers.map((line) => `${line.origin}${String(line.sequence)}`).join()}`;
    collect(groups, link, { key, message: { kind: 'offer', lines: plan.offers } });
  }
  sendSnapshotPart(state, link);
}

function collect(groups: Groups, link: Link, sent: { key: string; message: Message }): void {
  if (sent.key === '') return;
  const group = groups.get(sent.key);
  if (group === undefined) {
    groups.set(sent.key, { message: sent.message, connections: [link.connection.id] });
  } else {
    group.connections.push(link.connection.id);
  }
}

interface Plan {
  readonly batches: Batch[];
  readonly offers: Line[];
  key: string;
}

function planOf(state: State, link: Link): Plan {
  const plan: Plan = { batches: [], offers: [], key: '' };
  let bytes = 0;
  for (const id of [...link.behind].sort(compareText)) {
    if (bytes > FRAME_BYTES_TARGET) break;
    link.behind.delete(id);
    const origin = state.origins.get(id);
    if (origin?.standing !== 'reachable' || id === link.origin) {
      link.offers.delete(id);
      continue;
    }
    bytes += planOrigin(link, origin, plan);
  }
  if (link.behind.size > 0) link.dueMs = state.nowMs;
  return plan;
}

function planOrigin(link: Link, origin: Origin, plan: Plan): number {
  const { id, log } = origin;
  const cursor = link.cursors.get(id) ?? 0;
  const wasOffered = link.offers.delete(id);
  if (log.sequence <= cursor) {
    if (wasOffered && log.sequence === cursor) plan.offers.push(lineOf(origin));
    return 0;
  }
  if (link.announced.has(id)) {
    plan.offers.push(lineOf(origin));
    return 0;
  }
  if (link.outgoing?.origin === id || link.snapshots.has(id)) return 0;
  const missing = log.entriesAfter(cursor);
  if (missing === undefined) {
    link.snapshots.add(id);
    return 0;
  }
  const { entries, bytes } = fittingOf(missing);
  const last = cursor + entries.length;
  link.cursors.set(id, last);
  if (last < log.sequence) link.behind.add(id);
  plan.batches.push({ origin: id, first: cursor + 1, entries });
  plan.key += `${id}${String(cursor)}-${String(last)} `;
  return bytes;
}

/** As many entries as a frame takes: one at least, and the rest another time. */
function fittingOf(missing: readonly Entry[]): { entries: readonly Entry[]; bytes: number } {
  let [count, bytes] = [0, 0];
  for (const item of missing) {
    if (bytes > FRAME_BYTES_TARGET) break;
    bytes += item.kind === 'put' ? bytesOf(item.registration) : ENTRY_BYTES;
    count += 1;
  }
  return { entries: count < missing.length ? missing.slice(0, count) : missing, bytes };
}

function sendSnapshotPart(state: State, link: Link): void {
  link.outgoing ??= nextOutgoing(state, link);
  const { outgoing } = link;
  if (outgoing === null) return;
  const origin = state.origins.get(outgoing.origin);
  if (origin?.standing !== 'reachable') {
    link.outgoing = null;
    link.dueMs = state.nowMs;
    return;
  }
  const registrations = takePart(outgoing);
  const isLast = outgoing.index >= outgoing.registrations.length;
  state.out.send(link.connection.id, {
    kind: 'snapshot',
    origin: outgoing.origin,
    sequence: outgoing.sequence,
    part: outgoing.part,
    facts: origin.log.facts,
    links: outgoing.part === 0 ? outgoing.links : [],
    registrations,
    more: !isLast,
  });
  outgoing.part += 1;
  if (isLast) {
    link.cursors.set(outgoing.origin, outgoing.sequence);
    link.behind.add(outgoing.origin);
    link.outgoing = null;
  }
  link.dueMs = state.nowMs;
}

function nextOutgoing(state: State, link: Link): Link['outgoing'] {
  for (const id of link.snapshots) {
    link.snapshots.delete(id);
    const origin = state.origins.get(id);
    if (origin?.standing !== 'reachable' || link.announced.has(id)) continue;
    const { log } = origin;
    if ((link.cursors.get(id) ?? 0) >= log.sequence) continue;
    const registrations = [...log.registrations.values()];
    const links = [...log.links];
    return { origin: id, sequence: log.sequence, links, registrations, index: 0, part: 0 };
  }
  return null;
}

function takePart(outgoing: NonNullable<Link['outgoing']>): readonly Registration[] {
  const start = outgoing.index;
  let bytes = 0;
  while (outgoing.index < outgoing.registrations.length && bytes < FRAME_BYTES_TARGET) {
    const item = outgoing.registrations[outgoing.index];
    if (item !== undefined) bytes += bytesOf(item);
    outgoing.index += 1;
  }
  return outgoing.registrations.slice(start, outgoing.index);
}

/** Asks a neighbour for what is missing; one question for an origin and link at a time. */
export function ask(state: State, link: Link, line: Line): void {
  const askedMs = link.wants.get(line.origin);
  if (askedMs !== undefined && state.nowMs - askedMs < ASK_AGAIN_MS) return;
  link.wants.set(line.origin, state.nowMs);
  link.declined.delete(line.origin);
  link.declining.delete(line.origin);
  state.out.send(link.connection.id, { kind: 'want', lines: [line] });
}

/** Says of which origins a link is spare: see spare.ts. */
function sendSpare(state: State, link: Link): void {
  if (link.declining.size === 0) return;
  const origins = [...link.declining].sort(compareText);
  link.declining.clear();
  state.out.send(link.connection.id, { kind: 'spare', origins });
}

/** What an origin is at, as a line of a digest. */
export function lineOf(origin: Origin): Line {
  return { origin: origin.id, sequence: origin.log.sequence };
}

/** An upper estimate of what a registration takes on the wire. */
function bytesOf(item: Registration): number {
  let characters = item.service.length + item.address.length + (item.scheme?.length ?? 0);
  for (const { key, value } of item.tags) characters += key.length + value.length + 2;
  return ENTRY_BYTES + 3 * characters;
}

function doNothing(): void {
  // The step that a timer causes does the work: server.ts flushes at the end of each.
}

/** Under load, writes are collected for this long. */
const COLLECT_MS = 1;

/** A question that was not answered in this time may be put again. */
const ASK_AGAIN_MS = 1_000;

/** Announcements are read by nobody as long as all goes well. */
const ANNOUNCE_MS = 20;

/** A boot storm has thousands of link entries. */
const COLLECT_LINKS_MS = 5;

const DIGEST_LINES = 8_192;
const ENTRY_BYTES = 48;
