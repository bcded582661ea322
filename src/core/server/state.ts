// What a server knows and holds: plain data that the modules of the core work on, one for each
// concern. The invariant: whoever changes something here marks what depends on it (`grown`, `loose`,
// `isViewDirty`, the looks of the links), and server.ts settles all of that at the end of each step.

import type { Strangers } from './links/strangers.ts';
import type { InstanceId, Name, OriginId } from '../../protocol/ids.ts';
import type { Facts, GoneRow, Loss, Registration } from '../../protocol/records.ts';
import type { Account, ChargedMap } from '../kit/account.ts';
import type { Backoff } from '../kit/backoff.ts';
import type { Catalogue, Change, Standing } from '../catalogue/catalogue.ts';
import type { Progress } from './replication/progress.ts';
import type { Slots } from './replication/rows.ts';
import type { Directory } from './origins/directory.ts';
import type { ConnectionId, HeldPlace, Transport } from '../input.ts';
import type { Journal } from './replication/journal.ts';
import type { History } from './history.ts';
import type { Log } from './origins/log.ts';
import type { ServerOptions } from './options.ts';
import type { Outbox } from './outbox.ts';
import type { Pace } from '../kit/pace.ts';
import type { Tally } from './tally.ts';
import type { ServerTimers } from './timers.ts';

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

/** Why a view is not complete: the first of these. */
export type Why = 'unsynced' | 'split' | 'suspect' | 'limit';

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

