// The address at which others reach this server, when it changes while it runs. The invariant: the
// log, the news for clients and `status` have the same address; only services change their
// registrations: they are told and send the next revision.

import type { Addressed } from '../input.ts';
import { hostPartOf } from '../kit/text.ts';
import { addSiblings } from './origins/ways.ts';
import { appendOwn } from './replication/replication.ts';
import { touchTargets } from './due.ts';
import type { State } from './state.ts';

/** Takes in the address at which others reach this server, and whether the machine has it. */
export function handleAddressed(state: State, { address, isHere, siblings }: Addressed): void {
  const { facts } = state.options;
  const [before = ''] = facts.addresses;
  if (address !== before) {
    state.options = { ...state.options, facts: { ...facts, addresses: [address] } };
    appendOwn(state, { kind: 'facts', facts: state.options.facts });
    addSiblings(state, siblings);
    touchTargets(state);
    state.out.notice('address-changed', { before, address });
  }
  const isTurned = state.life.isAddressGone === isHere;
  state.life.isAddressGone = !isHere;
  if (isTurned) state.out.notice(isHere ? 'address-back' : 'address-gone', { address });
  if (address === before && !isTurned) return;
  const said = isHere ? { address: hostPartOf(address) } : {};
  state.out.send([...state.sessions.keys()], { kind: 'address', ...said });
}
