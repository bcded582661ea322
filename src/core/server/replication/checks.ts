// Replication checks itself: every ten seconds each server tells its neighbours its sequences and
// hashes, and compares theirs. The invariant: a difference is logged and the origin asked for, and
// nothing else changes; one line for the operator each ten seconds, whatever differs.

import type { MessageOf } from '../../../protocol/messages.ts';
import { touchView } from '../due.ts';
import type { Link, Origin } from '../entities.ts';
import type { State } from '../state.ts';
import { isKnownGone } from './goodbyes.ts';
import { ask } from './questions.ts';
import { isCompared } from './receiving/bare.ts';
import { noteOffer } from './receiving/intake.ts';
import { combinedHash, lineOf } from './replication.ts';

/** Every 10 s: the changed origins with their hashes, and one hash of all. */
export function sendChecks(state: State): void {
  if (state.links.size === 0) return;
  const origins = [...state.origins.values()].filter(isCompared);
  const { count, hash } = combinedHash(state);
  const changed = origins.filter((origin) => origin.log.sequence !== origin.checkedSequence);
  for (const origin of origins) origin.checkedSequence = origin.log.sequence;
  const links = [...state.links.values()];
  for (const isDifferent of [false, true]) {
    const to = links.filter((link) => link.differences > 1 === isDifferent);
    const lines = (isDifferent ? origins : changed).map((origin) => {
      return { ...lineOf(origin), hash: origin.log.hash };
    });
    const connections = to.map((link) => link.connection.id);
    state.out.send(connections, { kind: 'check', lines, count, hash });
  }
}

/** Compares; on a difference it is logged, and that origin asked for at the next hop towards it. */
export function handleCheck(state: State, link: Link, check: MessageOf<'check'>): void {
  for (const { origin: id, sequence, hash } of check.lines) {
    const origin = state.origins.get(id);
    if (id === state.self.id || isKnownGone(state, id)) continue;
    if (origin === undefined) {
      ask(state, link, { origin: id, sequence: 0 });
    } else if (origin.log.sequence === sequence && origin.log.hash !== hash && !origin.log.isBare) {
      tellDifference(state, link, origin);
    } else {
      // The neighbour may just not know yet what is split off here: when it is back, it offers it.
      if (origin.standing !== 'split') noteOffer(state, link, { origin: id, sequence });
      if (origin.log.sequence < sequence) ask(state, link, lineOf(origin));
    }
  }
  if (check.more !== true) compareAll(state, link, check);
}

/** Whether both ends have the same, all in all. */
function compareAll(
  state: State,
  link: Link,
  check: { readonly count: number; readonly hash: number },
): void {
  const own = combinedHash(state);
  const isSame = own.count === check.count && own.hash === check.hash;
  link.agreedMs = isSame ? state.nowMs : -Infinity;
  if (!state.view.isSynced) touchView(state);
  link.differences = isSame ? 0 : link.differences + 1;
}

function tellDifference(state: State, link: Link, origin: Origin): void {
  const peer = state.origins.get(link.origin)?.log.facts.name ?? link.connection.remote;
  state.tally.add('state-differs', []);
  if (mayTellDifference(state, link)) {
    state.out.notice('state-differs', { server: origin.log.facts.name, peer });
  }
  const way = origin.via === null ? undefined : state.links.get(origin.via);
  if (way !== undefined) ask(state, way, { origin: origin.id, sequence: 0 });
}

/** Honest neighbours compare every 10 s: a line for each of those is enough, whatever differs. */
function mayTellDifference(state: State, link: Link): boolean {
  const isTold = state.nowMs - link.differedMs < DIFFERENCES_EVERY_MS;
  if (!isTold) link.differedMs = state.nowMs;
  return !isTold;
}

const DIFFERENCES_EVERY_MS = 10_000;
