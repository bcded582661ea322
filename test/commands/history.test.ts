// The events of one host, as another one tells them: by the built program, on real hosts.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect } from 'vitest';
import { allComplete, serveWords, startHosts, type Host } from '../support/hosts.ts';
import { test, type Stage } from '../support/processes.ts';
import { type Row, toldOf } from '../support/told.ts';

interface Told {
  readonly reachesBackTo: string;
  readonly rows: Row[];
}

async function told(stage: Stage, { address }: Host, words: readonly string[]): Promise<Told> {
  const { stdout } = await stage.run(['history', `--server=${address}`, '--json', ...words]);
  return JSON.parse(stdout) as Told;
}

test('a removal is told on another host with its cause, its host and who did it', async ({
  stage,
}) => {
  const hosts = await startHosts(stage, 3);
  await allComplete(hosts);
  const [h1, , h3] = hosts;
  let status = 200;
  const health = createServer((_, response) => response.writeHead(status).end());
  await new Promise<void>((resolve) => void health.listen(0, '127.0.0.1', resolve));
  const { port } = health.address() as AddressInfo;
  const url = `http://127.0.0.1:${String(port)}/`;
  const register = ['register', `--server=${h3!.address}`, '--log-format=json', '--port=1'];
  const sidecar = (name: string, ...words: string[]) =>
    stage.start([...register, `--name=${name}`, ...words]);
  const sidecars = {
    killed: sidecar('killed'),
    stopped: sidecar('stopped'),
    ended: sidecar('ended', '--ready=none', '--', 'sh', '-c', 'read line; exit 3'),
    sick: sidecar('sick', `--check=${url}`, '--check-interval=1s'),
  };
  await Promise.all(Object.values(sidecars).map((one) => one.said({ event: 'registered' })));
  await Promise.all(
    Object.keys(sidecars).map((name) =>
      stage.run(['lookup', name, '--wait=20s', `--server=${h1!.address}`]),
    ),
  );

  sidecars.killed.signal('SIGKILL');
  sidecars.stopped.signal('SIGTERM');
  sidecars.ended.type('\n');
  status = 503;
  const names = ['killed', 'stopped', 'ended', 'sick'];
  const rows = await Promise.all(
    names.map((name) => toldOf(stage, { host: h1!, service: name, event: 'removed' })),
  );
  health.close();

  const where = { host: 'h3', server: expect.stringMatching(/^h3-[ab]/) as unknown };
  expect(rows).toMatchObject([
    { ...where, cause: 'closed', detail: 'its connection ended' },
    { ...where, cause: 'deregistered', detail: 'SIGTERM to the sidecar' },
    { ...where, cause: 'deregistered', detail: 'exit status 3' },
    { ...where, cause: 'unhealthy', detail: expect.stringContaining(`${url}: 503`) as unknown },
  ]);
});

