// Telling watches the changes, in turns: a client may have so many watches that telling all of them
// would hold the server up. The invariants: between two alarms a bounded number is told, and the
// others wait for their turn, session by session; a session that has heard all so far comes before
// those that wait already; and what waits is bounded, at the cost of the sessions that are furthest
// behind.
//
//   changes ──► ahead: sessions that had heard all ──► told at once, those with the fewest watches first
//                                                 └──► told some ──► the queue of the service
//   alarm ────► ahead, then the queues of all services, in turn: some for each session

import type { Name } from '../../../protocol/ids.ts';
import type { Change } from '../../catalogue/catalogue.ts';
import { lastingOf } from '../../catalogue/fleeting.ts';
import type { ConnectionId } from '../../input.ts';
import type { Watch } from '../entities.ts';
import { LIMITS, maxOf } from '../limits.ts';
import { closeAtLimit } from '../links/connections.ts';
import type { State } from '../state.ts';
import type { Topic } from './backlog.ts';
import { Letters } from './letters.ts';
import { handleSessionClosed } from './sessions.ts';
import type { WatchEntry } from './watches.ts';

/** Tells the changes of this step and, where it is their turn, those that wait. */
export function tellChanges(state: State, changes: readonly Change[], isTurn: boolean): void {
  const { backlog } = state.clients;
  if (isTurn) backlog.spent = 0;
  if (changes.length > 0 || (isTurn && backlog.size > 0)) tellTurn(state, changes, isTurn);
  if (backlog.size > 0 && !state.timers.has('changes')) armTurn(state);
}

function tellTurn(state: State, changes: readonly Change[], isTurn: boolean): void {
  const { backlog } = state.clients;
  const letters = new Letters();
  const most = backlog.size === 0 ? WORK_PER_STEP : WORK_PER_STEP / 2;
  const turn = { state, letters, left: most - backlog.spent };
  try {
    tellNew(turn, changes);
    backlog.spent = most - turn.left;
    if (isTurn) tellWaiting({ ...turn, left: WORK_PER_STEP - backlog.spent });
  } finally {
    letters.sendTo(state.out);
  }
  keepWithin(state);
}

function armTurn(state: State): void {
  state.timers.set('changes', state.nowMs, () => {
    // The end of the step tells the next ones.
  });
}

/** Whether a watch has yet to hear of a change. */
export function isBehind({ clients: { backlog } }: Pick<State, 'clients'>, watch: Watch): boolean {
  return backlog.of(watch.service)?.isAfter(watch.told) === true;
}

interface Turn {
  readonly state: State;
  readonly letters: Letters;
  /** The work that it still may do. */
  left: number;
}

function tellNew(turn: Turn, changes: readonly Change[]): void {
  const { backlog, watchers } = turn.state.clients;
  for (const [service, some] of byService(changes)) {
    if (!watchers.has(service)) continue;
    const topic = backlog.add(service, some);
    for (const id of watchers.sessionsOf(service, (one) => !topic.isWaiting(one))) {
      topic.ahead.add(id);
    }
    tellSome(turn, topic, topic.ahead);
    if (topic.size === 0) backlog.putBack(topic);
    else if (topic.isLong) merge(turn.state, topic);
  }
}

function byService(changes: readonly Change[]): ReadonlyMap<Name, Change[]> {
  const services = new Map<Name, Change[]>();
  for (const change of changes) {
    const { service } = change.instance.registration;
    const some = services.get(service);
    if (some === undefined) services.set(service, [change]);
    else some.push(change);
  }
  return services;
}

/**
 * Half of the work is for the sessions that had heard all before. Services have a turn one after the
 * other, however many changes wait for the watches of one.
 */
function tellWaiting(turn: Turn): void {
  const { backlog } = turn.state.clients;
  const half = { ...turn, left: turn.left / 2 };
  for (const topic of backlog.topics) {
    if (half.left <= 0) break;
    tellPart(half, topic, [topic.ahead]);
  }
  turn.left -= turn.left / 2 - half.left;
  for (const topic of backlog.topics) {
    if (turn.left <= 0) return;
    tellPart(turn, topic, [topic.ahead, topic.queue]);
    backlog.putBack(topic);
  }
}

/** What one service gets of the work that is left. */
function tellPart(turn: Turn, topic: Topic, queues: readonly Set<ConnectionId>[]): void {
  const { backlog } = turn.state.clients;
  const part = Math.min(turn.left, Math.max(TOPIC_WORK, turn.left / backlog.size));
  const some = { ...turn, left: part };
  for (const queue of queues) tellSome(some, topic, queue);
  turn.left -= part - some.left;
}

