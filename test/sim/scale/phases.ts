// The events of a large world, one after the other, and their costs: the simulated time until all
// servers agree, and what each of them sends, receives and computes meanwhile. A phase ends when
// all agree; the next begins when the world has rested.

import type { Instance } from '../../../src/protocol/records.ts';
import { bytesOf } from './bytes.ts';
import type { Account, Host, ScaleServer, ScaleWorld } from './world.ts';

export type { Account };

/** The result of a phase. */
export interface Figures {
  readonly phase: string;
  /** Simulated time from the last fault until all servers agree; Infinity if they never do. */
  readonly agreedMs: number;
  /** Until all views are complete. */
  readonly completeMs: number;
  readonly accounts: readonly Account[];
  readonly bytesByKind: ReadonlyMap<string, number>;
  /** Simulated time that the accounts cover. */
  readonly coveredMs: number;
  /** Of this machine's time. */
  readonly wallMs: number;
  /** Other results, by name. */
  readonly remarks: Readonly<Record<string, number>>;
}

/** Starts everything at once. */
export function coldStart(world: ScaleWorld): Figures {
  return measure(world, 'cold start', () => {
    for (const host of world.hosts) {
      for (const side of SIDES) {
        world.clock.after(world.random() * START_MS, () => {
          world.start(host, side);
        });
      }
    }
    world.clock.run(REGISTERED_MS);
    return () => {
      const perLink = [...world.servers.values()]
        .flatMap((server) => [...server.ends.values()].map((end) => end.bytesSent))
        .sort(ascending);
      const catalogue = catalogueBytes(world);
      return {
        'catalogue bytes': catalogue,
        'per link and way, median, in catalogues': medianOf(perLink) / catalogue,
        'per link and way, most, in catalogues': (perLink.at(-1) ?? 0) / catalogue,
        'links of a leaf, median': medianOf(linkCounts(world, false)),
        'links of a leaf, most': linkCounts(world, false).at(-1) ?? 0,
        'links of a master, median': medianOf(linkCounts(world, true)),
        'links of a master, most': linkCounts(world, true).at(-1) ?? 0,
      };
    };
  });
}

/** Services here and there change, one after the other, each at both servers of its host. */
export function change(world: ScaleWorld, count: number): Figures {
  const changed = new Map<string, number>();
  let deliveries = 0;
  let slowestMs = 0;
  world.onArrival = (message) => {
    if (message.kind !== 'entries') return;
    for (const { entries } of message.batches) {
      for (const entry of entries) {
        if (entry.kind !== 'put') continue;
        const { instance, revision } = entry.registration;
        if (changed.get(instance) === revision) deliveries += 1;
      }
    }
  };
  const figures = measure(world, `${String(count)} changes`, () => {
    for (let done = 0; done < count; done += 1) {
      const host = at(world.hosts, Math.floor(world.random() * world.hosts.length));
      const { instance, revision } = world.update(host, 0, SIDES);
      changed.set(instance, revision);
      const tookMs = world.runUntil(() => agreeOn(world, [host]), { everyMs: 1, withinMs: 5_000 });
      slowestMs = Math.max(slowestMs, tookMs);
      world.clock.run(200 * world.random());
    }
    return () => ({
      'slowest change, ms': slowestMs,
      'deliveries per server': deliveries / (count * 2 * (world.servers.size - 1)),
    });
  });
  world.onArrival = null;
  return figures;
}

/** Restarts both servers of some hosts, one server after the other. */
export function rollingRestart(world: ScaleWorld, hosts: readonly Host[]): Figures {
  return measure(world, `restart of ${String(2 * hosts.length)} servers`, () => {
    for (const host of hosts) {
      for (const side of SIDES) restart(world, host, side);
    }
    return () => ({});
  });
}

function restart(world: ScaleWorld, host: Host, side: 'a' | 'b'): void {
  const server = [...world.servers.values()].find((one) => one.host === host && one.side === side);
  if (server === undefined) throw new RangeError(`no server ${host.name}-${side}`);
  world.stop(server);
  world.runUntil(() => !server.isRunning, { everyMs: 10, withinMs: 5_000 });
  const next = world.start(host, side);
  world.runUntil(() => next.core.state.view.isComplete, { everyMs: 50, withinMs: 10_000 });
}

/** The host of two masters loses its power. */
export function loseMaster(world: ScaleWorld): Figures {
  return measure(world, 'loss of a master host', () => {
    const host = world.hosts.findLast(({ isMaster }) => isMaster);
    if (host !== undefined) world.darken(host);
    return () => ({ 'links of a leaf, least': linkCounts(world, false)[0] ?? 0 });
  });
}

/** Cuts the clusters into three groups. */
export function split(world: ScaleWorld): Figures {
  return measure(world, 'three-way split', () => {
    world.network.split(groupOf(world));
    return () => ({});
  });
}

/** Ends the cut. */
export function heal(world: ScaleWorld): Figures {
  return measure(world, 'heal', () => {
    world.network.split(null);
    return () => ({});
  });
}

/** Whether every server has exactly the logs of the servers in its reach. */
export function agree(world: ScaleWorld): boolean {
  return disagreement(world) === null;
}