test('side B tells what happened after side A has started anew', async ({ stage }) => {
  const [host] = await startHosts(stage, 1);
  await allComplete([host!]);
  const at = `--server=${host!.address}`;
  const sidecar = stage.start(['register', at, '--log-format=json', '--name=web', '--port=1']);
  await sidecar.said({ event: 'registered' });
  await stage.run(['lookup', 'web', '--wait=10s', at]);
  await sidecar.end();

  await host!.a.end('SIGKILL');
  const words = ['serve', '--log-format=json', '--host=h1', `--bind=${host!.address}`, '--master'];
  const again = stage.start(words);
  await again.said({ event: 'server-started' });
  const text = await stage.run(['history', 'web', at]);
  const none = await stage.run(['history', 'db', at]);
  const early = await stage.run(['history', 'db', '--since=24h', at]);

  expect(text.code).toBe(0);
  const removed =
    /^\d\d:\d\d:\d\d\.\d{3}  web  127\.\S+:1 +removed +deregistered: SIGTERM to the sidecar +h1 \(h1-[ab]/m;
  expect(text.stdout).toMatch(removed);
  expect(text.stdout).toMatch(/\n\(this server has seen all since \d\d:\d\d:\d\d\)\n$/);
  expect([none.code, none.stdout]).toEqual([1, '']);
  expect(none.stderr).toMatch(/^warning: nothing happened: this server has seen all since /);
  expect([early.code, early.stdout]).toEqual([5, '']);
  expect(early.stderr).toMatch(/^warning: cannot tell: this server has seen all since /);
  const { rows, reachesBackTo } = await told(stage, host!, ['web']);
  expect(new Date(reachesBackTo).toISOString()).toBe(reachesBackTo);
  expect(Object.keys(rows.at(-1)!)).toEqual(
    [
      'time',
      'ageMs',
      'event',
      'service',
      'instance',
      'address',
      'host',
      'cluster',
      'server',
    ].concat(['cause', 'detail']),
  );
});

test('a followed history ends as soon as nobody reads it', async ({ stage }) => {
  const [host] = await startHosts(stage, 1);
  await allComplete([host!]);
  const command = `"$0" "$1" history --server=${host!.address} --follow | head -1`;
  const { stdout, code } = await stage.spawn([
    ...['sh', '-c', command, process.execPath],
    new URL('../../bin/run.js', import.meta.url).pathname,
  ]).ended;

  expect(code).toBe(0);
  expect(stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} [^\n]+\n$/);
});

test('a followed history goes on at the other server when the one that told it is lost', async ({
  stage,
}) => {
  const [host] = await startHosts(stage, 1);
  await allComplete([host!]);
  const at = `--server=${host!.address}`;
  const register = (name: string) =>
    stage
      .start(['register', at, '--log-format=json', `--name=${name}`, '--port=1'])
      .said({ event: 'registered' });
  const follow = stage.start(['history', at, '--follow', '--json']);
  await register('one');
  await follow.printed({ event: 'registered', service: 'one' });

  await host!.a.end('SIGKILL');
  await register('two');
  await follow.printed({ event: 'registered', service: 'two' });
  stage.start(serveWords({ ...host!, isMaster: true, peers: [] }));
  await follow.printed({ event: 'reachable', server: 'h1-a' });
  await host!.b.end('SIGKILL');
  await register('three');
  await follow.printed({ event: 'registered', service: 'three' });

  expect((await follow.end()).code).toBe(0);
});

test('a host that crashes takes its services along, and says so elsewhere', async ({ stage }) => {
  const hosts = await startHosts(stage, 3);
  await allComplete(hosts);
  const [h1, , h3] = hosts;
  const sidecar = stage.start([
    ...['register', `--server=${h3!.address}`, '--log-format=json', '--name=web', '--port=1'],
  ]);
  await sidecar.said({ event: 'registered' });
  await stage.run(['lookup', 'web', '--wait=20s', `--server=${h1!.address}`]);

  h3!.a.signal('SIGSTOP');
  h3!.b.signal('SIGSTOP');
  const row = await toldOf(stage, { host: h1!, service: 'web', event: 'removed' });
  const { rows } = await told(stage, h1!, ['--host=h3']);

  expect(row).toMatchObject({ cause: 'crash', host: 'h3' });
  expect(row.detail).toMatch(/h3/);
  expect(
    rows
      .filter(({ event }) => event === 'crashed')
      .map(({ server }) => server)
      .sort(),
  ).toEqual(['h3-a', 'h3-b']);
});

test('serve --history says how many events are remembered', async ({ stage }) => {
  const address = stage.address();
  const serve = ['serve', '--log-format=json', `--bind=${address}`, '--host=h1'];
  const server = stage.start([...serve, '--history=2']);
  await server.said({ event: 'view-complete' });
  const words = ['register', '--port=1', `--server=${address}:17340`, '--log-format=json'];
  for (const name of ['one', 'two', 'three']) {
    await stage.start([...words, `--name=${name}`]).said({ event: 'registered' });
  }

  const { rows } = await told(stage, { address } as Host, []);
  const refused = await stage.run([...serve, '--history=-1']);

  expect(rows.map(({ service }) => service)).toEqual(['two', 'three']);
  expect(refused.code).toBe(2);
});
