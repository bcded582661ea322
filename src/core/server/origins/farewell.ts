// Goodbyes: they are remembered, so that nothing brings such an origin back, and its instances
// outlive it by a grace (departed.ts says why). The invariant: an origin that has said goodbye is
// in no graph and no list of servers; its goodbye does not decide whether its services live on.

import { GOODBYE_MS, GOODBYES_MAX } from '../../../protocol/constants.ts';
import type { InstanceId, OriginId } from '../../../protocol/ids.ts';
import { armDeparted } from './departed.ts';
import { noteGone } from './gone.ts';
import { dropOrigin } from './origins.ts';
import { forgetWays } from './ways.ts';
import type { Origin } from '../entities.ts';
import type { State } from '../state.ts';

/**
 * Remembers a goodbye, so that nothing brings that origin back. One of an origin known here always
 * has room, at the cost of the oldest; a stranger's takes nobody's place. Says whether it is remembered.
 */
export function rememberGoodbye(state: State, id: OriginId, isKnown: boolean): boolean {
  const {
    past: { goodbyes },
    nowMs,
  } = state;
  goodbyes.dropOldest(
    (sinceMs) => nowMs - sinceMs > GOODBYE_MS || (isKnown && goodbyes.size >= GOODBYES_MAX),
  );
  if (goodbyes.size >= GOODBYES_MAX) return false;
  goodbyes.set(id, nowMs);
  return true;
}

/**
 * Drops an origin that has said goodbye; instances that it alone held stay in doubt for a grace.
 */
export function departOrigin(state: State, origin: Origin): void {
  const { standing, id } = origin;
  const wasAnswered = standing !== 'new' && standing !== 'crashed';
  const unclaimed = new Set(wasAnswered ? unclaimedOf(state, origin) : []);
  const untilMs = doubtedUntilMs(state, origin);
  noteGone(state, origin, { why: 'left' });
  const { name } = origin.log.facts;
  origin.verdict = `server ${name} said goodbye`;
  state.history.noteServer(state.nowMs, origin, { event: 'left' });
  if (unclaimed.size > 0) state.past.departed.set(id, { origin, unclaimed });
  dropOrigin(state, origin, { ending: 'left', except: unclaimed });
  forgetWays(state, origin.log.facts.addresses);
  origin.standing = standing === 'split' ? 'split' : 'suspect';
  state.catalogue.review([...unclaimed], { cause: 'deregistered', detail: origin.verdict });
  if (unclaimed.size > 0) armDeparted(state, id, untilMs);
}

/** The instances that no other reachable server of its host holds. */
function* unclaimedOf(state: State, { id, log }: Origin): Generator<InstanceId> {
  const others = [...state.reach.directory.ofHost(log.facts.host)].filter((other) => {
    return other.id !== id && other.standing === 'reachable';
  });
  for (const instance of log.registrations.keys()) {
    if (!others.some((other) => other.log.registrations.has(instance))) yield instance;
  }
}

/**
 * For a grace; instances that were in doubt already are not in doubt for longer than the longest
 * one.
 */
function doubtedUntilMs({ nowMs, options }: State, { standing, sinceMs }: Origin): number {
  const graceMs = nowMs + options.graceMs;
  if (standing !== 'suspect') return graceMs;
  return Math.max(nowMs, Math.min(graceMs, sinceMs + LONG_GRACES * options.graceMs));
}

/** An origin that is lost without a report is in doubt for so many graces: see reachability.ts. */
const LONG_GRACES = 4;
