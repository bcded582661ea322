// A server that did not run: stopped, starved, swapped out. Its own timer fires late, so it knows.
// It allows all others that much more time. When it slept longer than links may be silent, every
// other origin is suspect and unproven at once, and its instances are answered as stale until it is
// reached again. For a moment the server takes in what its clients did meanwhile, and then it
// closes its links. The invariant: because *it* slept, it never drops other origins, nor answers or
// replicates the past as if it were the present.

import type { Arrived } from '../../protocol/messages.ts';
import { closeConnection, refuse } from './links/connections.ts';
import { loseLink } from './links/links.ts';
import { giveLateTime } from './origins/late.ts';
import { becomePast } from './origins/origins.ts';
import type { Tidings } from './origins/reachability.ts';
import { becomeSuspect } from './origins/reachability.ts';
import { loseWay } from './origins/topology.ts';
import type { Connection } from './entities.ts';
import type { State } from './state.ts';
import { hasten } from './links/targets.ts';

/** At every heartbeat something is due, however slow its links are: so that a sleep shows. */
export function armPulse(state: State): void {
  state.timers.set('pulse', state.nowMs + state.options.heartbeatMs, () => {
    armPulse(state);
  });
}

/** Makes up for the time that was lost when the timer due at `dueMs` came only at `nowMs`. */
export function handleLateness(
  state: State,
  tidings: Tidings,
  late: { readonly dueMs: number; readonly nowMs: number },
): void {
  const lateMs = late.nowMs - late.dueMs;
  if (lateMs <= LATE_MS) return;
  state.nowMs = late.nowMs;
  giveTime(state, lateMs);
  if (state.life.waiting !== null) armWake(state);
  if (lateMs <= state.options.silenceMs) return;
  state.tally.add('slept-seconds', [], lateMs / 1_000);
  state.out.notice('slept', { milliseconds: Math.round(lateMs) });
  const others = [...state.origins.values()].filter((origin) => origin !== state.self);
  for (const origin of others) loseWay(origin);
  for (const origin of others) {
    origin.isProven = false;
    becomePast(state, origin);
    if (origin.standing === 'reachable' || origin.standing === 'suspect') {
      becomeSuspect(state, origin, tidings);
    }
  }
  state.life.waiting ??= [];
  armWake(state);
}

/**
 * While a server that slept wakes: messages of its links are the past and are dropped, questions of
 * its clients wait, and their news is taken in. Returns whether the message is done with.
 */
export function handleWhileWaking(
  state: State,
  arrived: { readonly connection: Connection; readonly message: Arrived },
  again: () => void,
): boolean {
  if (state.life.waiting === null) return false;
  const { connection, message } = arrived;
  if (message.kind === 'error') return false;
  if (connection.phase === 'link') return true;
  if (connection.phase === 'session') {
    if (!QUESTIONS.has(message.kind)) return false;
    state.life.waiting.push(() => {
      if (state.connections.has(connection.id)) again();
    });
    return true;
  }
  if (message.kind === 'hello' && message.role === 'client') return false;
  refuse(state, connection, { error: 'handshake-timeout', reason: SLEPT });
  return true;
}

/** All waits and graces get the time that this server lost. */
function giveTime(state: State, lateMs: number): void {
  for (const connection of state.connections.values()) connection.heardMs += lateMs;
  giveLateTime(state, lateMs);
  for (const origin of state.origins.values()) {
    if (origin.standing === 'suspect') origin.sinceMs += lateMs;
    state.timers.delay(`grace ${origin.id}`, lateMs);
  }
}

/** From now on it takes in, for a moment, the news of its clients. */
export function armWake(state: State): void {
  state.timers.set('wake', state.nowMs + WAKE_MS, () => {
    wake(state);
  });
}

function wake(state: State): void {
  const held = state.life.waiting ?? [];
  state.life.waiting = null;
  for (const link of [...state.links.values()]) {
    state.out.sendError(link.connection.id, 'silent', SLEPT);
    closeConnection(state, link.connection, 'silent');
    loseLink(state, link, { loss: 'silent', reason: SLEPT });
    // Our close says nothing about the server at its other end.
    state.origins.get(link.origin)?.losses?.delete(state.self.id);
  }
  hasten(state, [...state.linking.targets.keys()]);
  for (const again of held) again();
}

const QUESTIONS: ReadonlySet<string> = new Set([
  'lookup',
  'list',
  'peers',
  'status',
  'history',
  'watch',
  'unwatch',
  'forget',
]);

const SLEPT = 'this server did not run';

/** A timer that fires later than this was not merely busy. */
const LATE_MS = 100;

/** Long enough to read the bytes that wait in the sockets. */
const WAKE_MS = 50;
