// Six hosts in two clusters, each a node of a network of namespaces: two servers and, at each of
// them, a standing `lookup web --watch`; an instance of `web`; a terminal. The invariant: a test
// begins with a world that is whole, whatever happened in the test before.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { test as plainTest, type TestAPI } from 'vitest';

import { eventually } from '../support/conditions.ts';
import { canMakeNetworks, type Network, type Node, openNetwork } from './network.ts';
import { LIBRARY, NODE_SCRIPT, type Program, RARANGI, type Said, TIED } from './programs.ts';
import type { Host, Server, World } from './shapes.ts';
import { canShapeNetworks, openTaps, type Trait } from './taps.ts';
import { openTerminal } from './terminal.ts';
import { agreeAll } from './views.ts';

/** A world that somebody opened, and closes. */
export interface OpenWorld extends World {
  /** Makes it whole. */
  restore(): Promise<void>;
  /** Ends everything that runs in it, and its network. */
  close(): Promise<void>;
}

/** A world whose network may lose and delay. */
interface LossyWorld extends OpenWorld {
  /** From now on this happens to what goes from one host to another; heal() mends it. */
  shape(traitOf: (from: string, to: string) => Omit<Trait, 'from' | 'to'>): Promise<void>;
}

type WorldTest<W> = ReturnType<TestAPI<{ world: W }>['skipIf']>;

/** Tests with a world, where networks can be made; there is one for all the tests of a file. */
export const netTest: WorldTest<OpenWorld> = testsIn(openWorld).skipIf(!canMakeNetworks());

/** The same with a network that may lose and delay. */
export const lossyTest: WorldTest<LossyWorld> = testsIn(openLossyWorld).skipIf(!canShapeNetworks());

function testsIn<W extends OpenWorld>(open: () => Promise<W>) {
  return plainTest
    .extend<{ $file: { shared: W } }>({
      shared: [
        // vitest reads from the pattern which other fixtures this one needs: none.
        async ({}, use) => {
          const world = await open();
          await use(world);
          await world.close();
        },
        { scope: 'file' },
      ],
    })
    .extend<{ world: W }>({
      world: async ({ shared, onTestFailed }, use) => {
        onTestFailed(() => {
          process.stderr.write(`what the servers wrote: ${keepLogs(shared)}\n`);
        });
        await shared.restore();
        await use(shared);
      },
    });
}

/** Opens a world in which nothing runs yet. */
export async function openWorld(): Promise<OpenWorld> {
  return worldOn(await openNetwork(PLANS.length));
}

async function openLossyWorld(): Promise<LossyWorld> {
  const taps = await openTaps(PLANS.length);
  const world = worldOn(await openNetwork(PLANS.length, () => Promise.resolve(taps)));
  const indexes = PLANS.map((_, at) => at + 1);
  const nameOf = (index: number): string => PLANS[index - 1]!.name;
  const shape: LossyWorld['shape'] = async (traitOf) => {
    const traits = indexes.flatMap((from) =>
      indexes.map((to) => ({ from, to, ...traitOf(nameOf(from), nameOf(to)) })),
    );
    await taps.shape(traits);
  };
  const heal = async (): Promise<void> => {
    await taps.shape([]);
    await world.heal();
  };
  const restore = async (): Promise<void> => {
    await taps.shape([]);
    await world.restore();
  };
  return { ...world, shape, heal, restore };
}

function worldOn(network: Network): OpenWorld {
  const extras: Program[] = [];
  const world = createWorld(network, extras);
  return { ...world, restore: () => restore(world, extras), close: () => network.close() };
}

