// Ways back: the last addresses of servers that this one has lost. They are kept apart from the
// logs, which a crash, the end of a hold or a restart of those servers takes away, and beyond them.
// The invariant: an address is here from the loss of its server until one there is reached again,
// says goodbye or is given up by an operator; and there are so many at most, the latest.

import { touchTargets } from '../due.ts';
import type { Origin } from '../entities.ts';
import type { State } from '../state.ts';

/** The standing of an origin has changed: it was lost, or has come back. */
export function noteWays(state: State, { standing, log }: Origin): void {
  const { host, addresses } = log.facts;
  if (host === state.options.facts.host) return;
  if (standing === 'reachable') forgetWays(state, addresses);
  if (standing !== 'aside' && standing !== 'split') return;
  const { lost: lostAddresses } = state.addresses;
  forgetWays(state, addresses);
  for (const address of addresses) lostAddresses.add(address);
  for (const oldest of lostAddresses) {
    if (lostAddresses.size <= LOST_ADDRESSES_MAX) break;
    lostAddresses.delete(oldest);
  }
  touchTargets(state);
}

/** The other server of this host may be at these as well. */
export function addSiblings({ addresses }: State, siblings: Iterable<string>): void {
  for (const address of siblings) addresses.siblings.add(address);
}

/** No server is looked for there any more. */
export function forgetWays(
  { addresses: { lost: lostAddresses } }: State,
  addresses: readonly string[],
): void {
  for (const address of addresses) lostAddresses.delete(address);
}

/** As many as addresses of masters: one that answers leads to all others. */
const LOST_ADDRESSES_MAX = 256;
