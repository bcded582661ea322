// Twice the load that the machine can carry, for 30 s: three hosts with two servers each, sidecars,
// and programs with the library, that have to share the processors with twice as many busy loops as
// there are of those. No living instance may be removed, nor stay stale.

import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';

import { allComplete, type Host, startHosts } from '../support/hosts.ts';
import { test, type Ended, type Running } from '../support/processes.ts';

test('on a machine with twice the load that it can carry nothing that lives is removed', async ({
  stage,
}) => {
  const hosts = await startHosts(stage, 3);
  await allComplete(hosts);
  const servers = hosts.flatMap(({ a, b }) => [a, b]);
  const offer = ({ address }: Host, port: number): Running =>
    stage.start(['register', `--name=${SERVICE}`, `--port=${String(port)}`, `--server=${address}`]);
  hosts.forEach((host, index) => offer(host, 1 + index));
  const programs = hosts.map(({ address }, index) =>
    stage.spawn([process.execPath, PROGRAM, address, SERVICE, String(4 + index)]),
  );
  await Promise.all(programs.map((program) => toldOfAll(program)));

  const loops = Array.from({ length: 2 * availableParallelism() }, () =>
    stage.spawn(['sh', '-c', 'while :; do :; done']),
  );
  await delay(LOAD_MS);
  process.stderr.write(`${String(loops.length)} busy loops; load ${loadavg()[0]!.toFixed(1)}\n`);
  await Promise.all(loops.map((loop) => loop.end('SIGKILL')));
  offer(hosts[0]!, LAST_PORT);
  await Promise.all(programs.map((program) => program.printed({ port: LAST_PORT })));

  const ended = await Promise.all(programs.map((program) => program.end()));
  const stories = ended.map(storyOf);
  const stale = stories.flatMap((story) => story.stale);
  process.stderr.write(`in doubt for a while: ${String(stale.length)}\n`);
  expect(stories.map(({ removed }) => removed)).toEqual([[], [], []]);
  expect(stories.map(({ left }) => left)).toEqual([[], [], []]);
  const crashes = servers.flatMap((server) => server.allSaid({ event: 'origin-crashed' }));
  const splits = servers.flatMap((server) => server.allSaid({ event: 'origin-split' }));
  expect([crashes, splits]).toEqual([[], []]);
});

/** Resolves when a program has been told of every instance that there is before the load. */
async function toldOfAll(program: Running): Promise<void> {
  await Promise.all(PORTS.map((port) => program.printed({ port })));
}

/** The events of a program, up to the instance that comes last. */
function storyOf({ stdout }: Ended): { removed: string[]; stale: string[]; left: number[] } {
  const lines = stdout.trimEnd().split('\n');
  const told = lines.map((line) => JSON.parse(line) as { change: string; port?: number });
  const removed = lines.filter((_, index) => told[index]!.change === 'removed');
  const stale = lines.filter((_, index) => told[index]!.change === 'stale');
  const left = PORTS.filter(
    (port) => told.findLast((one) => one.port === port)?.change === 'stale',
  );
  return { removed, stale, left };
}

const SERVICE = 'web';
const PORTS = [1, 2, 3, 4, 5, 6];
const LAST_PORT = 7;
const LOAD_MS = 30_000;
const PROGRAM = join(import.meta.dirname, '../support/watching-program.js');
