// The places of doors that other programs have, for the core to name in `status`. The invariant:
// the core always knows the present state; each place has the user whose program it is, where the
// kernel shows that.

import type { HeldPlace } from '../../core/input.ts';
import { listenerUid } from '../machine/listener-uid.ts';

/** The held places of one server. */
export class HeldPlaces {
  readonly #places = new Map<string, HeldPlace>();
  readonly #onChange: (places: readonly HeldPlace[]) => void;

  constructor(onChange: (places: readonly HeldPlace[]) => void) {
    this.#onChange = onChange;
  }

  /** Another program has taken a place, or has left it. */
  set({ door, address }: Omit<HeldPlace, 'uid'>, isHeld: boolean): void {
    if (isHeld) this.#places.set(address, { door, address, uid: listenerUid(address) });
    else if (!this.#places.delete(address)) return;
    this.#onChange([...this.#places.values()]);
  }
}
