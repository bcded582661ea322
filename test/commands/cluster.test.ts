// The main job: a service, started by its sidecar, is found on every host, and gone when it dies;
// and no client notices when a server does.

import { expect } from 'vitest';
import { watch } from '../../src/index.ts';
import { deferred } from '../../src/io/deferred.ts';
import { freePort } from '../support/free-port.ts';
import { allComplete, type Host, serveWords, startHosts } from '../support/hosts.ts';
import { LookupLoop } from '../support/lookup-loop.ts';
import { needs } from '../support/needs.ts';
import { type Running, type Stage, test } from '../support/processes.ts';
import { readFileSync } from 'node:fs';

test.skipIf(!needs('redis-server'))(
  'redis is found at each of six servers, and at none when it is killed',
  async ({ stage }) => {
    const hosts = await startHosts(stage, 3);
    await allComplete(hosts);
    const port = await freePort();
    await startRedis(stage, hosts[2]!, port);

    const found = await lookupEverywhere(stage, hosts);
    const removals = addressesOf(hosts).map(removalAt);
    await Promise.all(removals.map(({ present }) => present));
    process.kill(redisPid(stage), 'SIGKILL');
    const causes = await Promise.all(removals.map(({ removed }) => removed));
    const lost = await lookupEverywhere(stage, hosts);

    expect(found).toEqual(Array(6).fill({ code: 0, stdout: `${hosts[2]!.address}:${port}\n` }));
    expect(causes).toEqual(Array(6).fill('deregistered'));
    expect(lost).toEqual(Array(6).fill({ code: 1, stdout: '' }));
  },
);

test('no lookup misses a service while every server is restarted in turn', async ({ stage }) => {
  const hosts = await startHosts(stage, 3);
  const [h1, h2, h3] = hosts as [Host, Host, Host];
  const sidecar = stage.start([
    ...['register', '--name=cache', '--port=6379', '--log-format=json'],
    `--server=${h3.address}`,
  ]);
  await registeredWith(sidecar, ['h3-a', 'h3-b']);
  const loops = hosts.map(({ address }) => new LookupLoop('cache', [address]));
  const masters = [h1.address, h2.address];

  const restarts = hosts.flatMap((host) => {
    const peers = masters.filter((master) => master !== host.address);
    const words = serveWords({ ...host, isMaster: masters.includes(host.address), peers });
    return (['a', 'b'] as const).map((side) => ({ host, side, words }));
  });
  for (const { host, side, words } of restarts) {
    let server = host[side];
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await Promise.all([server.end(signal), ...loops.map((loop) => loop.turn())]);
      server = stage.start(words);
      await server.said({ event: 'view-complete' });
      if (host === h3) await registeredWith(sidecar, [`h3-${side}`]);
      await Promise.all(loops.map((loop) => loop.turn()));
    }
  }
  const misses = await Promise.all(loops.map((loop) => loop.end()));

  expect(misses).toEqual([[], [], []]);
});

async function startRedis(stage: Stage, host: Host, port: number): Promise<void> {
  const sidecar = stage.start([
    ...['register', '--name=cache', `--port=${port}`, '--log-format=json'],
    `--server=${host.address}`,
    ...['--', 'redis-server', '--port', String(port)],
  ]);
  await registeredWith(sidecar, [`${host.name}-a`, `${host.name}-b`]);
}

async function registeredWith(sidecar: Running, servers: readonly string[]): Promise<void> {
  await Promise.all(servers.map((server) => sidecar.said({ event: 'registered', server })));
}

function redisPid(stage: Stage): number {
  return stage
    .processesLeft()
    .find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('redis-server'))!;
}

/** The removal of `cache` as one server tells of it. */
function removalAt(server: string) {
  const present = deferred();
  const removed = deferred<string | undefined>();
  const follow = async (): Promise<void> => {
    for await (const { change, cause } of watch('cache', { servers: [server] })) {
      if (change === 'synced') present.resolve();
      if (change !== 'removed') continue;
      removed.resolve(cause);
      return;
    }
  };
  void follow();
  return { present: present.promise, removed: removed.promise };
}

function addressesOf(hosts: readonly Host[]): string[] {
  return hosts.flatMap(({ address }) => [`${address}:17340`, `${address}:17341`]);
}

function lookupEverywhere(stage: Stage, hosts: readonly Host[]) {
  return Promise.all(
    addressesOf(hosts).map(async (server) => {
      const { code, stdout } = await stage.run(['lookup', 'cache', `--server=${server}`]);
      return { code, stdout };
    }),
  );
}
