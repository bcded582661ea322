// Whether a server still knows what it knew: doors keep answers for as long as it does. The invariant:
// the stamp is another one as soon as any answer to a lookup or a list may be another one.

import type { State } from '../../core/server/state.ts';
import type { DoorServer } from './door.ts';

/** What decides every such answer. */
interface Seen {
  readonly revision: number;
  readonly isComplete: boolean;
  /** Another list each time that the view is looked at anew. */
  readonly missing: readonly string[];
  readonly missingCount: number;
  readonly why: string | null;
  readonly stamp: number;
}

/** What one door has seen its server know. */
export class Knowledge {
  readonly #server: Pick<DoorServer, 'state' | 'runtime'>;
  #seen: Seen = UNSEEN;

  constructor(server: Pick<DoorServer, 'state' | 'runtime'>) {
    this.#server = server;
  }

  /**
   * A number that is the same while nothing has changed; null where that cannot be said without a
   * question: a server that has something due, as after a sleep, has to look first.
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
