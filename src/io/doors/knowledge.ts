// Whether the knowledge of a server has changed: doors keep answers until it has. The invariant:
// the stamp changes as soon as any answer to a lookup or a list may change.

import type { State } from '../../core/server/state.ts';
import type { DoorServer } from './door.ts';

/** All that such an answer depends on. */
interface Seen {
  readonly revision: number;
  readonly isComplete: boolean;
  /** Another list each time that the view is looked at anew. */
  readonly missing: readonly string[];
  readonly missingCount: number;
  readonly why: string | null;
  readonly stamp: number;
}

/** The knowledge of the server, as one door has seen it. */
export class Knowledge {
  readonly #server: Pick<DoorServer, 'state' | 'runtime'>;
  #seen: Seen = UNSEEN;

  constructor(server: Pick<DoorServer, 'state' | 'runtime'>) {
    this.#server = server;
  }

  /**
   * A number that stays the same while nothing has changed; null if the server has to be asked
   * first, because it has something due, as after a sleep.
   */
  stamp(): number | null {
    const { state, runtime } = this.#server;
    const known = state();
    if (known.life.waiting !== null || known.timers.nextMs() <= runtime.nowMs()) return null;
    if (!isSame(this.#seen, known)) {
      const { isComplete, missing, missingCount, why } = known.view;
      const { revision } = known.catalogue;
      const stamp = this.#seen.stamp + 1;
      this.#seen = { revision, isComplete, missing, missingCount, why, stamp };
    }
    return this.#seen.stamp;
  }
}

function isSame(seen: Seen, { catalogue, view }: Known): boolean {
  if (seen.revision !== catalogue.revision || seen.isComplete !== view.isComplete) return false;
  if (seen.missing !== view.missing || seen.missingCount !== view.missingCount) return false;
  return seen.why === view.why;
}

type Known = Pick<State, 'catalogue' | 'view'>;

const UNSEEN: Seen = {
  revision: -1,
  isComplete: false,
  missing: [],
  missingCount: 0,
  why: null,
  stamp: 0,
};
