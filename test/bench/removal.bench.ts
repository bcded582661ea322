// How soon a service that ended is gone from every server: killed, hung, or cut off with its host.
// Real processes on six hosts in network namespaces (as root), watched at every server by one
// process, on the clock that all processes share. Run: npx vitest bench --run test/bench/removal.bench.ts. Nothing fails for being
// slow.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { bench, describe } from 'vitest';

import { canMakeNetworks } from '../namespaces/network.ts';
import { type Program, RARANGI, type Said } from '../namespaces/programs.ts';
import type { Host } from '../namespaces/shapes.ts';
import { openWorld, type OpenWorld, serversOf } from '../namespaces/world.ts';
import { eventually } from '../support/conditions.ts';

const KILL_ROUNDS = 5;
const VICTIMS = 20;
const CUTS = 10;

/** Delays, in milliseconds, from the event until the watch at each server told of it. */
interface Measured {
  readonly what: string;
  readonly promised: string;
  /** One list for each time that it was done. */
  readonly delays: readonly (readonly number[])[];
}

describe.skipIf(!canMakeNetworks())('removal', () => {
  bench(
    'from the end of a service until every watch has told of it',
    async () => {
      const world = await openWorld();
      try {
        await world.restore();
        const servers = serversOf(world).length;
        const observer = await observe(world);
        const table = [
          await measureKills(world.host('h6'), { observer, servers }),
          await measureHangs(world.host('h3'), { observer, servers }),
          await measureCuts(world, { observer, servers: servers - 2 }),
        ];
        process.stdout.write(tableOf(table));
      } catch (error) {
        // Thrown on, it would be shown to nobody.
        console.error(error);
        process.exitCode = 1;
      } finally {
        await world.close();
      }
    },
    { iterations: 1, time: 0, warmupIterations: 0, warmupTime: 0 },
  );
});

interface Watched {
  readonly observer: Program;
  /** At how many servers a change is waited for. */
  readonly servers: number;
}

async function measureKills(host: Host, watched: Watched): Promise<Measured> {
  const delays: number[][] = [];
  for (let round = 0; round < KILL_ROUNDS; round += 1) {
    const names = namesOf(`killed-${String(round)}`);
    const sidecars = names.map((name) => startWrapped(host, name));
    await Promise.all(names.map((name) => toldOf(watched, 'added', name)));
    for (const [index, name] of names.entries()) {
      const { pid } = sidecars[index]!;
      const command = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
      const sinceMs = sharedMs();
      process.kill(command, 'SIGKILL');
      delays.push(await delaysOf(watched, name, sinceMs));
    }
  }
  return { what: 'wrapped service, kill -9', promised: '10 ms (p99)', delays };
}

async function measureHangs(host: Host, watched: Watched): Promise<Measured> {
  const names = namesOf('hung');
  const programs = names.map((name) => startEmbedding(host, name));
  await Promise.all(names.map((name) => toldOf(watched, 'added', name)));
  const delays = await Promise.all(
    names.map(async (name, index) => {
      const startMs = sharedMs() + index * STAGGER_MS;
      await eventually(
        () => 'its turn',
        () => (sharedMs() >= startMs ? true : undefined),
      );
      const sinceMs = sharedMs();
      programs[index]!.signal('SIGSTOP');
      return await delaysOf(watched, name, sinceMs);
    }),
  );
  for (const program of programs) program.signal('SIGKILL');
  return { what: 'program with the library, hung', promised: '4 s', delays };
}

async function measureCuts(world: OpenWorld, watched: Watched): Promise<Measured> {
  const delays: number[][] = [];
  for (let round = 0; round < CUTS; round += 1) {
    const name = `cut-${String(round)}`;
    const service = startEmbedding(world.host('h6'), name);
    await toldOf(watched, 'added', name);
    const sinceMs = sharedMs();
    await world.unplug('h6');
    delays.push(await delaysOf(watched, name, sinceMs));
    service.signal('SIGKILL');
    await world.restore();
  }
  return { what: 'host cut off, no FIN', promised: '2 s', delays };
}

