// Late news. The two servers of a host write logs of their own, which come by ways of their own: one
// may tell of an instance's first days when the other has told of its end. So what a server says for
// the first time of an instance that another has just let go counts only when it has stood for a
// while: of what is over the end follows within that. The invariant: nobody is doubted who has told
// of that end as well, nor this server itself, nor who speaks of what another still answers for, as
// what a server held that has just left; and nobody for longer than that while.

import type { InstanceId, OriginId } from '../../../protocol/ids.ts';
import type { Ended, Origin } from '../entities.ts';
import type { State } from '../state.ts';

/**
 * A log says that an instance is no longer with its server. What a service gives up is not noted here:
 * of that the revision tells what is late, see Catalogue.giveUp.
 */
export function noteEnd(state: State, origin: Origin, instance: InstanceId): void {
  const {
    past: { ended },
    nowMs,
  } = state;
  const by = ended.get(instance)?.by ?? new Set<OriginId>();
  by.add(origin.id);
  ended.delete(instance);
  ended.set(instance, { by, atMs: nowMs, late: new Set() });
  for (const [old, { atMs }] of ended) {
    if (nowMs - atMs <= ENDED_MS && ended.size <= ENDED_MAX) break;
    ended.delete(old);
  }
}

/** A log is about to say that its server has an instance; it may be late. */
export function noteBegin(state: State, origin: Origin, instance: InstanceId): void {
  const end = state.past.ended.get(instance);
  if (end === undefined || !isLate(state, origin, end)) return;
  if (!state.catalogue.doubt(origin.id, instance)) return;
  end.late.add(origin.id);
  state.timers.set(lateTimer(origin.id, instance), state.nowMs + LATE_MS, () => {
    end.late.delete(origin.id);
    state.catalogue.trust(origin.id, instance);
  });
}

/** This server did not run: neither did it hear of an end. */
export function giveLateTime({ past: { ended }, timers }: State, lateMs: number): void {
  for (const [instance, { late }] of ended) {
    for (const id of late) timers.delay(lateTimer(id, instance), lateMs);
  }
}

function isLate(state: State, origin: Origin, { by, atMs }: Ended): boolean {
  return origin !== state.self && !by.has(origin.id) && state.nowMs - atMs <= ENDED_MS;
}

function lateTimer(id: OriginId, instance: InstanceId): `late ${string}` {
  return `late ${id} ${instance}`;
}

/** News that are later than this come with what followed on them: the link was lost meanwhile. */
const ENDED_MS = 5_000;

/** As many as a large deployment lets go while the slowest news of it is under way. */
const ENDED_MAX = 16_384;

/** By how much the second of two logs lags where both come entry by entry: a retransmission or two. */
const LATE_MS = 1_000;
