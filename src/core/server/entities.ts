// What a server knows one by one: origins, connections, links, addresses to dial, sessions. The
// invariant: these are records; which of them there are, and in which lists they stand, is for the
// slices of the state (state.ts).

import type { InstanceId, Name, OriginId } from '../../protocol/ids.ts';
import type { Facts, GoneRow, Loss, Registration } from '../../protocol/records.ts';
import type { Standing } from '../catalogue/catalogue.ts';
import type { ConnectionId, Transport } from '../input.ts';
import type { Account, ChargedMap } from '../kit/account.ts';
import type { Backoff } from '../kit/backoff.ts';
import type { Pace } from '../kit/pace.ts';
import type { Log } from './origins/log.ts';
import type { Progress } from './replication/progress.ts';

/** A server that is gone. */
export interface Gone {
  readonly facts: Facts;
  readonly why: GoneRow['why'];
  readonly detail: string | undefined;
  /** When it was last in reach. */
  readonly sinceMs: number;
  readonly notedMs: number;
}

/** An origin that this server knows, itself included. */
export interface Origin {
  readonly id: OriginId;
  readonly log: Log;
  /** Where links keep what they have of it: see rows.ts. */
  readonly slot: number;
  standing: Standing;
  /** Whether a neighbour has offered it since it was last out of reach. */
  isProven: boolean;
  /** Whether this server has slept since it last reached it: what it holds is stale at most. */
  isPast: boolean;
  /** When it went out of reach. */
  sinceMs: number;
  /** How it went out of reach, in words; null as long as nobody knows. */
  verdict: string | null;
  /** When it last shook hands and had said nothing of itself before. */
  metMs: number;
  /** When it last came back from a net-split. */
  returnedMs: number;
  /** Who lost it, when and how, and has no link to it again; null for nobody. */
  losses: Map<OriginId, { readonly loss: Loss; readonly atMs: number }> | null;
  /** See directory.ts. */
  filed: Facts | null;
  /** The first origin on the way to it; its own id for a neighbour. */
  via: OriginId | null;
  /** The one before it on that way: see topology.ts. */
  parent: OriginId | null;
  /** The neighbour that brought what is newest of it. */
  source: OriginId | null;
  /** What is charged for its log: see `heldByLogs`. */
  chargedBytes: number;
  /** Its sequence when the last check was sent. */
  checkedSequence: number;
  /** Its place in the journal; 0 for none. */
  stamp: number;
  /** Its place there when it was last newly reached: whoever has not looked since is offered it. */
  reachedStamp: number;
}

/** An origin that has left, and those of its instances of which nobody has said anything since. */
export interface Departed {
  readonly origin: Origin;
  readonly unclaimed: Set<InstanceId>;
}

/** A connection, from the moment it is open. */
export interface Connection {
  readonly id: ConnectionId;
  readonly remote: string;
  readonly dialled: string | null;
  readonly transport: Transport;
  /** Whose link it is, once it is one. */
  peer: OriginId | null;
  phase: 'welcome' | 'hello' | 'link' | 'session';
  /** Its rhythm, as both ends agreed in the handshake. */
  pace: Pace;
  heardMs: number;
  sentMs: number;
  roundTripMicros: number | null;
  /** When the round trip was measured, and when one was last begun. */
  roundTripMs: number;
  stampedMs: number;
  /** It is not read for now: see throttle.ts. */
  isPaused: boolean;
  /** The other end said that it closes for silence, or for want of need: its process goes on. */
  wasSilent: boolean;
  /** The other end said that it closes because it keeps others. */
  wasReleased: boolean;
  /** Why the other end says that it closes; null until it does. */
  parting: string | null;
}

/** A handshaken connection to another server. */
export interface Link {
  readonly connection: Connection;
  readonly origin: OriginId;
  readonly isDialledByUs: boolean;
  readonly upMs: number;
  /** What of each origin was sent, asked for and announced on it. */
  readonly progress: Progress;
  hasDigest: boolean;
  /** When its check last said that the other end has all that we have, and no more. */
  agreedMs: number;
  isNeighbourComplete: boolean;
  neighbourMissing: readonly Name[];
  /** How many hosts it misses; some of them it may not have named. */
  neighbourMissingCount: number;
  isCongested: boolean;
  differences: number;
  /** When the operator was last told that something differs. */
  differedMs: number;
}

/** An address to dial. */
export interface Target {
  readonly address: string;
  readonly backoff: Backoff;
  /** Idle, waiting for a dial to be answered, or connected. */
  phase: 'idle' | 'dialling' | 'connected';
  connection: ConnectionId | null;
  /** Who was found there last. */
  origin: OriginId | null;
  isWanted: boolean;
  /** It is wanted of a master that this leaf lacks and others can reach. */
  isUrgent: boolean;
  isRefused: boolean;
  isSelf: boolean;
  /** A dial has succeeded since the start. */
  wasReached: boolean;
  /** A first attempt has come to its end, whichever. */
  wasTried: boolean;
  /** So often in a row somebody took a connection there, and has not greeted as a server does. */
  ungreetedCount: number;
  wasToldOf: boolean;
  /** What was found there met a bug of ours: so often, and when it may be dialled again. */
  faultsCount: number;
  barredMs: number;
  /** The latest dial came to nothing, and there was no news of it since. */
  hasFailed: boolean;
  /** The latest dial said that nobody listens there. */
  isDeserted: boolean;
}

/** Which logs have let an instance go, and whose first word of it may be older than that. */
export interface Ended {
  readonly by: Set<OriginId>;
  /** When the latest of them did. */
  readonly atMs: number;
  readonly late: Set<OriginId>;
}

/** A standing lookup of a client. */
export interface Watch {
  readonly service: Name;
  /** What it was charged with: what the client has named, its bytes on the wire. */
  readonly bytes: number;
  /** What the client has from before and has not been told of yet. */
  readonly untold: Set<InstanceId>;
}

/** A client's connection. */
export interface Session {
  readonly connection: Connection;
  /** All that this session holds, in bytes. */
  readonly held: Account;
  /** The records of its instances as our own log has them. */
  readonly registrations: ChargedMap<InstanceId, Registration>;
  /** By the request that began the watch. */
  readonly watches: ChargedMap<number, Watch>;
  /** What it may still send at once, in messages, as of `creditMs`: see throttle.ts. */
  credit: number;
  creditMs: number;
  isTooFast: boolean;
  /** It has not read what it was answered. */
  isUnread: boolean;
}
