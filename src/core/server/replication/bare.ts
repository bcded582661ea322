// Logs that are larger than this server takes in. Such a log is kept bare: what the origin is and
// whom it is linked to, without what it registers. So it stays in the graph, is passed on like any
// other, and divides nobody; its host is named as missing, and the log is asked for again now and
// then. The invariant: no log that is kept, nor one that arrives, is larger than its budget by more
// than one message.

import { registration as registrationRecord } from '../../../protocol/records.ts';
import { originId } from '../../../protocol/scalars.ts';
import { sumOf } from '../../../protocol/measure.ts';
import type { MessageOf } from '../../../protocol/messages.ts';
import { maxOf, noteLimit } from '../limits.ts';
import { applySnapshot } from '../origins/origins.ts';
import { ask } from './replication.ts';
import type { Incoming, Link, Origin, State } from '../state.ts';

/** Takes in what a part of a snapshot lists; of a log that is too large no registration stays. */
export function takeItems(
  state: State,
  link: Link,
  { incoming, part }: { readonly incoming: Incoming; readonly part: MessageOf<'snapshot'> },
): void {
  const { links, registrations } = part;
  incoming.links.push(...links);
  incoming.bytes += sumOf(links, originId.bytes) + sumOf(registrations, registrationRecord.bytes);
  if (!incoming.isBare && incoming.bytes > maxOf(state.options, 'bytes-per-log')) {
    incoming.isBare = true;
    incoming.registrations.length = 0;
    noteLimit(state, 'bytes-per-log', link.connection.remote);
  }
  if (incoming.isBare) return;
  for (const item of registrations) incoming.registrations.push(state.catalogue.shared(item));
}

/** A log has grown by entries: one that is too large now is bare from here on. */
export function keepWithin(state: State, link: Link, origin: Origin): void {
  const { log } = origin;
  if (log.isBare || log.bytes <= maxOf(state.options, 'bytes-per-log')) return;
  noteLimit(state, 'bytes-per-log', link.connection.remote);
  const { sequence, facts, links, missing } = log;
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
  if (state.bare.size === 0 || state.timers.has('bare')) return;
  state.timers.set('bare', state.nowMs + AGAIN_MS, () => {
    for (const origin of state.bare) askAgain(state, origin);
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
