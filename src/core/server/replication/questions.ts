// The open questions of this server: origins that it has asked its neighbours for, and those that
// their digests listed. The invariants: one question for an origin and link at a time, again after
// a second at the earliest; an origin that should have come by a lost link is asked for on another;
// and a neighbour that has fallen silent keeps no other from being asked.

import type { OriginId } from '../../../protocol/ids.ts';
import type { Line } from '../../../protocol/records.ts';
import { touchView } from '../due.ts';
import type { Link, Origin } from '../entities.ts';
import type { Asked } from './slice.ts';
import type { State } from '../state.ts';

/** Asks a neighbour for missing entries; one question for an origin and link at a time. */
export function ask(state: State, link: Link, line: Line): void {
  const askedMs = link.progress.askedMs(line.origin);
  if (askedMs !== undefined && state.nowMs - askedMs < ASK_AGAIN_MS) return;
  link.progress.ask(line, state.nowMs);
  state.replication.wanted.set(line.origin, { link, atMs: state.nowMs });
  state.replication.askers.add(link);
}

/** Whether an origin was asked for, on any link, and may still come. */
export function isOnItsWay(state: State, id: OriginId): boolean {
  const asked = state.replication.wanted.get(id);
  if (asked === undefined || state.nowMs - asked.atMs >= ASK_AGAIN_MS) return false;
  return !isOverdue(state, asked);
}

/**
 * The link has been silent for too long since the question, so it may be cut. One that brings
 * anything, be it a part of something large, is not; nor can it be told where no round trip was
 * measured.
 */
function isOverdue({ nowMs }: State, { link, atMs }: Asked): boolean {
  const { heardMs, roundTripMicros } = link.connection;
  if (roundTripMicros === null) return false;
  return nowMs - Math.max(atMs, heardMs) >= OVERDUE_MS + roundTripMicros / 1_000;
}

/** Sends the questions of a step: one message for a link, whatever their number. */
export function sendWants(state: State): void {
  if (state.replication.askers.size === 0) return;
  for (const { progress, connection } of state.replication.askers) {
    const lines = progress.takeQuestions();
    if (lines.length === 0) continue;
    state.tally.add('wants', [], lines.length);
    state.out.send(connection.id, { kind: 'want', lines });
  }
  state.replication.askers.clear();
}

/** An answer has come on a link. Returns whether it was asked for there. */
export function noteAnswered(state: State, link: Link, id: OriginId): boolean {
  state.replication.wanted.delete(id);
  return link.progress.endQuestion(id);
}

/**
 * The neighbour that was asked has nothing newer: nothing is on its way from there, and offers of
 * others need not wait for it.
 */
export function noteNothingNew(state: State, link: Link, id: OriginId): void {
  if (link.progress.endQuestion(id)) endWant(state, link, id);
}

/** A link is lost: origins that came by it, or were asked for on it, have to come by another. */
export function noteOrphans(state: State, link: Link): void {
  for (const origin of state.origins.values()) {
    if (origin.source !== link.origin) continue;
    origin.source = null;
    state.replication.orphaned.add(origin.id);
  }
  for (const id of link.progress.asked) state.replication.orphaned.add(id);
  forgetWants(state, link);
}

/** A link stands no longer: nothing is asked on it, nor expected from it. */
export function endWaiting({ replication }: State, link: Link): void {
  replication.askers.delete(link);
  replication.expecting.delete(link);
}

/**
 * A link is lost or replaced: nothing is on its way from there, even if no other can be asked now.
 */
export function forgetWants(state: State, link: Link): void {
  for (const id of link.progress.asked) endWant(state, link, id);
}

/** It will not come by this link; it still may by another, which was asked since. */
function endWant({ replication: { wanted } }: State, link: Link, id: OriginId): void {
  if (wanted.get(id)?.link === link) wanted.delete(id);
}

/** Origins that came by a lost link are asked for at the next hop towards them, at once. */
export function askForOrphans(state: State): void {
  // Clearing an empty set costs a new table, and this runs in every step.
  if (state.replication.orphaned.size === 0) return;
  for (const id of state.replication.orphaned) {
    const origin = state.origins.get(id);
    const via = origin?.via ?? null;
    const way = via === null ? linkListing(state, id) : state.links.get(via);
    const sequence = origin?.log.sequence ?? 0;
    if (way !== undefined && !state.past.goodbyes.has(id))
      ask(state, way, { origin: id, sequence });
  }
  state.replication.orphaned.clear();
}

function linkListing(state: State, id: OriginId): Link | undefined {
  for (const link of state.links.values()) {
    if (link.progress.listedSequence(id) !== undefined) return link;
  }
  return undefined;
}

/** A digest lists an origin that is new here. */
export function expectListed(state: State, link: Link, line: Line): void {
  link.progress.list(line);
  state.replication.expecting.add(link);
}

/**
 * A peer that asks for what it listed has lost it: stop waiting for it from that peer. It does not
 * answer a question for what it has not either.
 */
export function noteUnmet(state: State, link: Link, { origin, sequence }: Line): void {
  const { progress } = link;
  const known = state.origins.get(origin)?.log.sequence ?? 0;
  if (sequence <= known) noteNothingNew(state, link, origin);
  const listed = progress.listedSequence(origin);
  if (listed === undefined || (sequence > 0 && sequence < listed)) return;
  progress.endListed(origin);
  touchView(state);
}

/** The log of an origin has arrived as far as some digests listed it. */
export function noteArrival(state: State, { id, log }: Origin): void {
  for (const link of state.replication.expecting) {
    const listed = link.progress.listedSequence(id);
    if (listed === undefined || listed > log.sequence) continue;
    link.progress.endListed(id);
    touchView(state);
    if (link.progress.hasAllListed) state.replication.expecting.delete(link);
  }
}

/** A question that was not answered in this time may be put again. */
const ASK_AGAIN_MS = 1_000;

/** For how long a link that is asked may be silent, beside its round trip, until others are asked. */
const OVERDUE_MS = 150;
