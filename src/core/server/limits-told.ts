// What is said of a limit that was reached: to the operator, and to a client that asks for too
// much. The invariant: the log has a line a minute for each limit, however often it is reached.

import type { LimitName } from './limits.ts';
import { LIMITS, maxOf } from './limits.ts';
import type { ServerOptions } from './options.ts';
import type { State } from './state.ts';

/** Tells the operator that a limit was reached: once a minute for each, and how often it was. */
export function noteLimit(state: State, limit: LimitName, address: string): void {
  state.tally.add('limit-reached', [limit]);
  const told = state.life.limitsTold.get(limit);
  if (told !== undefined && state.nowMs - told.atMs < TOLD_EVERY_MS) {
    told.times += 1;
    return;
  }
  const times = (told?.times ?? 0) + 1;
  state.life.limitsTold.set(limit, { atMs: state.nowMs, times: 0 });
  const { noun } = LIMITS[limit];
  const hint = hintFor(state.options, limit);
  const max = maxOf(state.options, limit);
  state.out.notice('limit-reached', { limit, max, noun, address, times, hint });
}

/** The reason for a client that asks for too much: the cause, and what to do. */
export function limitReason(state: State, limit: LimitName): string {
  const max = String(maxOf(state.options, limit));
  return `the limit is ${max} ${LIMITS[limit].noun}: ${hintFor(state.options, limit)}`;
}

/** What to do about a limit: if the system has made the number smaller, raise it there. */
function hintFor({ areFilesFew = false }: ServerOptions, limit: LimitName): string {
  return areFilesFew && limit === 'connections' ? FEW_FILES_HINT : LIMITS[limit].hint;
}

/** A limit that lasts would fill the log. */
const TOLD_EVERY_MS = 60_000;

const FEW_FILES_HINT =
  'try another server, or let its process open more files: LimitNOFILE= of its unit, or ulimit -n';
