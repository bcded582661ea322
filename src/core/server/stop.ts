// Going away on purpose: clients are told first, so that none has to find out; the sibling gets up
// to two seconds to hold all that this server holds; then the last entry, goodbye, goes out on every
// link. The invariant: from the goodbye on nothing more is written to this server's log.

import type { InstanceId } from '../../protocol/ids.ts';
import type { Registration } from '../../protocol/records.ts';
import type { State } from './state.ts';
import { reachableOrigins, isOwnHost } from './state.ts';
import { sendToAll } from './replication/replication.ts';

/** Begins to stop. */
export function handleStop(state: State): void {
  if (state.isStopping) return;
  state.isStopping = true;
  state.areTargetsDirty = true;
  state.leaveMs = state.nowMs + HAND_OVER_MS;
  state.out.notice('server-stopping', { name: state.options.facts.name });
  state.out.send([...state.sessions.keys()], { kind: 'goaway' });
  state.timers.set('leave', state.leaveMs, () => {
    // The end of the step asks whether it is time to leave.
  });
}

/** Whether nothing of ours would be missed: the sibling has it all, or there is none, or no time. */
export function isReadyToLeave(state: State): boolean {
  if (state.hasLeft) return false;
  if (state.nowMs >= state.leaveMs) return true;
  const held = state.self.log.registrations;
  let hasSibling = false;
  for (const { id, log } of reachableOrigins(state)) {
    if (id === state.self.id || !isOwnHost(state, log.facts.host)) continue;
    hasSibling = true;
    if ([...held.values()].every((item) => isHeldIn(log.registrations, item))) return true;
  }
  return !hasSibling;
}

/** Whether an instance is there, and no older than here: else the change of it would be lost. */
function isHeldIn(
  others: ReadonlyMap<InstanceId, Registration>,
  { instance, revision }: Registration,
): boolean {
  const other = others.get(instance);
  return other !== undefined && other.revision >= revision;
}

/** Says goodbye. */
export function leave(state: State): void {
  state.hasLeft = true;
  const first = state.self.log.sequence + 1;
  sendToAll(state, {
    kind: 'entries',
    batches: [{ origin: state.self.id, first, entries: [{ kind: 'bye' }] }],
  });
  state.out.stopped();
}

/** How long the sibling is waited for. */
const HAND_OVER_MS = 2_000;
