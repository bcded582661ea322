// Going away on purpose: clients are told first, so that none has to find out. The sibling gets up
// to two seconds to hold all instances of this server; then the last entry, goodbye, goes out on
// every link. A sibling that has only just started is not linked yet: it is dialled, and if no
// program listens there is none. The invariant: from the goodbye on nothing more is written to this
// log.

import type { InstanceId } from '../../protocol/ids.ts';
import type { Registration } from '../../protocol/records.ts';
import { dialNow, isVacant } from './links/targets.ts';
import { wantedAddresses } from './links/policy.ts';
import { touchTargets } from './due.ts';
import { takeLetGo } from './origins/departed.ts';
import type { Origin } from './entities.ts';
import type { State } from './state.ts';
import { isOwnHost, reachableOrigins } from './state.ts';
import { flushLinks } from './replication/sending/flush.ts';
import { appendOwn, flushBy, sendToAll } from './replication/replication.ts';

/** Begins to stop. */
export function handleStop(state: State): void {
  if (state.life.isStopping) return;
  state.life.isStopping = true;
  touchTargets(state);
  state.life.leaveMs = state.nowMs + HAND_OVER_MS;
  state.out.notice('server-stopping', { name: state.options.facts.name });
  armLeave(state);
  state.out.send([...state.sessions.keys()], { kind: 'goaway' });
  dialNow(state, wantedAddresses(state));
}

/** The server leaves at `leaveMs` in any case. */
export function armLeave(state: State): void {
  state.timers.set('leave', state.life.leaveMs, () => {
    // The end of the step asks whether it is time to leave.
  });
}

/**
 * Whether this server may leave: the sibling has all its instances, or there is none, or no time.
 */
function isReadyToLeave(state: State): boolean {
  const held = [...state.self.log.registrations.values()];
  if (held.length === 0) return true;
  const siblings = siblingsOf(state);
  if (siblings.length === 0) return isAlone(state);
  return siblings.some(({ log }) => held.every((item) => isHeldIn(log.registrations, item)));
}

function siblingsOf(state: State): Origin[] {
  return [...reachableOrigins(state)].filter(({ id, log }) => {
    return id !== state.self.id && isOwnHost(state, log.facts.host);
  });
}

/** Whether it is certain that no sibling runs: no program listens at any of its addresses. */
function isAlone(state: State): boolean {
  const isLinked = [...state.links.keys()].some((id) => {
    const host = state.origins.get(id)?.log.facts.host;
    return host !== undefined && isOwnHost(state, host);
  });
  return !isLinked && [...wantedAddresses(state)].every((address) => isVacant(state, address));
}

/**
 * What a sibling has let go since has ended: it is gone here as well, as soon as its session is. Else
 * the dead would be answered until the goodbye.
 */
export function dropEnded(state: State): void {
  if (state.life.hasLeft) return;
  for (const instance of takeLetGo(state)) {
    appendOwn(state, { kind: 'delete', instance, cause: 'closed' });
  }
}

/** Whether an instance is there, and no older than here: else its change would be lost. */
function isHeldIn(
  others: ReadonlyMap<InstanceId, Registration>,
  { instance, revision }: Registration,
): boolean {
  const other = others.get(instance);
  return other !== undefined && other.revision >= revision;
}

/** When it is time to leave: all news of others is sent before the goodbye. */
export function prepareToLeave(state: State): void {
  if (!state.life.isStopping || state.life.hasLeft) return;
  if (state.nowMs < state.life.leaveMs && !isReadyToLeave(state)) return;
  state.life.leaveMs = state.nowMs;
  flushBy(state, state.nowMs);
  flushLinks(state);
}

/** Says goodbye when it is time to leave, in any case. */
export function leaveInTime(state: State): void {
  if (state.life.isStopping && !state.life.hasLeft && state.nowMs >= state.life.leaveMs)
    leave(state);
}

function leave(state: State): void {
  state.life.hasLeft = true;
  const first = state.self.log.sequence + 1;
  try {
    sendToAll(state, {
      kind: 'entries',
      batches: [{ origin: state.self.id, first, entries: [{ kind: 'bye' }] }],
    });
  } finally {
    state.out.stopped(state.life.isFailing);
  }
}

/** How long the sibling is waited for. */
const HAND_OVER_MS = 2_000;
