// The part of the state that only the rooms of the sessions write: what clients hold, and what they
// may have missed.

import type { InstanceId, Name } from '../../../protocol/ids.ts';
import type { Change } from '../../catalogue/catalogue.ts';
import type { ConnectionId } from '../../input.ts';
import { Account } from '../../kit/account.ts';

/** The state of clients. */
export interface Clients {
  /** Which session an instance of ours belongs to. */
  readonly owners: Map<InstanceId, ConnectionId>;
  /** All that sessions hold, in bytes. */
  readonly held: Account;
  /** The latest removals and when each was, for clients that come later: see answers.ts. */
  readonly removals: Map<InstanceId, Change & { readonly atMs: number }>;
  /** Services whose last instance went, and when: the latest of them. */
  readonly vanished: Map<Name, number>;
}

/** No client has come yet. */
export function createClients(): Clients {
  return { owners: new Map(), held: new Account(), removals: new Map(), vanished: new Map() };
}
