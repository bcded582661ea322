// The part of the state that only the folder `sessions` writes: what clients hold, and what they
// may have missed.

import type { InstanceId, Name } from '../../../protocol/ids.ts';
import { registration as registrationRecord } from '../../../protocol/records.ts';
import type { Change } from '../../catalogue/catalogue.ts';
import type { ConnectionId } from '../../input.ts';
import { Account, ChargedMap } from '../../kit/account.ts';
import { AgingMap } from '../../kit/aging.ts';
import { Backlog } from './backlog.ts';
import { Watchers } from './watches.ts';

/** The state of clients. */
export interface Clients {
  /** Which session an instance of ours belongs to. */
  readonly owners: Map<InstanceId, ConnectionId>;
  /** All that sessions hold, in bytes. */
  readonly held: Account;
  /** The latest removals and when each was, for clients that come later: see answers.ts. */
  readonly removals: ChargedMap<InstanceId, Removal>;
  /** The bytes of these. */
  readonly heldByRemovals: Account;
  /** Who watches which service. */
  readonly watchers: Watchers;
  /** The changes that they have yet to be told. */
  readonly backlog: Backlog;
  /** Which view these were told: see views.ts. */
  readonly views: Views;
  /** What lookups are answered beside a "none"; null until somebody asks: see health.ts. */
  doubts: ReadyDoubts | null;
  /** Services whose last instance went, and when: the latest of them. */
  readonly vanished: AgingMap<Name, number>;
}

/** Which view the watches were told: each change has a number. */
export interface Views {
  latest: number;
  /** Sessions with watches that were not told the latest, the one that has waited longest first. */
  readonly waiting: Set<ConnectionId>;
}

/** What a complete view is in doubt of: see health.ts. */
export interface ReadyDoubts {
  readonly lost: readonly { readonly host: Name; readonly sinceMs: number }[];
  readonly unanswered: readonly string[];
  readonly untilMs: number;
}

/** Something that was removed, and when. */
export type Removal = Change & { readonly atMs: number };

/** No client has come yet. */
export function createClients(): Clients {
  const heldByRemovals = new Account();
  const removals = new ChargedMap<InstanceId, Removal>(heldByRemovals, ({ instance }) =>
    registrationRecord.bytes(instance.registration),
  );
  return {
    owners: new Map(),
    held: new Account(),
    removals,
    heldByRemovals,
    watchers: new Watchers(),
    backlog: new Backlog(),
    doubts: null,
    views: { latest: 0, waiting: new Set() },
    vanished: new AgingMap(),
  };
}
