// The parts of a fleet in the feed: the state of the server, the servers, the number of instances
// of each service, the events. Each part comes whole at first, then only its changes. The
// invariant: a reader that keeps the latest row of each name, and drops the names that are gone,
// knows what the server knows.

import type { EventInfo } from '../../answers/history.ts';
import type { PeerInfo, ServiceInfo, StatusFacts } from '../../answers/shapes.ts';

/** A host with servers out of reach. */
export interface FeedAway {
  readonly host: string;
  readonly state: 'suspect' | 'split';
  /** Milliseconds since it was last in reach. */
  readonly agoMs: number;
  /** Milliseconds until its instances are dropped; absent while it is only suspect. */
  readonly leftMs?: number;
}

/** The event `status`: as `/v1/status`, and which hosts are out of reach. */
export interface FeedStatus extends StatusFacts {
  readonly event: 'status';
  readonly away: readonly FeedAway[];
}

/** A server in the feed: the row of `/v1/peers` without the fields that no page shows. */
export interface FeedServer extends Pick<
  PeerInfo,
  'name' | 'host' | 'cluster' | 'role' | 'state' | 'registrations' | 'self'
> {
  readonly side: 'a' | 'b' | 'unknown';
  /** The names of the servers that it has links to, as far as they are known. */
  readonly links: readonly string[];
}

/** A part of the event `peers`. */
export interface FeedPeers {
  readonly event: 'peers';
  /** Whether all earlier rows are void. */
  readonly whole: boolean;
  readonly servers: readonly FeedServer[];
  /** The names of those that are gone. */
  readonly gone: readonly string[];
}

/** A service in the feed: the row of `/v1/services`, and where it is. */
export interface FeedService extends ServiceInfo {
  /** On how many hosts it has instances, and in how many clusters. */
  readonly hosts: number;
  readonly clusters: number;
}

/** A part of the event `services`. */
export interface FeedServices {
  readonly event: 'services';
  readonly whole: boolean;
  readonly services: readonly FeedService[];
  readonly gone: readonly string[];
}

/** An event of the feed. */
export type FeedEvent = FeedStatus | FeedPeers | FeedServices | FeedHistory;

/** The event `history`: the newest rows, the oldest first. */
export interface FeedHistory {
  readonly event: 'history';
  readonly whole: boolean;
  readonly reachesBackTo: string;
  readonly rows: readonly EventInfo[];
}

/** The rows of one kind that were told, by name, and their changes. */
export class ToldRows<Row> {
  #told: ReadonlyMap<string, Row> = new Map();

  /** The changes since the last time: rows that are another record, and names without one. */
  changesTo(rows: ReadonlyMap<string, Row>): { changed: Row[]; gone: string[] } {
    const told = this.#told;
    this.#told = rows;
    if (rows === told) return { changed: [], gone: [] };
    const changed = [...rows].filter(([name, row]) => told.get(name) !== row);
    const gone = [...told.keys()].filter((name) => !rows.has(name));
    return { changed: changed.map(([, row]) => row), gone };
  }
}

/** The same rows in parts that a reader handles without a pause; at least one. */
export function inParts<Row>(rows: readonly Row[]): Row[][] {
  const parts: Row[][] = [];
  for (let at = 0; at < rows.length || at === 0; at += PART_ROWS) {
    parts.push(rows.slice(at, at + PART_ROWS));
  }
  return parts;
}

const PART_ROWS = 500;
