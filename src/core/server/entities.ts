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
  /** The slot at which links keep their row for it: see rows.ts. */
  readonly slot: number;
  standing: Standing;
  /** Whether a neighbour has offered it since it was last out of reach. */
  isProven: boolean;
  /** Whether this server has slept since it last reached it: its instances are stale at most. */
  isPast: boolean;
  /** When it went out of reach. */
  sinceMs: number;
  /** How it went out of reach, in words; null as long as that is not known. */
  verdict: string | null;
  /** When it last shook hands without any news of itself before. */
  metMs: number;
  /** When it was in reach again after its host was lost as a whole: it counts with those that are still away. */
  returnedMs: number;
  /** What it has named first since it was lost, until it has been back for long: see late.ts. */
  begun: Set<InstanceId> | null;
  /** Whether, since it is suspect, a server in reach has said that its host fell silent. */
  fellSilent: boolean;
  /** Whether another life of its server was in reach since it was lost: see lives.ts. */
  isOutlived: boolean;
  /** The reporters that lost it, when and how, and have no link to it again; null for none. */
  losses: Map<OriginId, { readonly loss: Loss; readonly atMs: number }> | null;
  /** See directory.ts. */
  filed: Facts | null;
  /** The first origin on the way to it; its own id for a neighbour. */
  via: OriginId | null;
  /** The one before it on that way: see topology.ts. */
  parent: OriginId | null;
  /** The neighbour that brought its newest entries. */
  source: OriginId | null;
  /** The address of the neighbour over which it last came into reach; empty before. */
  reachedOver: string;
  /** The charge for its log: see `heldByLogs`. */
  chargedBytes: number;
  /** Its sequence when the last check was sent. */
  checkedSequence: number;
  /** Its place in the journal; 0 for none. */
  stamp: number;
  /**
   * Its place there when it was last newly reached: links that have not looked since are offered
   * it.
   */
  reachedStamp: number;
}

/** An origin that has left, and those of its instances that no log has spoken of since. */
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
  /** The origin of the link, once it is one. */
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
  /** The other end said that it closes for silence: its process goes on. */
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
  /** What was sent, asked for and announced on it, for each origin. */
  readonly progress: Progress;
  hasDigest: boolean;
  /** When its check last said that both ends have the same. */
  agreedMs: number;
  isNeighbourComplete: boolean;
  neighbourMissing: readonly Name[];
  /** How many hosts it misses; some of them it may not have named. */
  neighbourMissingCount: number;
  isCongested: boolean;
  differences: number;
  /** When the operator was last told of a difference. */
  differedMs: number;
}

/** An address to dial. */
export interface Target {
  readonly address: string;
  readonly backoff: Backoff;
  /** Idle, waiting for a dial to be answered, or connected. */
  phase: 'idle' | 'dialling' | 'connected';
  connection: ConnectionId | null;
  /** The server that was found there last. */
  origin: OriginId | null;
  isWanted: boolean;
  /** It belongs to a master that this leaf lacks and others can reach. */
  isUrgent: boolean;
  /** Why it, or this server, has refused the other: not tried again until a reload. */
  refusal: string | null;
  isSelf: boolean;
  /** A server has greeted there since the start. */
  hasGreeted: boolean;
  /** A first attempt has ended, successfully or not. */
  wasTried: boolean;
  /**
   * How often in a row a program accepted a connection there, and did not greet as a server does.
   */
  ungreetedCount: number;
  wasToldOf: boolean;
  /** How often input from there met a bug of ours, and when it may be dialled again. */
  faultsCount: number;
  barredMs: number;
  /** The latest dial failed, and there was no news of the server since. */
  hasFailed: boolean;
  /** The latest dial found no program listening there. */
  isDeserted: boolean;
}

/** The logs that have let an instance go, and when the latest of them did. */
export interface Ended {
  readonly by: Set<OriginId>;
  readonly atMs: number;
}

/** A standing lookup of a client. */
export interface Watch {
  readonly service: Name;
  /** Its charge: the bytes on the wire of the instances that the client has named. */
  readonly bytes: number;
  /** The instances that the client has from before and has not been told of yet. */
  readonly untold: Set<InstanceId>;
  /** The latest change of any service when it was last told: see sessions/backlog.ts. */
  told: number;
  /** The latest view that it was told: see sessions/views.ts. */
  viewed: number;
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
  /** The messages that it may still send at once, as of `creditMs`: see throttle.ts. */
  credit: number;
  creditMs: number;
  isTooFast: boolean;
  /** It has not read its answers. */
  isUnread: boolean;
}