/** What keeps the servers from agreeing; null if nothing does. */
export function disagreement(world: ScaleWorld): string | null {
  const group = world.network.isSplit ? groupOf(world) : (): number => 0;
  const servers = [...world.servers.values()];
  for (const server of servers) {
    const { origins } = server.core.state;
    const ours = group(server.host.name);
    for (const other of servers) {
      const { self } = other.core.state;
      const known = origins.get(self.id);
      const isNear = group(other.host.name) === ours;
      const isRight = isNear
        ? known?.standing === 'reachable' && known.log.sequence === self.log.sequence
        : known?.standing === 'split';
      if (!isRight)
        return `${nameOf(server)} takes ${nameOf(other)} for ${String(known?.standing)}`;
    }
    // A crashed server is kept for a while, and is in no answer.
    const known = [...origins.values()].filter(({ standing }) => standing !== 'crashed').length;
    if (known !== servers.length) {
      return `${nameOf(server)} knows ${String(known)} of ${String(servers.length)}`;
    }
  }
  return null;
}

function nameOf({ host, side }: ScaleServer): string {
  return `${host.name}-${side}`;
}

function agreeOn(world: ScaleWorld, hosts: readonly Host[]): boolean {
  const servers = [...world.servers.values()];
  const watched = servers.filter(({ host }) => hosts.includes(host));
  return servers.every(({ core }) =>
    watched.every(({ core: { state } }) => {
      return core.state.origins.get(state.self.id)?.log.sequence === state.self.log.sequence;
    }),
  );
}

/** Runs a phase, waits until all agree, and accounts for it. */
function measure(world: ScaleWorld, phase: string, act: () => () => Figures['remarks']): Figures {
  world.openAccounts();
  const [sinceMs, wallMs] = [world.clock.nowMs, performance.now()];
  const remarks = act();
  const within = { everyMs: 20, withinMs: AGREED_MS_MAX };
  const agreedMs = world.runUntil(() => agree(world), within);
  if (agreedMs === Infinity) process.stderr.write(`${phase}: ${String(disagreement(world))}\n`);
  const isComplete = world.network.isSplit
    ? (): boolean => true
    : (): boolean => [...world.servers.values()].every(({ core }) => core.state.view.isComplete);
  const completeMs = agreedMs + (isComplete() ? 0 : world.runUntil(isComplete, within));
  const accounts = [...world.servers.values()].map(({ account }) => ({ ...account }));
  const figures = {
    phase,
    agreedMs,
    completeMs,
    accounts,
    bytesByKind: new Map(world.bytesByKind),
    coveredMs: world.clock.nowMs - sinceMs,
    wallMs: performance.now() - wallMs,
    remarks: { ...remarks(), 'catalogues that are wrong': wrongCatalogues(world) },
  };
  world.clock.run(REST_MS);
  return figures;
}

/** How many of the catalogues are not exactly what the services hold at servers that run. */
function wrongCatalogues(world: ScaleWorld): number {
  const group = world.network.isSplit ? groupOf(world) : (): number => 0;
  const running = new Set([...world.servers.values()].map(({ host }) => host));
  const samples = [...world.servers.values()].filter(({ isSample }) => isSample);
  const isWrong = (sample: ScaleServer): boolean => {
    const expected = new Map<string, string>();
    for (const host of running) {
      const state = group(host.name) === group(sample.host.name) ? 'live' : 'stale';
      for (const { instance, revision } of host.registrations) {
        expected.set(instance, `${state} ${String(revision)}`);
      }
    }
    const { catalogue } = sample.core.state;
    const seen = catalogue.serviceNames().flatMap((service) => catalogue.instancesOf(service));
    const isExpected = ({ registration, state }: Instance): boolean =>
      expected.get(registration.instance) === `${state} ${String(registration.revision)}`;
    return seen.length !== expected.size || !seen.every(isExpected);
  };
  return samples.filter(isWrong).length;
}

/** The size of everything, as snapshots carry it. */
function catalogueBytes(world: ScaleWorld): number {
  let bytes = 0;
  for (const { core } of world.servers.values()) {
    const { id, log } = core.state.self;
    bytes += bytesOf({
      kind: 'snapshot',
      origin: id,
      sequence: log.sequence,
      part: 0,
      facts: log.facts,
      links: [...log.links],
      registrations: [...log.registrations.values()],
      more: false,
    });
  }
  return bytes;
}

/** Clusters 0, 3, 6 …, clusters 1, 4, 7 …, and clusters 2, 5, 8 …. */
function groupOf(world: ScaleWorld): (host: string) => number {
  const groups = new Map(
    world.hosts.map(({ name, cluster }) => [name, Number(cluster.slice(1)) % 3]),
  );
  return (host) => groups.get(host) ?? 0;
}

function linkCounts(world: ScaleWorld, isMaster: boolean): number[] {
  return [...world.servers.values()]
    .filter(({ host }) => host.isMaster === isMaster)
    .map(({ core }) => core.state.links.size)
    .sort(ascending);
}

/** The middle one of sorted numbers. */
export function medianOf(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** For sorting numbers. */
export function ascending(one: number, other: number): number {
  return one - other;
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`no item ${String(index)}`);
  return item;
}

const SIDES = ['a', 'b'] as const;

/** A cold start begins within this. */
const START_MS = 100;

/** By then all services have registered. */
const REGISTERED_MS = 600;

const AGREED_MS_MAX = 120_000;

/** Between two phases: longer than a replaced link is kept, and a look at all hashes. */
const REST_MS = 12_000;