/** Everything. */
export interface State {
  options: ServerOptions;
  readonly out: Outbox;
  readonly tally: Tally;
  readonly timers: ServerTimers;
  readonly self: Origin;
  readonly origins: Map<OriginId, Origin>;
  /** The numbers that they have. */
  readonly slots: Slots;
  /** The same, by host and role. */
  readonly directory: Directory<Origin>;
  /** The same, by their latest change. */
  readonly journal: Journal<Origin>;
  /** Those that are suspect, aside or split, and of them those that are aside. */
  readonly away: Set<Origin>;
  readonly asides: Set<Origin>;
  /** Origins whose logs say that they miss a host. */
  readonly losers: Set<Origin>;
  /** Origins whose logs are bare: see replication/receiving/bare.ts. */
  readonly bare: Set<Origin>;
  /** Origins that logs name, as far as they have no log here and no goodbye. */
  readonly unheard: Set<OriginId>;
  readonly goodbyes: Map<OriginId, number>;
  /** Origins that said goodbye and held what nobody has claimed yet: see departed.ts. */
  readonly departed: Map<OriginId, Departed>;
  /** Servers that are gone, the latest last: see gone.ts. */
  readonly gone: Map<OriginId, Gone>;
  /** Hosts of `--peer` that an operator has given up. */
  readonly givenUpPeers: Set<string>;
  /** Instances that logs have let go, the latest last: see late.ts. */
  readonly ended: Map<InstanceId, Ended>;
  /** What was asked for, on whichever link, and when: it is on its way. */
  readonly wanted: Map<OriginId, number>;
  /** What came by a link that is lost: it is asked for on another. */
  readonly orphaned: Set<OriginId>;
  readonly catalogue: Catalogue;
  /** Origins whose first snapshot the catalogue is to be told of before the step ends. */
  readonly unlisted: Set<Origin>;
  readonly connections: Map<ConnectionId, Connection>;
  /** All that were accepted, and which of them have not shaken hands. */
  readonly strangers: Strangers<ConnectionId>;
  /** When each limit was last told of, and how often it was reached since. */
  readonly limitsTold: Map<string, { readonly atMs: number; times: number }>;
  readonly links: Map<OriginId, Link>;
  /** With which timings each server was last told of that has others than this one. */
  readonly pacesTold: Map<Name, string>;
  /** Links on which something is to be asked at the end of the step. */
  readonly askers: Set<Link>;
  /** Links from which something may still be expected. */
  readonly expecting: Set<Link>;
  /** When the links are to be written to, and what is new to be announced to those that are spare. */
  flushDueMs: number;
  announceDueMs: number;
  flushedMs: number;
  readonly sessions: Map<ConnectionId, Session>;
  /** All that sessions hold, in bytes. */
  readonly heldBySessions: Account;
  /** What the logs of all other servers hold, in bytes. */
  readonly heldByLogs: Account;
  /** Which session an instance of ours belongs to. */
  readonly owners: Map<InstanceId, ConnectionId>;
  readonly targets: Map<string, Target>;
  /** Addresses of masters ever heard of. */
  readonly masterAddresses: Set<string>;
  /** Where servers were that this one has lost: see ways.ts. */
  readonly lostAddresses: Set<string>;
  /** Of these the few that are tried now, and how often others were: see seeking.ts. */
  sought: readonly string[];
  seeks: number;
  /** Neighbours that have shaken hands and have said nothing of themselves since: see missing.ts. */
  readonly unspoken: Set<OriginId>;
  /** Where the other server of this host would be found, and where one was. */
  readonly siblingAddresses: Set<string>;
  readonly forgetTokens: Set<string>;
  /** The latest removals and when each was, for who comes too late to be told: see answers.ts. */
  readonly removals: Map<InstanceId, Change & { readonly atMs: number }>;
  /** Services whose last instance went, and when: the latest of them. */
  readonly vanished: Map<Name, number>;
  /** What this server saw happen. */
  readonly history: History;
  nowMs: number;
  /** Origins that lost their way here. */
  readonly loose: Set<OriginId>;
  /** Origins that have new links or were proven, and those suspect ones that someone has lost. */
  readonly grown: Set<OriginId>;
  isViewDirty: boolean;
  areTargetsDirty: boolean;
  /** Set once, when the view was complete through a neighbour or at a cold start. */
  isSynced: boolean;
  isComplete: boolean;
  /** What the neighbours were told last: see replication.ts. */
  isVouched: boolean;
  /** When the view was last computed. */
  viewedMs: number;
  /** The hosts that this view lacks, as many as are named, and how many there are. */
  missing: readonly Name[];
  missingCount: number;
  /** Why the view is not complete; null if it is. */
  why: Why | null;
  /** When this server says that hosts are missing, if too few others have said it by then. */
  sayMissingMs: number;
  /** At a cold start: when the others were last told what this server has. */
  askedMs: number;
  /** How many neighbours miss a host. */
  readonly missedBy: Map<Name, number>;
  /** The hosts of the origins that this server itself cannot reach, as last told to neighbours. */
  ownMissing: readonly Name[];
  /** When something was last heard of servers or their links; registrations are no news. */
  newsMs: number;
  /** After a long sleep, what clients ask while their news is taken in: see sleep.ts. */
  held: (() => void)[] | null;
  /** Whether a master, or this server as one, can be reached. */
  reachesMaster: boolean;
  /** Whether there are several hosts, and no master among all that are known. */
  isWithoutMaster: boolean;
  /** Bugs that were met, and when one of them was nobody's doing. */
  faultsCount: number;
  faultedMs: number;
  isSecondFault: boolean;
  /** Servers that no link is made to, and until when: what they sent met a bug of ours. */
  readonly barred: Map<OriginId, number>;
  /** It stops because it met the second such bug within a minute. */
  isFailing: boolean;
  isStopping: boolean;
  /** The machine has not what this server has bound, or tells others. */
  isAddressGone: boolean;
  /** Where doors of this server should be, and other programs are. */
  heldPlaces: readonly HeldPlace[];
  /** When a stopping server waits no longer for its sibling. */
  leaveMs: number;
  hasLeft: boolean;
}

/** The origins that can be reached, this server first, in the order in which they became known. */
export function* reachableOrigins(state: State): Generator<Origin> {
  for (const origin of state.origins.values()) {
    if (origin.standing === 'reachable') yield origin;
  }
}

/** Whether a host is this server's own. */
export function isOwnHost(state: State, host: Name): boolean {
  return host === state.options.facts.host;
}
