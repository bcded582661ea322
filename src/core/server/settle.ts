// The consequences of a step, once for all that happened in it: which origins can be reached, which
// addresses to dial, whether the view is complete, what to tell the watchers and the neighbours.
// The invariant: the stages run in their order, and a stage that runs again changes nothing.

import { flushLinks } from './replication/sending/flush.ts';
import { dropUnneeded } from './links/links.ts';
import { noteMasters, noteNoMaster, urgentAddresses, wantedAddresses } from './links/policy.ts';
import { noteFound, noteLost } from './links/seeking.ts';
import { dialWanted, hasten } from './links/targets.ts';
import { listUnlisted } from './origins/origins.ts';
import type { Tidings } from './origins/reachability.ts';
import { refreshReachability } from './origins/reachability.ts';
import { forgetHearsay } from './origins/ways.ts';
import { spreadTidings } from './replication/replication.ts';
import { refreshView } from './replication/view.ts';
import { tellWatchers } from './sessions/answers.ts';
import { forgetDoubts } from './sessions/health.ts';
import { isViewDue, takeTargets } from './due.ts';
import type { State } from './state.ts';
import { dropEnded, leaveInTime, prepareToLeave } from './stop.ts';

/** The consequences of a step, in this order. */
export const STAGES: readonly ((state: State, tidings: Tidings) => void)[] = [
  refreshReachability,
  listUnlisted,
  passNews,
  spreadTidings,
  settleTargets,
  dropEnded,
  settleView,
  prepareToLeave,
  leaveInTime,
  flushLinks,
];

/** An origin that can be reached again is news of its addresses: they are dialled at once. */
function passNews(state: State, tidings: Tidings): void {
  for (const id of tidings.reached) {
    const origin = state.origins.get(id);
    if (origin !== undefined) hasten(state, origin.log.facts.addresses);
  }
  noteFound(state);
}

function settleTargets(state: State): void {
  if (!takeTargets(state)) return;
  noteMasters(state);
  if (!noteLost(state)) forgetHearsay(state);
  dropUnneeded(state);
  dialWanted(state, wantedAddresses(state), urgentAddresses(state));
}

function settleView(state: State): void {
  if (isViewDue(state)) {
    noteNoMaster(state);
    forgetDoubts(state);
  }
  const isViewNew = refreshView(state);
  tellWatchers(state, isViewNew);
}
