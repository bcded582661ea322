// Servers that are too busy to answer for 3 s, and live: real processes, three hosts on addresses
// of loopback. No server may take that for a net-split, nor lose more than the host itself. Most of
// the time is waited: until a cold start is complete (5 s), and while somebody is busy. So they run
// together.

import { join } from 'node:path';
import { expect } from 'vitest';

import { type Client, connect, lookup, peers } from '../../src/index.ts';
import { eventually } from '../support/conditions.ts';
import { type HostOptions, serveWords } from '../support/hosts.ts';
import { type Fields, test, type Running, type Stage } from '../support/processes.ts';

test.concurrent(
  'no server misses one that is busy for 3 s, and it misses none',
  async ({ stage }) => {
    await using world = await startWorld(stage, { busy: 'h1', isBusyWhole: false });

    world.busy.signal('SIGUSR2');
    await world.busy.said({ event: 'was-busy' });
    await world.agreed();

    const { h1, ...others } = await world.told();
    expect(doubtedAndBack(h1)).toEqual(['h2', 'h3']);
    expect(others).toEqual({ h2: [], h3: [] });
    expect(world.saidOfOthers('origin-crashed')).toEqual(new Set(['h1-a']));
    expect(world.busy.allSaid({ event: 'slept' })).toHaveLength(1);
    expect(world.splitsOfOthers()).toEqual([]);
  },
);

test.concurrent(
  'a host whose servers are all busy for 3 s is away alone, and takes no other for gone',
  async ({ stage }) => {
    await using world = await startWorld(stage, { busy: 'h3', isBusyWhole: true });

    world.busy.signal('SIGUSR2');
    await world.busy.said({ event: 'was-busy' });
    await world.agreed();

    const away = ['removed h3', 'added h3'];
    const { h3, ...others } = await world.told();
    expect(doubtedAndBack(h3)).toEqual(['h1', 'h2']);
    expect(others).toEqual({ h1: away, h2: away });
    expect(world.saidOfOthers('origin-crashed')).toEqual(new Set(['h3-a', 'h3-b']));
    expect(world.splitsOfOthers()).toEqual([]);
  },
);

/**
 * The hosts whose services a watch called stale and then live again, and nothing else: a server
 * that slept vouches for no service until it has heard of it again.
 */
function doubtedAndBack(story: readonly string[] | undefined): readonly string[] {
  const told = story ?? [];
  const hosts = told.filter((each) => each.startsWith('stale ')).map((each) => each.slice(6));
  expect(told.slice(0, hosts.length)).toEqual(hosts.map((host) => `stale ${host}`));
  expect(told.slice(hosts.length).sort()).toEqual(hosts.map((host) => `live ${host}`).sort());
  return hosts.sort();
}

/** Which host is busy: its side A, or both of its sides, in one process. */
interface Busy {
  readonly busy: string;
  readonly isBusyWhole: boolean;
}

/** Starts three hosts, each with a service and a watch. Resolves when all agree. */
async function startWorld(stage: Stage, { busy, isBusyWhole }: Busy): Promise<World> {
  const addresses = HOSTS.map(() => stage.address());
  const started = await Promise.all(
    HOSTS.map(async (name, index) => {
      const address = addresses[index]!;
      const peers = addresses.slice(0, 2).filter((peer) => peer !== address);
      const options = { name, address, isMaster: name !== 'h3', peers };
      if (name !== busy)
        return [await startServer(stage, options), await startServer(stage, options)];
      const first = await startBusy(stage, options, isBusyWhole ? 2 : 1);
      return isBusyWhole ? [first] : [first, await startServer(stage, options)];
    }),
  );
  const world = new World(addresses, started.flat(), started[HOSTS.indexOf(busy)]![0]!);
  await world.open();
  return world;
}

async function startServer(stage: Stage, options: HostOptions): Promise<Running> {
  const server = stage.start(serveWords(options));
  await server.said({ event: 'server-started' });
  return server;
}