/** Tells sessions, in turn, as much as there is work left for. */
function tellSome(turn: Turn, topic: Topic, sessions: Set<ConnectionId>): void {
  const share = Math.max(SESSION_WORK, turn.left / sessions.size);
  for (const id of sessions) {
    if (turn.left <= 0) return;
    sessions.delete(id);
    if (!tellSession(turn, topic, { id, share })) topic.queue.add(id);
  }
}

/** Tells the watches of a session, those first that are furthest behind; returns whether that is all. */
function tellSession(
  turn: Turn,
  topic: Topic,
  { id, share }: { readonly id: ConnectionId; readonly share: number },
): boolean {
  const { watchers, views } = turn.state.clients;
  const some = { ...turn, left: Math.min(turn.left, share) };
  const before = some.left;
  const entries = watchers.ofSession(topic.service, id);
  let next = furthestOf(entries, topic);
  while (next !== null && some.left > 0) {
    tellWatch(some, topic, next);
    next = furthestOf(entries, topic);
  }
  turn.left -= before - some.left + VISIT_WORK;
  // A view waits until all that it is of was told.
  if (next === null && entries.some(({ watch }) => watch.viewed < views.latest)) {
    views.waiting.add(id);
  }
  return next === null;
}

function furthestOf(entries: readonly WatchEntry[], topic: Topic): WatchEntry | null {
  let furthest: WatchEntry | null = null;
  for (const entry of entries) {
    if (!topic.isAfter(entry.watch.told)) continue;
    if (furthest === null || entry.watch.told < furthest.watch.told) furthest = entry;
  }
  return furthest;
}

/** The next changes: one at least, and as many as there is work left for. */
function tellWatch(turn: Turn, topic: Topic, entry: WatchEntry): void {
  const { watch } = entry;
  const some: Change[] = [];
  let work = 0;
  for (let at = topic.indexAfter(watch.told); work < turn.left; at += 1) {
    const waiting = topic.waiting[at];
    if (waiting === undefined) break;
    some.push(waiting.change);
    watch.told = waiting.number;
    work += 1 + waiting.bytes / BYTES_PER_WORK;
  }
  let parts = 0;
  for (const change of lastingOf(some)) {
    watch.untold.delete(change.instance.registration.instance);
    parts += turn.letters.add(change, entry) ? 1 : SHARED_PART;
  }
  turn.left -= VISIT_WORK + (work * parts) / some.length;
}

/** Merges what waits, as far as the watches that wait for it allow. */
function merge(state: State, topic: Topic): void {
  const tolds = new Set<number>();
  for (const id of topic.sessions) {
    for (const { watch } of state.clients.watchers.ofSession(topic.service, id)) {
      if (topic.isAfter(watch.told)) tolds.add(watch.told);
    }
  }
  topic.merge([...tolds].sort((one, other) => one - other));
}

/** Where merging is not enough, the sessions that are furthest behind are closed. */
function keepWithin(state: State): void {
  const { backlog } = state.clients;
  const max = maxOf(state.options, 'bytes-of-changes');
  if (backlog.held.bytes <= max) return;
  for (const topic of backlog.topics) merge(state, topic);
  // A quarter is free afterwards, so that this is not due again at the next change.
  while (backlog.held.bytes > (max * 3) / 4) {
    const [largest] = [...backlog.topics].sort((one, other) => other.bytes - one.bytes);
    if (largest === undefined) return;
    endFurthest(state, largest);
  }
}

function endFurthest(state: State, topic: Topic): void {
  const { backlog, watchers } = state.clients;
  const tolds = new Map<ConnectionId, number>();
  for (const id of topic.sessions) {
    const entry = furthestOf(watchers.ofSession(topic.service, id), topic);
    // It watches no longer.
    if (entry === null) topic.drop(id);
    else tolds.set(id, entry.watch.told);
  }
  const least = [...tolds.values()].reduce((one, other) => Math.min(one, other), Infinity);
  for (const [id, told] of tolds) {
    if (told > least) continue;
    topic.drop(id);
    const connection = state.connections.get(id);
    if (connection === undefined) continue;
    closeAtLimit(state, connection, 'bytes-of-changes');
    handleSessionClosed(state, connection, LIMITS['bytes-of-changes'].noun);
  }
  if (topic.size === 0) backlog.putBack(topic);
  else merge(state, topic);
  // What they had registered is gone, and that is a change as well.
  armTurn(state);
}

/** Messages in one step: some ten milliseconds with all that sends them. */
const WORK_PER_STEP = 1_024;

/** What a service, and a session, get at least when it is their turn: many are told by one message. */
const TOPIC_WORK = 64;
const SESSION_WORK = 8;

/** To look at a watch takes a part of a message, and so many bytes as long as one. */
const VISIT_WORK = 0.125;
const BYTES_PER_WORK = 4_096;

/** So much less it takes to send a message to one more connection. */
const SHARED_PART = 0.25;
