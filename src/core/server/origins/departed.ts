// The instances of servers that have said goodbye. A server's goodbye says nothing of its services:
// by then they have a session with the sibling, and that news may come a moment later, by another
// way. So these instances are answered as in doubt for a grace, or as stale if they were stale
// (farewell.ts). The invariant: an instance leaves this place once a server that can be reached has
// spoken of it.

import type { InstanceId, OriginId } from '../../../protocol/ids.ts';
import type { End } from '../../catalogue/catalogue.ts';
import { touchView } from '../due.ts';
import type { Origin } from '../entities.ts';
import type { State } from '../state.ts';
import { isOwnHost } from '../state.ts';

/** An origin that can be reached has spoken of these instances, with the cause if they are gone. */
export function noteClaimed(
  state: State,
  { standing }: Origin,
  claimed: { readonly instances: Iterable<InstanceId>; readonly end?: End },
): void {
  if (state.past.departed.size === 0 || standing !== 'reachable') return;
  const { instances, end = { cause: 'replaced' } } = claimed;
  for (const instance of instances) release(state, instance, end);
}

/** This server stops, and its sibling has taken an instance over, or has let it go: see stop.ts. */
export function noteHandOver(state: State, { log }: Origin, instance: InstanceId): void {
  const { life, self, past } = state;
  if (!life.isStopping || log === self.log || !isOwnHost(state, log.facts.host)) return;
  if (log.registrations.has(instance)) past.letGo.delete(instance);
  else if (self.log.registrations.has(instance)) past.letGo.add(instance);
}

/** The instances of this server that its sibling has let go, and that no session has here. */
export function takeLetGo({ past, clients, self }: State): readonly InstanceId[] {
  const ended = [...past.letGo].filter((instance) => !clients.owners.has(instance));
  for (const instance of ended) past.letGo.delete(instance);
  return ended.filter((instance) => self.log.registrations.has(instance));
}

/** Nothing is held for an instance any more. */
export function release(state: State, instance: InstanceId, end: End): void {
  for (const [id, { unclaimed }] of state.past.departed) {
    if (!unclaimed.delete(instance)) continue;
    state.catalogue.delete(id, instance, end);
    if (unclaimed.size > 0) continue;
    state.past.departed.delete(id);
    touchView(state);
    state.timers.cancel(departedTimer(id));
  }
}

/** The instances of an origin that has left are held until then. */
export function armDeparted(state: State, id: OriginId, untilMs: number): void {
  state.timers.set(departedTimer(id), untilMs, () => {
    const { origin, unclaimed = [] } = state.past.departed.get(id) ?? {};
    const end = { cause: 'deregistered', detail: origin?.verdict ?? undefined } as const;
    for (const instance of [...unclaimed]) release(state, instance, end);
  });
}

/** The timer that ends the grace of an origin's instances. */
function departedTimer(id: OriginId): `departed ${string}` {
  return `departed ${id}`;
}
