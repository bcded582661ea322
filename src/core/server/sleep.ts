// A server that did not run: stopped, starved, swapped out. Its own timer fires late, and that is
// how it knows. It gives everyone else the time that it lost. When it slept longer than links may be
// silent, every other origin is suspect and unproven at once, and what it holds is answered as stale
// until it is reached again; for a moment it takes in what its clients did meanwhile, and then it
// closes its links. The invariant: it never drops the world, nor answers the past as if it were the
// present, nor replicates it, because *it* slept.

import type { Arrived } from '../../protocol/messages.ts';
import { closeConnection, refuse } from './links/connections.ts';
import { loseLink } from './links/links.ts';
import { giveLateTime } from './origins/late.ts';
import { becomePast } from './origins/origins.ts';
import type { Tidings } from './origins/reachability.ts';
import { becomeSuspect } from './origins/reachability.ts';
import type { Connection } from './entities.ts';
import type { State } from './state.ts';
import { hasten } from './links/targets.ts';

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
  for (const origin of state.origins.values()) {
    if (origin === state.self) continue;
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
 * While a server that slept wakes: what lay in its links is the past and is dropped, what its
 * clients ask waits, what they tell is taken in. Says whether that was all there is to be done.
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

/** Whoever was waited for, or had a grace, gets what this server lost. */
function giveTime(state: State, lateMs: number): void {
  for (const connection of state.connections.values()) connection.heardMs += lateMs;
  giveLateTime(state, lateMs);
  for (const origin of state.origins.values()) {
    if (origin.standing === 'suspect') origin.sinceMs += lateMs;
    state.timers.delay(`grace ${origin.id}`, lateMs);
  }
}

/** From now on it takes in, for a moment, what its clients did meanwhile. */
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
    // That we closed it says nothing of the server at its other end.
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

/** Long enough to read what waits in the sockets. */
const WAKE_MS = 50;
