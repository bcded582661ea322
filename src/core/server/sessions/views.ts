// Telling watchers that the view has changed: each watch is told, and a server may have a million
// of them. The invariant: one step tells a bounded number, the sessions with the fewest watches
// first; the others wait for their turn, and are told the view as it is then. Every watch has heard
// all that changed before the view that it is told, whenever that is.

import type { Name } from '../../../protocol/ids.ts';
import { compareText } from '../../kit/text.ts';
import type { Session, Watch } from '../entities.ts';
import type { Why } from '../replication/slice.ts';
import type { State } from '../state.ts';
import { isBehind } from './turns.ts';
import type { WatchEntry } from './watches.ts';

/** The part of every answer about the view behind it. */
interface ViewTold {
  readonly complete: boolean;
  readonly missing: readonly Name[];
  readonly missingCount?: number;
  readonly why?: Why;
}

/** The view as it is, for an answer. */
export function viewOf({ view: { isComplete, missing, missingCount, why } }: State): ViewTold {
  if (why === null) return { complete: isComplete, missing };
  return { complete: isComplete, missing, missingCount, why };
}

/** Tells the watchers what the view is now or, where it is their turn, those that wait. */
export function tellViews(state: State, isViewNew: boolean, isTurn: boolean): void {
  const { views } = state.clients;
  if (isViewNew) tellNew(state);
  else if (isTurn) tellWaiting(state);
  if (views.waiting.size === 0 || state.timers.has('views')) return;
  state.timers.set('views', state.nowMs, () => {
    // The end of the step tells the next ones.
  });
}

function tellNew(state: State): void {
  const { views } = state.clients;
  views.latest += 1;
  const sessions = [...state.sessions]
    .filter(([, { watches }]) => watches.size > 0)
    .sort(([, one], [, other]) => one.watches.size - other.watches.size);
  let left = WORK_PER_STEP;
  for (const [id, session] of sessions) {
    views.waiting.add(id);
    if (left > 0) left = tellSession(state, session, left);
  }
}

function tellWaiting(state: State): void {
  const { waiting } = state.clients.views;
  let left = WORK_PER_STEP;
  for (const id of waiting) {
    const session = state.sessions.get(id);
    if (session === undefined) waiting.delete(id);
    else if (left > 0) left = tellSession(state, session, left);
    else return;
  }
}

/**
 * Tells as many watches as there is work left for; those that have waited longest come first. One that
 * has yet to hear of changes is told when it has heard them: see turns.ts.
 */
function tellSession(
  state: State,
  { connection: { id: to }, watches }: Session,
  work: number,
): number {
  const { latest, waiting } = state.clients.views;
  const untold = [...watches]
    .filter(([, watch]) => watch.viewed < latest && !isBehind(state, watch))
    .sort(([, one], [, other]) => one.viewed - other.viewed);
  let left = work;
  for (const [request, watch] of untold) {
    if (left <= 0) return left;
    left -= workOf(state, watch);
    watch.viewed = latest;
    if (state.view.isComplete) tellUntold(state, { to, request, watch });
    state.out.send(to, { kind: 'change', request, change: 'view', ...viewOf(state) });
  }
  waiting.delete(to);
  return left;
}

function workOf({ view: { missing } }: State, { untold }: Watch): number {
  return 1 + missing.length / NAMES_PER_WORK + untold.size / UNTOLD_PER_WORK;
}

/**
 * Tells why instances that a client has from before are gone. For those not remembered here nothing
 * is sent: the complete view that follows says that they are gone, and the cause is unknown.
 */
export function tellUntold(state: State, { to, request, watch }: WatchEntry): void {
  const { removals } = state.clients;
  const remembered = [...watch.untold].filter((id) => removals.has(id));
  watch.untold.clear();
  for (const id of remembered.sort(compareText)) {
    const removal = removals.get(id);
    if (removal?.instance.registration.service !== watch.service) continue;
    const { atMs: _, servers: __, ...told } = removal;
    state.out.send(to, { kind: 'change', request, ...told });
  }
}

/** Messages in one step: some ten milliseconds with all that sends them. */
const WORK_PER_STEP = 1_024;

/** So many names of missing hosts, or instances to look up, take as long as a message. */
const NAMES_PER_WORK = 16;
const UNTOLD_PER_WORK = 64;
