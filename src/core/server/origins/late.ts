// Late news. The two servers of a host write separate logs, which come by different ways: one may
// tell of an instance's beginning after the other has told of its end. So if one server has just
// let an instance go, another that names it for the first time counts only after a while: if the
// instance is over, its end follows within that time. A log that was crashed at that end is as
// late: it counts when its server has been in reach for that while. No doubt comes from an end in
// the past of a log that was never in reach, or has only just returned from a cut, which may be of
// any age; unless that log has named the instance first since it was lost, so that this server has
// told of the beginning. Nor does one come from an end that its log has taken back. The invariant: a
// server is not doubted if it has told of that end as well, if it is this server itself, or if another
// server still answers for the instance; and none in reach is doubted for longer than that while.

import type { InstanceId, OriginId } from '../../../protocol/ids.ts';
import type { Ended, Origin } from '../entities.ts';
import type { State } from '../state.ts';

/**
 * A log has said that an instance is no longer with its server. An instance that its service gives
 * up is not noted here: there the revision shows which news is late, see Catalogue.giveUp.
 */
export function noteEnd(state: State, origin: Origin, instance: InstanceId): void {
  if (origin.standing === 'new') return;
  const isBegunSince = origin.begun?.delete(instance) === true;
  if (isJustBack(state, origin) && !isBegunSince) return;
  const {
    past: { ended },
    nowMs,
  } = state;
  const by = ended.get(instance)?.by ?? new Set<OriginId>();
  by.add(origin.id);
  ended.delete(instance);
  ended.set(instance, { by, atMs: nowMs });
  ended.dropOldest(({ atMs }) => nowMs - atMs > ENDED_MS || ended.size > ENDED_MAX);
  state.catalogue.doubtRest(instance);
}

/** The next entry of a log names an instance; it may be late. */
export function noteBegin(state: State, origin: Origin, instance: InstanceId): void {
  noteBegun(state, origin, instance);
  const end = state.past.ended.get(instance);
  if (end?.by.has(origin.id) === true) takeBack(state, instance);
  if (end === undefined || !isLate(state, origin, end)) return;
  if (!state.catalogue.doubt(origin.id, instance)) return;
  armTrust(state, origin.id, instance);
}

/** What a log names first since it was lost, it has not let go before: that end will be no old one. */
function noteBegun(state: State, origin: Origin, instance: InstanceId): void {
  if (!state.reach.away.has(origin) && !isJustBack(state, origin)) origin.begun = null;
  else if (!state.catalogue.isHeldBy(origin.id, instance))
    (origin.begun ??= new Set()).add(instance);
}

/** Whether a log has only just returned from a cut: it may tell of ends of any age. */
function isJustBack({ nowMs }: State, { returnedMs }: Origin): boolean {
  return nowMs - returnedMs < LATE_MS;
}

/** A log names again what it had let go: the instance lives, and who else holds it is believed. */
function takeBack({ past: { ended }, catalogue, timers }: State, instance: InstanceId): void {
  ended.delete(instance);
  for (const id of catalogue.doubts.of(instance) ?? []) {
    timers.cancel(lateTimer(id, instance));
    catalogue.trust(id, instance);
  }
}

/** A log counts again; it may not tell yet of what ended meanwhile. */
export function noteReturn(state: State, origin: Origin): void {
  for (const [instance, late] of state.catalogue.doubts.all()) {
    if (late.includes(origin.id)) armTrust(state, origin.id, instance);
  }
}

/** It counts then, or in a while after its return if it is out of reach. */
function armTrust(state: State, id: OriginId, instance: InstanceId): void {
  state.timers.setEarlier(lateTimer(id, instance), state.nowMs + LATE_MS, () => {
    if (state.origins.get(id)?.standing === 'reachable') state.catalogue.trust(id, instance);
  });
}

/** This server did not run: so it did not hear of an end either. */
export function giveLateTime({ catalogue, timers }: State, lateMs: number): void {
  for (const [instance, late] of catalogue.doubts.all()) {
    for (const id of late) timers.delay(lateTimer(id, instance), lateMs);
  }
}

function isLate(state: State, origin: Origin, { by, atMs }: Ended): boolean {
  return origin !== state.self && !by.has(origin.id) && state.nowMs - atMs <= ENDED_MS;
}

function lateTimer(id: OriginId, instance: InstanceId): `late ${string}` {
  return `late ${id} ${instance}`;
}

/** Later news than this comes together with what followed: the link was lost meanwhile. */
const ENDED_MS = 5_000;

/** As many as a large deployment lets go while the slowest news is on its way. */
const ENDED_MAX = 16_384;

/** By how much the second of two logs lags where both come entry by entry: a retransmission or two. */
const LATE_MS = 1_000;
