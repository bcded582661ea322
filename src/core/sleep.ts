// A server that did not run: stopped, starved, swapped out. Its own timer fires late, and that is
// how it knows. It gives everyone else the time that it lost. When it slept longer than links may be
// silent, it first takes in what waits on its sessions, then closes its links and takes every other
// origin for suspect and unproven: it must never drop the world, nor answer or replicate the past.

import { closeConnection } from './connections.ts';
import type { Input } from './input.ts';
import { loseLink } from './links.ts';
import { becomeSuspect } from './reachability.ts';
import type { Tidings } from './reachability.ts';
import type { State } from './state.ts';
import { hasten } from './targets.ts';

/** Notices that this server slept, and what follows. */
export class Sleep {
  readonly #state: State;
  readonly #tidings: Tidings;
  #wakingMs = -Infinity;
  #held: Input[] = [];

  constructor(state: State, tidings: Tidings) {
    this.#state = state;
    this.#tidings = tidings;
  }

  /** Whether an input must not be taken in as if nothing had happened. */
  isAsleep(input: Input, dueMs: number): boolean {
    const lateMs = input.nowMs - dueMs;
    if (lateMs > LATE_MS) this.#credit(lateMs);
    return false;
  }

  #credit(lateMs: number): void {
    const state = this.#state;
    for (const connection of state.connections.values()) connection.heardMs += lateMs;
    if (lateMs <= state.options.silenceMs) return;
    state.nowMs += lateMs;
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
        becomeSuspect(state, origin, this.#tidings);
      }
    }
    hasten(state, [...state.targets.keys()]);
  }
}

/** A timer that fires later than this was not merely busy. */
const LATE_MS = 100;
