// The page's knowledge of a fleet, made of the events of the feed, one after the other. The
// invariant: news that comes twice, or all of it from the beginning, changes only what is
// different; rows that stay the same are the same objects, so that nothing is drawn anew without
// need.

import type { EventInfo } from '../answers/history.ts';
import type { FeedEvent, FeedServer, FeedService, FeedStatus } from '../doors/http/feed.ts';

/** A host and its servers. */
export interface Host {
  readonly name: string;
  readonly cluster: string;
  readonly servers: readonly FeedServer[];
}

/** Something that happened, and when by the clock of this browser. */
export interface Happening extends EventInfo {
  readonly atMs: number;
}

/** All that is known. */
export interface Fleet {
  readonly status: FeedStatus | null;
  /** When the status was told, by the clock of this browser. */
  readonly toldMs: number;
  readonly servers: ReadonlyMap<string, FeedServer>;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly services: ReadonlyMap<string, FeedService>;
  /** The newest first. */
  readonly happenings: readonly Happening[];
}

/** Nothing is known yet. */
export const NO_FLEET: Fleet = {
  status: null,
  toldMs: 0,
  servers: new Map(),
  hosts: new Map(),
  services: new Map(),
  happenings: [],
};

/** The knowledge after an event. */
export function withEvent(fleet: Fleet, event: FeedEvent, nowMs: number): Fleet {
  switch (event.event) {
    case 'status':
      return { ...fleet, status: event, toldMs: nowMs };
    case 'peers': {
      const servers = merged(fleet.servers, { ...event, rows: event.servers });
      return { ...fleet, servers, hosts: hostsOf(servers, fleet.hosts) };
    }
    case 'services':
      return { ...fleet, services: merged(fleet.services, { ...event, rows: event.services }) };
    case 'history': {
      const before = event.whole ? [] : fleet.happenings;
      const happenings = [...happeningsOf(event.rows, nowMs), ...before].slice(0, HAPPENINGS_MAX);
      return { ...fleet, happenings };
    }
  }
}

/** The latest events of a server, the newest first. */
export function happeningsOf(rows: readonly EventInfo[], nowMs: number): Happening[] {
  return rows.map((row) => ({ ...row, atMs: nowMs - row.ageMs })).reverse();
}

interface Rows<Row> {
  readonly whole: boolean;
  readonly rows: readonly Row[];
  readonly gone: readonly string[];
}

function merged<Row extends { readonly name: string }>(
  known: ReadonlyMap<string, Row>,
  { whole, rows, gone }: Rows<Row>,
): ReadonlyMap<string, Row> {
  const all = new Map(whole ? [] : known);
  for (const row of rows) all.set(row.name, row);
  for (const name of gone) all.delete(name);
  return all;
}

/** Each host with its servers, in the order of their names; the same object where nothing changed. */
function hostsOf(
  servers: ReadonlyMap<string, FeedServer>,
  before: ReadonlyMap<string, Host>,
): ReadonlyMap<string, Host> {
  const grouped = new Map<string, FeedServer[]>();
  for (const server of servers.values()) {
    const group = grouped.get(server.host) ?? [];
    group.push(server);
    grouped.set(server.host, group);
  }
  const hosts = new Map<string, Host>();
  for (const [name, group] of grouped) {
    group.sort(byName);
    const known = before.get(name);
    const isSame =
      known?.servers.length === group.length &&
      known.servers.every((server, index) => server === group[index]);
    hosts.set(name, isSame ? known : { name, cluster: group[0]?.cluster ?? '', servers: group });
  }
  return hosts;
}

/**
 * Rows in the order of their names, in which h2 comes before h10. To compare a thousand names takes
 * longer than to draw what has changed, so it is done when there are other names than before.
 */
export class NameOrder {
  #names: readonly string[] = [];

  /** In their order: the same list as long as there are no others. */
  get names(): readonly string[] {
    return this.#names;
  }

  rowsOf<Row extends { readonly name: string }>(rows: ReadonlyMap<string, Row>): Row[] {
    const { size } = rows;
    const known = this.#names.flatMap((name) => rows.get(name) ?? []);
    if (known.length === size && this.#names.length === size) return known;
    const sorted = [...rows.values()].sort(byName);
    this.#names = sorted.map(({ name }) => name);
    return sorted;
  }
}

/** Hosts by cluster; both in the order of their names. */
export function clustersOf(
  hosts: ReadonlyMap<string, Host>,
  order = new NameOrder(),
): [cluster: string, Host[]][] {
  const clusters = new Map<string, Host[]>();
  for (const host of order.rowsOf(hosts)) {
    const members = clusters.get(host.cluster) ?? [];
    members.push(host);
    clusters.set(host.cluster, members);
  }
  return [...clusters].sort(([one], [other]) => ORDER.compare(one, other));
}

/** Compares by name, numbers within by their size. */
export function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return ORDER.compare(one.name, other.name);
}

const ORDER = new Intl.Collator('en', { numeric: true });

/** As many as a person scrolls through; of a service or a host the server is asked for its own. */
const HAPPENINGS_MAX = 100;