/** Starts so many servers of a host in one program, side A first. */
async function startBusy(
  stage: Stage,
  { name: host, address: bind, isMaster: master, peers }: HostOptions,
  count: number,
): Promise<Running> {
  const servers = Array.from({ length: count }, () => ({ host, bind, master, peers }));
  const given = JSON.stringify({ servers, busyMs: BUSY_MS });
  const program = stage.spawn([process.execPath, BUSY_SERVER, given]);
  await program.said({ event: 'serving' });
  return program;
}

/** Three hosts; a service at each of them, and a watch. */
class World {
  /** The program that can be made busy. */
  readonly busy: Running;
  readonly #programs: readonly Running[];
  readonly #addresses: readonly string[];
  readonly #clients: readonly Client[];
  readonly #stories = HOSTS.map((): string[] => []);

  constructor(addresses: readonly string[], programs: readonly Running[], busy: Running) {
    this.busy = busy;
    this.#programs = programs;
    this.#addresses = addresses;
    this.#clients = addresses.map((address) => connect({ servers: [address] }));
  }

  /** Offers and watches; resolves when every server knows of everything. */
  async open(): Promise<void> {
    for (const client of this.#clients) client.register({ name: SERVICE, port: 1 });
    await Promise.all(this.#programs.map((program) => program.said({ event: 'view-complete' })));
    await this.agreed();
    this.#clients.forEach((client, index) => void this.#follow(client, this.#stories[index]!));
    const isSynced = () => this.#stories.every((story) => story.includes('synced'));
    await eventually(
      () => JSON.stringify(this.#stories),
      () => isSynced() || undefined,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  /** Resolves when every server reaches all others, and knows that each of a host holds its service. */
  async agreed(): Promise<void> {
    const sides = this.#addresses.flatMap((address) => [`${address}:17340`, `${address}:17341`]);
    for (const server of sides) await this.#agreedAt(server);
  }

  /** The events of every watch since it was synced, and before an instance that comes last. */
  async told(): Promise<Record<string, string[]>> {
    await this.#clients[1]!.register({ name: SERVICE, port: LAST_PORT }).registered;
    const isLast = (line: string) => line === `added h2 ${String(LAST_PORT)}`;
    await eventually(
      () => JSON.stringify(this.#stories),
      () => this.#stories.every((story) => story.some(isLast)) || undefined,
    );
    const since = this.#stories.map((story) => {
      const told = story.slice(story.indexOf('synced') + 1, story.findIndex(isLast));
      return told.map((line) => line.replace(/ 1$/, ''));
    });
    return Object.fromEntries(HOSTS.map((host, index) => [host, since[index]!]));
  }

  /** The servers that all programs but the busy one speak of. */
  saidOfOthers(event: string): Set<unknown> {
    return new Set(
      this.#others.flatMap((program) => program.allSaid({ event })).map(({ server }) => server),
    );
  }

  /** The servers that any program but the busy one takes for split off: that one could reach nobody. */
  splitsOfOthers(): Fields[] {
    return this.#others.flatMap((program) => program.allSaid({ event: 'origin-split' }));
  }

  get #others(): readonly Running[] {
    return this.#programs.filter((program) => program !== this.busy);
  }

  async #follow(client: Client, story: string[]): Promise<void> {
    for await (const { change, instance } of client.watch(SERVICE)) {
      const what = instance === undefined ? '' : ` ${instance.host} ${String(instance.port)}`;
      story.push(`${change}${what}`);
    }
  }

  async #agreedAt(server: string): Promise<void> {
    const options = { servers: [server] };
    let last: unknown;
    await eventually(
      () => `${server} says ${JSON.stringify(last)}`,
      async () => {
        const known = await peers(options).catch(() => null);
        const found = await lookup(SERVICE, options).catch(() => null);
        last = { known, found };
        if (known === null || found === null) return undefined;
        const isWhole = known.servers.every(
          ({ state, registrations }) => state === 'reachable' && registrations === 1,
        );
        const live = found.instances.filter(({ state }) => state === 'live');
        const counts = [known.servers.length, live.length];
        return (isWhole && known.complete && String(counts) === '6,3') || undefined;
      },
    );
  }
}

const HOSTS = ['h1', 'h2', 'h3'];
const SERVICE = 'web';
const LAST_PORT = 9;
const BUSY_MS = 3_000;
const BUSY_SERVER = join(import.meta.dirname, '../support/busy-server.js');