/** Resolves with the first time since then that a program has said so. */
export async function said(
  program: Program,
  fields: Readonly<Record<string, unknown>>,
  sinceMs = 0,
): Promise<Said> {
  const entries = Object.entries(fields);
  const fits = (one: Said): boolean =>
    one.atMs >= sinceMs && entries.every(([key, value]) => one.fields[key] === value);
  const endMs = performance.now() + SAID_MS_MAX;
  for (;;) {
    const found = program.said.find(fits);
    if (found !== undefined) return found;
    const isLate = performance.now() > endMs;
    if (program.isOver() || isLate) throw new Error(`never said: ${JSON.stringify(fields)}`);
    await delay(ASKED_EVERY_MS);
  }
}

/** Resolves when that moment has passed. */
export async function passed(atMs: number): Promise<void> {
  await eventually(
    () => `${String(atMs)} ms`,
    () => (performance.now() > atMs ? true : undefined),
  );
}

/** Every server that runs, of these hosts. */
export function serversOf(world: World, names: readonly string[] = HOSTS): Server[] {
  return names.flatMap((name) => world.host(name).servers);
}

function createWorld(network: Network, extras: Program[]): World {
  const hosts = PLANS.map(({ name, cluster, isMaster }, index): Host => ({
    ...{ name, cluster, isMaster },
    node: network.nodes[index]!,
    ...POWERLESS,
  }));
  const host = (name: string): Host => hosts.find((one) => one.name === name)!;
  const unplugged = new Set<string>();
  const nodesOf = (isIn: (name: string) => boolean): Node[] =>
    hosts.filter(({ name }) => !unplugged.has(name) && isIn(name)).map(({ node }) => node);
  let joined = Promise.resolve();
  // One after another, each by what is plugged in by then.
  const joinAll = (group: readonly string[] = []): Promise<void> => {
    joined = joined.then(() =>
      network.join([
        nodesOf((name) => !group.includes(name)),
        nodesOf((name) => group.includes(name)),
      ]),
    );
    return joined;
  };
  return {
    hosts,
    host,
    cut: joinAll,
    unplug: async (name) => {
      unplugged.add(name);
      await joinAll();
    },
    heal: async () => {
      for (const { name, servers } of hosts) if (servers.length > 0) unplugged.delete(name);
      await joinAll();
      await Promise.all(hosts.map(({ node }) => node.dropNone()));
    },
    powerOff: async (...names) => {
      for (const name of names) unplugged.add(name);
      await joinAll();
      for (const name of names) killAll(host(name));
    },
    kill: (name) => {
      killAll(host(name));
    },
    boot: async (name) => {
      killAll(host(name));
      unplugged.delete(name);
      await joinAll();
      await start(host(name));
    },
    restart: async (name, event = 'server-started') => {
      const ones = host(name);
      for (const server of ones.servers) {
        server.program.signal('SIGTERM');
        await server.program.ended;
        const next = await watched(ones.node, ones.node.start(serveWords(ones)));
        server.watch.signal('SIGKILL');
        await said(next.program, { event });
        ones.servers = ones.servers.map((one) => (one === server ? next : one));
      }
    },
    startExtra: (name) => {
      const extra = startWeb(host(name).node, 'sidecar');
      extras.push(extra);
      return extra;
    },
  };
}

/** Leaves the logs of all programs in a folder, and says where. */
function keepLogs(world: World): string {
  const folder = mkdtempSync(join(tmpdir(), 'rarangi-namespaces-'));
  const keep = (name: string, { said: lines }: Program): void => {
    const text = lines.map(({ atMs, fields }) => `${atMs.toFixed(1)} ${JSON.stringify(fields)}\n`);
    writeFileSync(join(folder, name), text.join(''));
  };
  for (const { name, program, watch } of serversOf(world)) {
    keep(`${name}.log`, program);
    keep(`${name}.watch`, watch);
  }
  return folder;
}

/** Everything runs and is joined, and all agree. */
async function restore(world: World, extras: Program[]): Promise<void> {
  for (const extra of extras.splice(0)) extra.signal('SIGKILL');
  await world.heal();
  await Promise.all(
    world.hosts.map(async (host) => {
      for (const { program } of host.servers) program.signal('SIGCONT');
      host.web?.signal('SIGCONT');
      if (host.servers.length === 0) await world.boot(host.name);
      else if (host.web?.isOver() === true) host.web = startWeb(host.node, kindOf(host));
    }),
  );
  await agreeAll(world);
}

