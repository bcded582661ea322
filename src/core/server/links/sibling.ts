// Where the other server of this host is, if only its socket is known. A socket takes clients only,
// because every user of the host may write to it: a server that dials one reads which server is
// there, and goes to the port that it names. The invariant: a link is opened by TCP, where a server
// proves that it belongs.

import type { MessageOf } from '../../../protocol/messages.ts';
import type { Facts } from '../../../protocol/records.ts';
import { bracketed, hostPartOf } from '../../kit/text.ts';
import { noteSibling } from '../origins/ways.ts';
import type { Connection } from '../entities.ts';
import type { State } from '../state.ts';
import { isOwnHost } from '../state.ts';
import { closeConnection } from './connections.ts';
import { isVacant, noteRefused } from './targets.ts';

/** Whether servers may link by this connection. */
export function takesPeers({ transport }: Connection): boolean {
  return transport === 'tcp';
}

/**
 * A server has named itself at its socket: the connection is closed, and it is dialled by TCP if it
 * is our sibling.
 */
export function learnSibling(
  state: State,
  connection: Connection,
  { facts }: MessageOf<'welcome'>,
): void {
  if (isOwnHost(state, facts.host)) {
    const address = nextAddress(state, facts);
    if (address !== undefined) noteSibling(state, [address]);
  } else {
    noteRefused(state, connection, `it is a server of host ${facts.host}, not the sibling`);
  }
  closeConnection(state, connection, 'unneeded');
}

/**
 * The port that it names, at the address that this server is bound to; after that its advertised
 * address.
 */
function nextAddress(state: State, { addresses }: Facts): string | undefined {
  const { siblingsAt } = state.options;
  const beside = addresses.map((address) => {
    const port = address.slice(address.lastIndexOf(':'));
    return `${bracketed(siblingsAt ?? hostPartOf(address))}${port}`;
  });
  const all = [...beside, ...addresses];
  return all.find((address) => !hasFailed(state, address)) ?? all[0];
}

function hasFailed(state: State, address: string): boolean {
  return state.linking.targets.get(address)?.hasFailed === true || isVacant(state, address);
}
