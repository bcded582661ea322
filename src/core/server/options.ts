// The options of a server core. All of them are fixed for its life: a restarted server is a new
// origin.

import type { InstanceId, InstanceKey, Name, OriginId } from '../../protocol/ids.ts';
import type { Facts } from '../../protocol/records.ts';
import type { Catalogue, Holders } from '../catalogue/catalogue.ts';
import type { Log } from './origins/log.ts';

/** A limit of limits.ts that may have another number. */
export type SetLimit =
  | 'connections'
  | 'connections-per-address'
  | 'strangers'
  | 'registrations'
  | 'bytes'
  // For tests, which cannot wait so long: operators cannot change these.
  | 'bytes-per-session'
  | 'bytes-per-log'
  | 'bytes-of-logs'
  | 'bytes-of-changes'
  | 'origins-per-link';

/** The settings of one server. Addresses as in input.ts. */
export interface ServerOptions {
  readonly environment: Name;
  /** 16 random bytes, new at every start. */
  readonly origin: OriginId;
  readonly facts: Facts;
  /** Where to start: every address of every `--peer`. */
  readonly peers: readonly string[];
  /** Where the other server of this host would be. */
  readonly siblings: readonly string[];
  /**
   * Where servers of this machine listen that have no well-known port and are found by their
   * sockets.
   */
  readonly siblingsAt?: string;
  readonly heartbeatMs: number;
  readonly silenceMs: number;
  readonly graceMs: number;
  readonly splitHoldMs: number;
  /** What locks its TCP, for answers to clients; `none` if absent. */
  readonly lock?: 'none' | 'secret' | 'certificate';
  /** Limits other than those of limits.ts, where an operator may set them. */
  readonly limits?: Readonly<Partial<Record<SetLimit, number>>>;
  /**
   * Whether its process may open so few files that this limits the connections, and no operator
   * does.
   */
  readonly areFilesFew?: boolean;
  /** Rows of the ring of events; those of history.ts if absent, 0 for none. */
  readonly historyRows?: number;
  /** The place for logs and catalogue, if it is shared by several servers. */
  readonly keeping?: Keeping;
  /** The id of the instance that a key makes: a hash, which the core cannot compute. */
  readonly instanceOf: (key: InstanceKey) => InstanceId;
  /** A seeded generator of numbers from 0 (included) to 1, for jitter. */
  readonly random: () => number;
}

/** Thousands of servers in one process keep common values once: see test/sim. */
export interface Keeping {
  readonly createLog: (origin: OriginId, facts: Facts) => Log;
  readonly createCatalogue: (holders: Holders) => Catalogue;
}
