// Ways back: the last addresses of servers that this one has lost, and of its sibling. They are kept
// apart from the logs, which a crash, the end of a hold or a restart of those servers takes away, and
// beyond them. The invariant: an address is lost from the loss of its server until one there is
// reached again, says goodbye or is given up by an operator; and there are so many at most, the latest.

import { touchTargets } from '../due.ts';
import type { Origin } from '../entities.ts';
import type { State } from '../state.ts';

/** The standing of an origin has changed: it was lost, or has come back. */
export function noteWays(state: State, { standing, log }: Origin): void {
  const { host, addresses } = log.facts;
  if (host === state.options.facts.host) return;
  if (standing === 'reachable') forgetWays(state, addresses);
  if (standing !== 'crashed' && standing !== 'split') return;
  const { lost } = state.addresses;
  forgetWays(state, addresses);
  for (const address of addresses) lost.add(address);
  for (const oldest of lost) {
    if (lost.size <= LOST_ADDRESSES_MAX) break;
    lost.delete(oldest);
  }
  touchTargets(state);
}

/** Where a sibling was, another may be: the latest of these addresses are kept. */
export function noteSibling(state: State, addresses: readonly string[]): void {
  const { siblings } = state.addresses;
  for (const address of addresses) {
    siblings.delete(address);
    siblings.add(address);
  }
  for (const oldest of siblings) {
    if (siblings.size <= SIBLING_ADDRESSES_MAX) break;
    siblings.delete(oldest);
  }
}

/** The other server of this host may be at these as well. */
export function addSiblings(state: State, siblings: Iterable<string>): void {
  for (const address of siblings) state.addresses.siblings.add(address);
}

/** No server is looked for there any more. */
export function forgetWays(state: State, addresses: readonly string[]): void {
  for (const address of addresses) state.addresses.lost.delete(address);
}

/** As many as addresses of masters: one that answers leads to all others. */
const LOST_ADDRESSES_MAX = 256;

const SIBLING_ADDRESSES_MAX = 8;
