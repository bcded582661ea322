// One sidecar for several services, a file that changes, and ports that the sidecar chooses.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { lookup, type ServerHandle } from '../../src/index.ts';
import { ownFolder, reaching, startServer, watchSynced } from '../io/world.ts';
import { freePort } from '../support/free-port.ts';
import type { Program } from './program.ts';
import { startHealth, startSidecar, switchable } from './sidecar.ts';

async function found(server: ServerHandle, name: string) {
  return (await lookup(name, reaching(server))).instances;
}

async function registered({ line }: Program, names: readonly string[]): Promise<void> {
  for (const name of names) await line(new RegExp(`"registered".*"service":"${name}"`));
}

interface Listing {
  readonly name: string;
  readonly port: number;
  readonly scheme?: string;
  readonly check?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

function listIn(path: string, services: readonly Listing[]): void {
  writeFileSync(path, JSON.stringify({ services }));
}

test('one sidecar stands for several services', async () => {
  const server = await startServer();
  const services = ['name=web,port=80,scheme=http', 'name=admin,port=81,tag.v=7,address=10.0.0.7'];
  const words = services.flatMap((each) => ['--service', each]);

  const sidecar = startSidecar(server, [...words, '--name', 'third', '--port', '82']);
  await registered(sidecar, ['web', 'admin', 'third']);

  expect(await found(server, 'web')).toMatchObject([{ port: 80, scheme: 'http' }]);
  expect(await found(server, 'admin')).toMatchObject([
    { port: 81, address: '10.0.0.7', tags: { v: '7' } },
  ]);
  expect(await found(server, 'third')).toMatchObject([{ port: 82 }]);
  sidecar.child.kill('SIGTERM');
  expect((await sidecar.ended).code).toBe(0);
  expect(await found(server, 'web')).toEqual([]);
});

test('each of several services is registered when its own port accepts', async () => {
  const server = await startServer();
  const [early, late] = [await freePort(), await freePort()];
  const words = ['--service', `name=early,port=${early},ready=none`];
  const sidecar = startSidecar(server, [
    ...[...words, '--service', `name=late,port=${late}`, '--', ...switchable(late)],
  ]);
  await registered(sidecar, ['early']);
  const before = await found(server, 'late');

  await sidecar.line(/^ready$/);
  sidecar.child.kill('SIGUSR1');
  await registered(sidecar, ['late']);

  expect(before).toEqual([]);
  expect(await found(server, 'late')).toMatchObject([{ port: late }]);
});

test('SIGHUP has the file read again: tags change without a gap, services come and go', async () => {
  const server = await startServer();
  const file = join(ownFolder(), 'services.json');
  listIn(file, [
    { name: 'db', port: 1, tags: { v: '1' } },
    { name: 'old', port: 2 },
  ]);
  const sidecar = startSidecar(server, ['--file', file]);
  await registered(sidecar, ['db', 'old']);
  const db = await watchSynced('db', reaching(server));
  const old = await watchSynced('old', reaching(server));
  const [before] = await found(server, 'db');

  listIn(file, [
    { name: 'db', port: 1, scheme: 'pg', tags: { v: '2' } },
    { name: 'new', port: 3 },
  ]);
  sidecar.child.kill('SIGHUP');

  expect([await db.next(), await old.next()]).toEqual(['updated 1', 'removed 2 deregistered']);
  await registered(sidecar, ['new']);
  expect(await found(server, 'db')).toMatchObject([
    { instance: before!.instance, scheme: 'pg', tags: { v: '2' } },
  ]);
  expect(await found(server, 'new')).toMatchObject([{ port: 3 }]);
});

test('a service that is not checked any more is back', async () => {
  const server = await startServer();
  const file = join(ownFolder(), 'services.json');
  const watching = await watchSynced('db', reaching(server));
  const health = await startHealth();
  listIn(file, [{ name: 'db', port: 1, check: health.url }]);
  const pace = ['--check-interval', '500ms', '--check-fall', '1'];
  const sidecar = startSidecar(server, ['--file', file, ...pace]);
  // Given up before any server has heard of it, it would never have been there.
  const added = await watching.next();
  health.fail();
  const removed = await watching.next();

  listIn(file, [{ name: 'db', port: 1 }]);
  sidecar.child.kill('SIGHUP');

  expect([added, removed]).toEqual(['added 1', 'removed 1 unhealthy']);
  expect(await watching.next()).toBe('added 1');
});

test('a file with a mistake in it changes nothing, and the log says so', async () => {
  const server = await startServer();
  const file = join(ownFolder(), 'services.json');
  listIn(file, [{ name: 'db', port: 1 }]);
  const sidecar = startSidecar(server, ['--file', file]);
  await registered(sidecar, ['db']);

  writeFileSync(file, '{"services": [{"name": "db"}]}');
  sidecar.child.kill('SIGHUP');

  const { reason } = JSON.parse(await sidecar.line(/"services-refused"/)) as { reason: string };
  expect(reason).toContain('service 1 has no port');
  expect(await found(server, 'db')).toMatchObject([{ port: 1 }]);
});

test('with a file SIGHUP is not for the command', async () => {
  const server = await startServer();
  const file = join(ownFolder(), 'services.json');
  const port = await freePort();
  listIn(file, [{ name: 'db', port }]);
  const { child, line, ended } = startSidecar(server, ['--file', file, '--', ...switchable(port)]);
  await line(/^ready$/);

  child.kill('SIGHUP');
  await line(/"services-reread"/);
  child.kill('SIGTERM');

  const { code, stdout } = await ended;
  expect([code, stdout]).toEqual([5, 'ready\ntold to end\n']);
});

test('a free port is chosen, told to the command and registered', async () => {
  const server = await startServer();
  const watching = await watchSynced('web', reaching(server));
  const script = 'if (process.argv[1] !== process.env.PORT) process.exit(9);';
  const listen = "require('node:net').createServer().listen(Number(process.argv[1]));";
  const command = [process.execPath, '--eval', `${script} ${listen}`, '{port}'];

  const sidecar = startSidecar(server, ['--name', 'web', '--port', '0', '--', ...command]);
  const { instance } = await watching.nextWhole();

  expect(instance).toMatchObject({ name: 'web', state: 'live' });
  expect(instance!.port).toBeGreaterThan(0);
  sidecar.child.kill('SIGTERM');
  expect((await sidecar.ended).code).toBe(143);
});

test('where no port is chosen, the words and the environment are as they were', async () => {
  const server = await startServer();
  const script = 'echo "${PORT-none} $1"';
  const offer = ['--name', 'web', '--port', '80', '--', 'sh', '-c', script, 'sh', '{port}'];

  const { stdout } = await startSidecar(server, offer).ended;

  expect(stdout).toBe(`${process.env['PORT'] ?? 'none'} {port}\n`);
});

test.each([
  [['--name', 'web', '--port', '0'], /port 0 of web needs a command/],
  [['--name', 'web'], /missing required flag --port/],
  [['--port', '80'], /missing required flag --name/],
  [[], /missing required flag --name/],
  [['--file', '/no/such/file'], /cannot read services from/],
  [['--service', 'name=a b,port=80'], /a b/],
  [['--service', 'name=a,port=80', '--name', 'a', '--port', '80'], /offered twice/],
])('%j is a mistake', async (words, complaint) => {
  const server = await startServer();

  const { code, stdout, stderr } = await startSidecar(server, words).ended;

  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(complaint);
});

test('a name that is none is refused before the command starts', async () => {
  const server = await startServer();
  const words = ['--name', 'a b', '--port', '80', '--', 'echo', 'started'];

  const { code, stdout } = await startSidecar(server, words).ended;

  expect([code, stdout]).toEqual([125, '']);
});