/** Watches `bench` at every server, from a host that is never cut off; from now on. */
async function observe(world: OpenWorld): Promise<Program> {
  const servers = serversOf(world).map(({ name, address }) => ({ name, address }));
  const observer = runScript(
    world.host('h1'),
    `import { watch } from ${LIBRARY};
    for (const { name, address } of ${JSON.stringify(servers)}) follow(name, address);
    async function follow(server, address) {
      for await (const event of watch('bench', { environment: 'production', servers: [address] })) {
        const atMs = Number(process.hrtime.bigint()) / 1e6;
        const { change, instance } = event;
        console.log(JSON.stringify({ server, change, name: instance?.tags.name, atMs }));
      }
    }`,
  );
  const isSynced = ({ fields }: Said): boolean => fields['change'] === 'synced';
  await eventually(
    () => 'a watch at every server',
    () => (observer.said.filter(isSynced).length >= servers.length ? true : undefined),
  );
  return observer;
}

/** The port only has to accept connections: the server's own does. */
function startWrapped({ node }: Host, name: string): Program {
  const register = ['register', '--environment=production', '--name=bench', '--port=17310'];
  const own = [`--address=${node.address}`, `--tag=name=${name}`, '--log-format=json'];
  return node.start([...RARANGI, ...register, ...own, '--', 'sleep', 'infinity']);
}

function startEmbedding(host: Host, name: string): Program {
  const offer = { name: 'bench', port: 80, tags: { name } };
  return runScript(
    host,
    `import { connect } from ${LIBRARY};
    connect({ environment: 'production' }).register(${JSON.stringify(offer)});`,
  );
}

function runScript({ node }: Host, script: string): Program {
  return node.start([process.execPath, '--input-type=module', '--eval', script]);
}

/** Resolves with the events of the watches when all have told them. */
async function toldOf({ observer, servers }: Watched, change: string, name: string) {
  return await eventually(
    () => `${change} ${name} at ${servers} servers`,
    () => {
      const told = observer.said.filter(
        ({ fields }) => fields['name'] === name && fields['change'] === change,
      );
      return told.length >= servers ? told : undefined;
    },
  );
}

async function delaysOf(watched: Watched, name: string, sinceMs: number): Promise<number[]> {
  const told = await toldOf(watched, 'removed', name);
  return told.map(({ fields }) => (fields['atMs'] as number) - sinceMs);
}

function tableOf(rows: readonly Measured[]): string {
  const head = [
    'gone from every server',
    'times',
    'p50 at the first',
    'p50',
    'p99',
    'most',
    'promised',
  ];
  const lines = rows.map(({ what, promised, delays }) => {
    const first = sorted(delays.map((each) => Math.min(...each)));
    const last = sorted(delays.map((each) => Math.max(...each)));
    const shown = [quantile(first, 0.5), ...[0.5, 0.99, 1].map((share) => quantile(last, share))];
    return [what, String(delays.length), ...shown.map((ms) => `${ms.toFixed(1)} ms`), promised];
  });
  const widths = head.map((_, column) =>
    Math.max(...[head, ...lines].map((line) => line[column]!.length)),
  );
  const textOf = (line: readonly string[]) =>
    line.map((cell, column) => cell.padEnd(widths[column]!)).join('  ');
  return `\n${[head, ...lines].map(textOf).join('\n')}\n\n`;
}

function sorted(figures: readonly number[]): number[] {
  return [...figures].sort((one, other) => one - other);
}

/** Of sorted figures. */
function quantile(figures: readonly number[], share: number): number {
  return figures[Math.min(figures.length - 1, Math.ceil(share * figures.length) - 1)] ?? NaN;
}

function namesOf(prefix: string): string[] {
  return Array.from({ length: VICTIMS }, (_, index) => `${prefix}-${String(index)}`);
}

/** The clock that all processes of a machine share. */
function sharedMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

const LIBRARY = JSON.stringify(join(import.meta.dirname, '../../dist/index.js'));

/** So that they are stopped at different moments of their heartbeats. */
const STAGGER_MS = 53;
