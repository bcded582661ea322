// Six hosts in two clusters, each a node of a network of namespaces: two servers, a service behind a
// sidecar (`web`) and, at every server, a standing `lookup web --watch`. The invariant: a test
// begins with a world that is whole, whatever became of the test before.

import { test as plainTest } from 'vitest';

import { eventually } from '../support/conditions.ts';
import { type Network, type Node, openNetwork } from './network.ts';
import { type Program, RARANGI } from './programs.ts';
import { agreeAll } from './views.ts';

/** A server, and the watch that asks it. */
export interface Server {
  readonly name: string;
  /** `host:port`. */
  readonly address: string;
  readonly program: Program;
  readonly watch: Program;
}

/** A machine with two servers. */
export interface Host {
  readonly name: string;
  readonly cluster: string;
  readonly isMaster: boolean;
  /** The host that its servers start from. */
  readonly peer: string;
  readonly node: Node;
  /** None when it has no power. */
  servers: readonly Server[];
  /** The sidecar of its `web`. */
  sidecar: Program | null;
}

/** What the tests play with. */
export interface World {
  readonly hosts: readonly Host[];
  host(name: string): Host;
  /** Cuts these groups off from each other and from the rest, silently. */
  cut(...groups: readonly (readonly string[])[]): Promise<void>;
  /** Takes the cable of a host out. */
  unplug(name: string): Promise<void>;
  /** All cables in, all rules away. */
  heal(): Promise<void>;
  /** Takes the cable out and kills everything there. */
  powerOff(...names: readonly string[]): Promise<void>;
  /** Starts the programs of a host, with its cable in. */
  boot(name: string): Promise<void>;
}

/** Tests with a world; there is one for all the tests of a file. */
export const test = plainTest
  .extend<{ $file: { shared: World } }>({
    shared: [
      async ({}, use) => {
        const network = await openNetwork(PLANS.length);
        try {
          await use(await openWorld(network));
        } finally {
          await network.close();
        }
      },
      { scope: 'file' },
    ],
  })
  .extend<{ world: World }>({
    world: async ({ shared }, use) => {
      await restore(shared);
      await use(shared);
    },
  });

/** Starts a sidecar on a host; what follows `--` among the words is wrapped. */
export function startSidecar(host: Host, words: readonly string[]): Program {
  const own = ['register', '--environment=production', '--log-format=json', '--kill-after=1s'];
  return host.node.start([...RARANGI, ...own, ...words]);
}

/** Resolves when a program has said so, and with when. */
export async function said(program: Program, fields: Readonly<Record<string, unknown>>) {
  const entries = Object.entries(fields);
  return await eventually(JSON.stringify(fields), () =>
    program.said.find((one) => entries.every(([key, value]) => one.fields[key] === value)),
  );
}

/** Every server that runs. */
export function serversOf(world: World): Server[] {
  return world.hosts.flatMap(({ servers }) => servers);
}

async function openWorld(network: Network): Promise<World> {
  const hosts = PLANS.map((plan, index): Host => ({
    ...plan,
    node: network.nodes[index]!,
    servers: [],
    sidecar: null,
  }));
  const host = (name: string): Host => hosts.find((one) => one.name === name)!;
  const nodesOf = (names: readonly string[]) => names.map((name) => host(name).node);
  const restOf = (names: readonly string[]) =>
    hosts.filter(({ name }) => !names.includes(name)).map(({ node }) => node);
  const unplugged = new Set<string>();
  const join = (groups: readonly (readonly string[])[]) => {
    const named = [...groups.flat(), ...unplugged];
    return network.join([restOf(named), ...groups.map(nodesOf)]);
  };
  const world: World = {
    hosts,
    host,
    cut: (...groups) => join(groups),
    unplug: async (name) => {
      unplugged.add(name);
      await join([]);
    },
    heal: async () => {
      unplugged.clear();
      await join([]);
      await Promise.all(hosts.map(({ node }) => node.dropNone()));
    },
    powerOff: async (...names) => {
      for (const name of names) unplugged.add(name);
      await join([]);
      for (const name of names) shutDown(host(name));
    },
    boot: async (name) => {
      unplugged.delete(name);
      await join([]);
      await start(host(name), host(host(name).peer).node.address);
    },
  };
  await Promise.all(hosts.map(({ name }) => world.boot(name)));
  return world;
}

function shutDown(host: Host): void {
  host.node.killAll();
  host.servers = [];
  host.sidecar = null;
}

async function start(host: Host, peer: string): Promise<void> {
  const { name, cluster, isMaster, node } = host;
  const serve = [
    ...RARANGI,
    'serve',
    '--environment=production',
    '--insecure',
    '--log-format=json',
    `--bind=${node.address}`,
    `--cluster=${cluster}`,
    `--host=${name}`,
    `--peer=${peer}`,
    ...(isMaster ? ['--master'] : []),
  ];
  const programs = [node.start(serve), node.start(serve)];
  host.servers = await Promise.all(programs.map((program) => watched(host, program)));
  host.sidecar = startSidecar(host, ['--name=web', '--port=80']);
}

async function watched({ node }: Host, program: Program): Promise<Server> {
  const { fields } = await said(program, { event: 'server-started' });
  const name = String(fields['name']);
  const address = `${node.address}:${name.endsWith('-a') ? '17310' : '17311'}`;
  const watch = node.start([
    ...RARANGI,
    ...['lookup', 'web', '--watch', '--environment=production', `--server=${address}`],
  ]);
  return { name, address, program, watch };
}

/** Everything runs and is joined, and all agree. */
async function restore(world: World): Promise<void> {
  await world.heal();
  for (const host of world.hosts) {
    for (const { program } of host.servers) program.signal('SIGCONT');
    if (host.servers.length > 0) continue;
    await world.boot(host.name);
  }
  await agreeAll(world);
}

const PLANS = [
  { name: 'h1', cluster: 'east', isMaster: true, peer: 'h4' },
  { name: 'h2', cluster: 'east', isMaster: true, peer: 'h1' },
  { name: 'h3', cluster: 'east', isMaster: false, peer: 'h1' },
  { name: 'h4', cluster: 'west', isMaster: true, peer: 'h2' },
  { name: 'h5', cluster: 'west', isMaster: true, peer: 'h4' },
  { name: 'h6', cluster: 'west', isMaster: false, peer: 'h5' },
] as const;
