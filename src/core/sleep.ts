// A server that did not run: stopped, starved, swapped out. Its own timer fires late, and that is
// how it knows. It gives everyone else the time that it lost. When it slept longer than links may be
// silent, it closes its links and takes every other origin for suspect and unproven: it must never
// drop the world, nor answer or replicate the past, because *it* slept.

import { closeConnection } from './connections.ts';
import { loseLink } from './links.ts';
import type { Tidings } from './reachability.ts';
import { becomeSuspect } from './reachability.ts';
import type { State } from './state.ts';
import { hasten } from './targets.ts';

/** Makes up for the time that was lost when the timer due at `dueMs` came only at `nowMs`. */
export function handleLateness(
  state: State,
  tidings: Tidings,
  late: { readonly dueMs: number; readonly nowMs: number },
): void {
  const lateMs = late.nowMs - late.dueMs;
  if (lateMs <= LATE_MS) return;
  for (const connection of state.connections.values()) connection.heardMs += lateMs;
  if (lateMs <= state.options.silenceMs) return;
  state.nowMs = late.nowMs;
  state.out.notice('slept', { milliseconds: Math.round(lateMs) });
  for (const link of [...state.links.values()]) {
    state.out.sendError(link.connection.id, 'silent', 'this server did not run');
    closeConnection(state, link.connection, 'silent');
    loseLink(state, link, { loss: 'silent', reason: 'this server did not run' });
  }
  for (const origin of state.origins.values()) {
    if (origin === state.self) continue;
    origin.isProven = false;
    if (origin.standing === 'reachable' || origin.standing === 'suspect') {
      becomeSuspect(state, origin, tidings);
    }
  }
  hasten(state, [...state.targets.keys()]);
}

/** A timer that fires later than this was not merely busy. */
const LATE_MS = 100;
