// The part of the state that only the folder `origins` writes: which origins can be reached, which
// are gone, where servers are or were.

import type { InstanceId, Name, OriginId } from '../../../protocol/ids.ts';
import { Account } from '../../kit/account.ts';
import { AgingMap } from '../../kit/aging.ts';
import type { Departed, Ended, Gone, Origin } from '../entities.ts';
import type { Slots } from './slots.ts';
import { Directory } from './directory.ts';

/** The origins that are known, in lists of those that something is the matter with. */
export interface Reach {
  /** The numbers that they have. */
  readonly slots: Slots;
  /** By host and role. */
  readonly directory: Directory<Origin>;
  /** Those that are suspect, crashed or split, and of them those that are crashed. */
  readonly away: Set<Origin>;
  readonly crashed: Set<Origin>;
  /** Origins whose logs say that they miss a host. */
  readonly losers: Set<Origin>;
  /** Origins whose logs are bare: see replication/receiving/bare.ts. */
  readonly bare: Set<Origin>;
  /** Origins that logs name, of which no log is here, or that of a crashed one, and no goodbye. */
  readonly unheard: Set<OriginId>;
  /** Whether one more was named when there was no room for it. */
  hasUnnamed: boolean;
  /** Neighbours that have shaken hands and have said nothing of themselves since. */
  readonly unspoken: Set<OriginId>;
  /** Origins whose first snapshot the catalogue is to be told of before the step ends. */
  readonly unlisted: Set<Origin>;
  /** Origins that lost their way here. */
  readonly loose: Set<OriginId>;
  /** Origins that have new links or were proven, and suspect ones that a reporter has lost. */
  readonly grown: Set<OriginId>;
  /** The bytes of the logs of all other servers. */
  readonly heldByLogs: Account;
  /** When news of servers or their links last came; registrations are no news. */
  newsMs: number;
}

/** Remembered things of the past. */
export interface Past {
  /** Origins that said goodbye, and when: see farewell.ts. */
  readonly goodbyes: AgingMap<OriginId, number>;
  /**
   * Origins that said goodbye, with the instances that no other log has claimed yet: see
   * departed.ts.
   */
  readonly departed: Map<OriginId, Departed>;
  /** While this server stops: instances of its own that its sibling had, and has let go. */
  readonly letGo: Set<InstanceId>;
  /** Servers that are gone, the latest last: see gone.ts. */
  readonly gone: AgingMap<OriginId, Gone>;
  /** Instances that logs have let go, the latest last: see late.ts. */
  readonly ended: AgingMap<InstanceId, Ended>;
}

/** The address of a server that was lost. */
export interface LostAddress {
  readonly host: Name;
  /** The address of the neighbour that was the way to it. */
  readonly reachedOver: string;
}

/** Where servers are, or were. */
export interface Addresses {
  /**
   * Of masters that were heard of, and the address of the neighbour that has named each; null where
   * a handshake has succeeded, and of those the latest last: see ways.ts.
   */
  readonly masters: Map<string, string | null>;
  /** Where the other server of this host would be, and where one was. */
  readonly siblings: Set<string>;
  /** The last addresses of servers that this one has lost, the latest last: see ways.ts. */
  readonly lost: Map<string, LostAddress>;
}

/** This server alone is known. */
export function createReach(slots: Slots, self: Origin): Reach {
  const directory = new Directory<Origin>();
  directory.file(self);
  return {
    slots,
    directory,
    away: new Set(),
    crashed: new Set(),
    losers: new Set(),
    bare: new Set(),
    unheard: new Set(),
    hasUnnamed: false,
    unspoken: new Set(),
    unlisted: new Set(),
    loose: new Set(),
    grown: new Set(),
    heldByLogs: new Account(),
    newsMs: 0,
  };
}

/** Nothing is over yet. */
export function createPast(): Past {
  return {
    goodbyes: new AgingMap(),
    departed: new Map(),
    letGo: new Set(),
    gone: new AgingMap(),
    ended: new AgingMap(),
  };
}

/** Where a sibling may be is known from the options. */
export function createAddresses(siblings: Iterable<string>): Addresses {
  return { masters: new Map(), siblings: new Set(siblings), lost: new Map() };
}
