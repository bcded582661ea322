// Logs that are larger than this server takes in. Such a log is kept bare: the origin's facts and
// links, without its registrations. So it stays in the graph and is passed on like any other; its
// host is named as missing, and the log is asked for again now and then. The same happens to the
// newest logs if all together are too large. The invariant: no kept log, no arriving one, nor all
// together exceed their budget by more than one message.

import { registration as registrationRecord } from '../../../../protocol/records.ts';
import { originId } from '../../../../protocol/scalars.ts';
import { sumOf } from '../../../../protocol/measure.ts';
import type { Name, OriginId } from '../../../../protocol/ids.ts';
import type { MessageOf } from '../../../../protocol/messages.ts';
import type { LimitName } from '../../limits.ts';
import { noteLimit } from '../../limits-told.ts';
import { maxOf } from '../../limits.ts';
import { applySnapshot } from '../../origins/origins.ts';
import type { Link, Origin } from '../../entities.ts';
import type { State } from '../../state.ts';
import type { Incoming } from '../progress.ts';
import { ask } from '../questions.ts';

/** Takes in a part of a snapshot; a log that is too large keeps no registration. */
export function takeItems(
  state: State,
  link: Link,
  { incoming, part }: { readonly incoming: Incoming; readonly part: MessageOf<'snapshot'> },
): void {
  const { links, registrations } = part;
  const bytes = sumOf(registrations, registrationRecord.bytes);
  incoming.bytes += sumOf(links, originId.bytes) + bytes;
  const limit = incoming.isBare ? null : excessOf(state, incoming);
  if (limit !== null) {
    incoming.isBare = true;
    incoming.registrations.length = 0;
    incoming.registrationsBytes = 0;
    noteLimit(state, limit, link.connection.remote);
  }
  if (incoming.isBare) return;
  incoming.registrationsBytes += bytes;
  for (const item of registrations) incoming.registrations.push(state.catalogue.shared(item));
}

/**
 * The limit that an arriving log breaks: by itself, or together with those that arrive on other
 * links.
 */
function excessOf({ links, options }: State, { bytes }: Incoming): LimitName | null {
  if (bytes > maxOf(options, 'bytes-per-log')) return 'bytes-per-log';
  let arriving = 0;
  for (const { progress } of links.values()) arriving += progress.incoming?.bytes ?? 0;
  return arriving > maxOf(options, 'bytes-of-logs') ? 'bytes-of-logs' : null;
}

/** A log has grown by entries: one that is too large now is bare from here on. */
export function keepWithin(state: State, link: Link, origin: Origin): void {
  const { log } = origin;
  if (log.isBare || log.bytes <= maxOf(state.options, 'bytes-per-log')) return;
  noteLimit(state, 'bytes-per-log', link.connection.remote);
  makeBare(state, origin);
}

/**
 * All logs together have grown: those of the hosts that became known last lose their registrations,
 * until there is room. So an attacker that makes up servers loses its own registrations, not those
 * of known hosts, one of whose servers may have been restarted.
 */
export function keepAllWithin(state: State, link: Link): void {
  const max = maxOf(state.options, 'bytes-of-logs');
  if (state.reach.heldByLogs.bytes <= max) return;
  noteLimit(state, 'bytes-of-logs', link.connection.remote);
  for (const origin of newestFirst(state)) {
    if (state.reach.heldByLogs.bytes <= max) return;
    if (origin !== state.self && origin.log.registrations.size > 0) makeBare(state, origin);
  }
}

/** Those of a host are as old as its oldest one; among them the newest is first. */
function newestFirst({ origins }: State): Origin[] {
  const ages = new Map<Name, number>();
  const ordered = [...origins.values()];
  for (const { log } of ordered) {
    const { host } = log.facts;
    if (!ages.has(host)) ages.set(host, ages.size);
  }
  const ageOf = ({ log }: Origin): number => ages.get(log.facts.host) ?? 0;
  return ordered.reverse().sort((one, other) => ageOf(other) - ageOf(one));
}

/** What a neighbour has brought too much of is not kept until its servers are forgotten. */
export function emptyLogs(state: State, source: OriginId): void {
  for (const origin of state.origins.values()) {
    if (origin.source === source) makeBare(state, origin, []);
  }
}

function makeBare(state: State, origin: Origin, links = [...origin.log.links]): void {
  const { sequence, facts, missing } = origin.log;
  const bare = { sequence, facts, links, missing, registrations: [], isBare: true };
  applySnapshot(state, origin, bare);
  armBare(state);
}

/** Whether two servers that have it can be told apart by its hash. */
export function isCompared({ standing, log }: Origin): boolean {
  return standing === 'reachable' && !log.isBare;
}

/** A bare log is asked for again after a while: it may have become smaller. */
export function armBare(state: State): void {
  if (state.reach.bare.size === 0 || state.timers.has('bare')) return;
  state.timers.set('bare', state.nowMs + AGAIN_MS, () => {
    for (const origin of state.reach.bare) askAgain(state, origin);
    armBare(state);
  });
}

/** Asked at the next hop towards it, as if this server had nothing of it. */
function askAgain(state: State, { id, via }: Origin): void {
  const way = via === null ? undefined : state.links.get(via);
  if (way !== undefined) ask(state, way, { origin: id, sequence: 0 });
}

/** Whole megabytes each time, perhaps for nothing. */
const AGAIN_MS = 5 * 60_000;
