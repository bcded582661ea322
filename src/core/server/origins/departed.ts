// What servers held that have said goodbye. Its leaving says nothing of a service: that has a session
// with the sibling by then, and the news of this may come a moment later, by another way. So what was
// held is answered as in doubt for a grace, or as stale where it was stale (farewell.ts). The
// invariant: nothing is held here once a server that can be reached has said something of it.

import type { InstanceId, OriginId } from '../../../protocol/ids.ts';
import type { Cause } from '../../../protocol/records.ts';
import type { Origin, State } from '../state.ts';

/** An origin that can be reached has said something of these instances, and why if they are gone. */
export function noteClaimed(
  state: State,
  { standing }: Origin,
  claimed: { readonly instances: Iterable<InstanceId>; readonly cause?: Cause },
): void {
  if (state.departed.size === 0 || standing !== 'reachable') return;
  for (const instance of claimed.instances) release(state, instance, claimed.cause ?? 'replaced');
}

/** Nothing is held for an instance any more. */
export function release(state: State, instance: InstanceId, cause: Cause): void {
  for (const [id, { unclaimed }] of state.departed) {
    if (!unclaimed.delete(instance)) continue;
    state.catalogue.delete(id, instance, cause);
    if (unclaimed.size > 0) continue;
    state.departed.delete(id);
    state.timers.cancel(departedTimer(id));
  }
}

/** What an origin held that has left is held until then. */
export function armDeparted(state: State, id: OriginId, untilMs: number): void {
  state.timers.set(departedTimer(id), untilMs, () => {
    for (const instance of [...(state.departed.get(id)?.unclaimed ?? [])]) {
      release(state, instance, 'deregistered');
    }
  });
}

/** The timer that ends the grace of what an origin held. */
function departedTimer(id: OriginId): string {
  return `departed ${id}`;
}
