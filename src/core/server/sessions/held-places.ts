// Ports and sockets of this host that belong to servers or their doors, and that other programs
// have. Any user may take a port before the servers do. The invariant: as long as one of them is
// taken, `status` names it, because a question that goes there reaches another program.

import type { Reason } from '../../../protocol/records.ts';
import { isSiblingPort, isStrange, portOf } from '../links/targets.ts';
import type { State } from '../state.ts';

/** A reason for each of them, of so many at most. */
export function portHeldReasons(state: State): Reason[] {
  const siblings = strangeSiblings(state).map((address) =>
    reasonOf(
      address,
      'the other server of this host, is held by another program, or that server hangs',
    ),
  );
  const doors = state.life.heldPlaces.map(({ door, address, uid }) => {
    const whose = uid === null ? 'another program' : `a program of uid ${String(uid)}`;
    return reasonOf(address, `${door}, is held by ${whose}`);
  });
  return [...siblings, ...doors].slice(0, PLACES_MAX);
}

function reasonOf(address: string, whose: string): Reason {
  const hint = `see which program it is: ${listenersCommand(address)}; end it, or give it another address`;
  return { code: 'port-held', message: `${address}, the address of ${whose}`, hint };
}

/** A report has room for some other reasons, too. */
const PLACES_MAX = 16;

function strangeSiblings(state: State): string[] {
  return [...state.addresses.siblings].filter((address) => {
    const target = state.linking.targets.get(address);
    return target !== undefined && isSiblingPort(state, address) && isStrange(target);
  });
}

/**
 * The command that shows an operator which program listens at a port, or at the path of a socket.
 */
function listenersCommand(address: string): string {
  if (address.includes('/')) return `ss -lxp src ${address}`;
  return `ss -ltunp 'sport = ${portOf(address)}'`;
}
