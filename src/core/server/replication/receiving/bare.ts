// Logs that are larger than this server takes in. Such a log is kept bare: what the origin is and
// whom it is linked to, without what it registers. So it stays in the graph, is passed on like any
// other, and divides nobody; its host is named as missing, and the log is asked for again now and
// then. The same becomes of the newest where all logs together are too large. The invariant: no log
// that is kept, nor one that arrives, nor all of them, is larger than its budget by more than one
// message.

import { registration as registrationRecord } from '../../../../protocol/records.ts';
import { originId } from '../../../../protocol/scalars.ts';
import { sumOf } from '../../../../protocol/measure.ts';
import type { MessageOf } from '../../../../protocol/messages.ts';
import type { LimitName } from '../../limits.ts';
import { maxOf, noteLimit } from '../../limits.ts';
import { applySnapshot } from '../../origins/origins.ts';
import type { Link, Origin } from '../../entities.ts';
import type { State } from '../../state.ts';
import type { Incoming } from '../progress.ts';
import { ask } from '../questions.ts';

/** Takes in what a part of a snapshot lists; of a log that is too large no registration stays. */
export function takeItems(
  state: State,
  link: Link,
  { incoming, part }: { readonly incoming: Incoming; readonly part: MessageOf<'snapshot'> },
): void {
  const { links, registrations } = part;
  incoming.bytes += sumOf(links, originId.bytes) + sumOf(registrations, registrationRecord.bytes);
  const limit = incoming.isBare ? null : excessOf(state, incoming);
  if (limit !== null) {
    incoming.isBare = true;
    incoming.registrations.length = 0;
    noteLimit(state, limit, link.connection.remote);
  }
  if (incoming.isBare) return;
  for (const item of registrations) incoming.registrations.push(state.catalogue.shared(item));
}

/** The limit that a log breaks as it arrives: by itself, or with those that arrive on other links. */
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
 * All logs together have grown: those that became known last lose their registrations, until there
 * is room. So whoever makes up servers keeps the registrations of his own out, not those that are
 * known.
 */
export function keepAllWithin(state: State, link: Link): void {
  const max = maxOf(state.options, 'bytes-of-logs');
  if (state.reach.heldByLogs.bytes <= max) return;
  noteLimit(state, 'bytes-of-logs', link.connection.remote);
  for (const origin of [...state.origins.values()].reverse()) {
    if (state.reach.heldByLogs.bytes <= max) return;
    if (origin !== state.self && origin.log.registrations.size > 0) makeBare(state, origin);
  }
}

function makeBare(state: State, origin: Origin): void {
  const { sequence, facts, links, missing } = origin.log;
  const bare = { sequence, facts, links: [...links], missing, registrations: [], isBare: true };
  applySnapshot(state, origin, bare);
  armBare(state);
}

/** Whether two servers that have it can be told apart by its hash. */
export function isCompared({ standing, log }: Origin): boolean {
  return standing === 'reachable' && !log.isBare;
}

/** What is bare is asked for again after a while: it may have become smaller. */
export function armBare(state: State): void {
  if (state.reach.bare.size === 0 || state.timers.has('bare')) return;
  state.timers.set('bare', state.nowMs + AGAIN_MS, () => {
    for (const origin of state.reach.bare) askAgain(state, origin);
    armBare(state);
  });
}

/** Asked at the next hop towards it, as one that has nothing of it. */
function askAgain(state: State, { id, via }: Origin): void {
  const way = via === null ? undefined : state.links.get(via);
  if (way !== undefined) ask(state, way, { origin: id, sequence: 0 });
}

/** Whole megabytes each time, perhaps for nothing. */
const AGAIN_MS = 5 * 60_000;