function killAll(host: Host): void {
  host.node.killAll();
  Object.assign(host, POWERLESS);
}

async function start(host: Host): Promise<void> {
  const { node } = host;
  host.terminal = openTerminal(node);
  host.web = startWeb(node, kindOf(host));
  const programs = [node.start(serveWords(host)), node.start(serveWords(host))];
  host.servers = await Promise.all(programs.map((program) => watched(node, program)));
}

function serveWords({ name, cluster, isMaster, node }: Host): string[] {
  const { peer } = PLANS.find((plan) => plan.name === name)!;
  return [
    ...RARANGI,
    ...['serve', '--environment=production', '--insecure', '--log-format=json'],
    ...[`--bind=${node.address}`, `--cluster=${cluster}`, `--host=${name}`, `--peer=${peer}`],
    ...(isMaster ? ['--master'] : []),
  ];
}

async function watched(node: Node, program: Program): Promise<Server> {
  const { fields } = await said(program, { event: 'server-started' });
  const { name, address } = fields as { name: string; address: string };
  const words = ['lookup', 'web', '--watch', '--environment=production', `--server=${address}`];
  return { name, address, program, watch: node.start([...RARANGI, ...words]) };
}

/** How an instance takes part: beside a sidecar, wrapped by one, or by itself. */
type Kind = 'sidecar' | 'wrapped' | 'embedding';

function kindOf({ name }: Host): Kind {
  return PLANS.find((plan) => plan.name === name)!.kind;
}

function startWeb(node: Node, kind: Kind): Program {
  if (kind === 'embedding') return node.start([...NODE_SCRIPT, EMBEDDING]);
  const register = ['register', '--environment=production', '--name=web', '--port=80'];
  const wrapped = kind === 'wrapped' ? ['--', ...TIED, ...NODE_SCRIPT, LISTENING] : [];
  return node.start([...RARANGI, ...register, '--log-format=json', ...wrapped]);
}

const EMBEDDING = `
  import { connect } from ${JSON.stringify(LIBRARY)};
  connect({ environment: 'production' }).register({ name: 'web', port: 80 });`;
const LISTENING = `import { createServer } from 'node:net'; createServer().listen(80);`;

/** Forty processes start at a time, on two cores that others may need as well. */
const SAID_MS_MAX = 60_000;

const ASKED_EVERY_MS = 10;

const POWERLESS = { servers: [], terminal: null, web: null } as const;

/** Each starts from one address only; both servers of a host are masters, or none. */
const PLANS = [
  { name: 'h1', cluster: 'east', isMaster: true, peer: '10.77.0.4', kind: 'sidecar' },
  { name: 'h2', cluster: 'east', isMaster: true, peer: '10.77.0.1', kind: 'wrapped' },
  { name: 'h3', cluster: 'east', isMaster: false, peer: '10.77.0.1', kind: 'embedding' },
  { name: 'h4', cluster: 'west', isMaster: true, peer: '10.77.0.2', kind: 'sidecar' },
  { name: 'h5', cluster: 'west', isMaster: true, peer: '10.77.0.4', kind: 'wrapped' },
  { name: 'h6', cluster: 'west', isMaster: false, peer: '10.77.0.5', kind: 'embedding' },
] as const;

/** For tests of many steps, the first of which starts some forty processes. */
export const PATIENTLY = { timeout: 240_000 } as const;

/** The names of all hosts. */
export const HOSTS: readonly string[] = PLANS.map(({ name }) => name);

/** The hosts of each of the two clusters. */
export const [EAST, WEST] = ['east', 'west'].map((cluster) =>
  PLANS.filter((plan) => plan.cluster === cluster).map(({ name }) => name),
) as [string[], string[]];
