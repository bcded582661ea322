// When a service is in the catalogue: once it is ready, and as long as it is healthy.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { lookup } from '../../src/index.ts';
import { ownFolder, reaching, startServer, watchSynced } from '../io/world.ts';
import { freePort } from '../support/free-port.ts';
import { startHealth, startSidecar, switchable } from './sidecar.ts';

const PATIENTLY = { timeout: 30_000 };

function text(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

const OFTEN = ['--check-interval', '100ms', '--check-fall', '2', '--check-rise', '2'];

test('an unhealthy service is given up as that, and a healthy one is back', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const port = await freePort();
  const offer = ['--name', 'db', '--port', `${port}`, '--check', 'tcp', ...OFTEN];
  const { child, line, ended } = startSidecar(server, [...offer, '--', ...switchable(port)]);
  await line(/^ready$/);
  child.kill('SIGUSR1');
  const added = await watching.next();

  child.kill('SIGUSR2');
  const removed = await watching.next();
  child.kill('SIGUSR1');
  const addedAgain = await watching.next();
  child.kill('SIGTERM');

  expect([added, removed, addedAgain, await watching.next()]).toEqual([
    `added ${port}`,
    `removed ${port} unhealthy`,
    `added ${port}`,
    `removed ${port} deregistered`,
  ]);
  expect((await ended).code).toBe(5);
});

test('a service that stands alone is checked as well', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const well = join(ownFolder(), 'well');
  writeFileSync(well, '');
  const check = `exec:test -e ${well} || { echo it is gone; exit 1; }`;
  const offer = ['--name', 'db', '--port', '80', '--check', check, ...OFTEN];
  const { line } = startSidecar(server, offer);
  const added = await watching.next();

  rmSync(well);
  const removed = await watching.next();
  writeFileSync(well, '');

  expect([added, removed, await watching.next()]).toEqual([
    'added 80',
    'removed 80 unhealthy',
    'added 80',
  ]);
  expect(JSON.parse(await line(/"unhealthy"/))).toMatchObject({
    level: 'warn',
    reason: 'exit status 1: it is gone',
  });
});

test('an unhealthy service that is told to end is not drained', async () => {
  const server = await startServer();
  const health = await startHealth();
  const offer = ['--name', 'db', '--port', '80', '--ready', 'none', '--check', health.url];
  const words = [...offer, ...OFTEN, '--drain', '10m', '--', ...switchable(80)];
  const { child, line, ended } = startSidecar(server, words);
  await line(/^ready$/);
  await line(/"registered"/);
  health.fail();
  await line(/"unhealthy"/);

  child.kill('SIGTERM');

  expect((await ended).code).toBe(5);
});

test('a service is not listed before its check is good for the first time', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const folder = ownFolder();
  const [well, asked] = [join(folder, 'well'), join(folder, 'asked')];
  const check = `exec:echo x >> ${asked}; test -e ${well}`;
  const offer = ['--name', 'db', '--port', '9', '--ready', 'none', '--check', check];
  const sidecar = startSidecar(server, [...offer, ...OFTEN, '--', 'sleep', '600']);
  await expect.poll(() => text(asked).length, PATIENTLY).toBeGreaterThan(3);
  const before = (await lookup('db', reaching(server))).instances;

  writeFileSync(well, '');

  expect([before, await watching.next()]).toEqual([[], 'added 9']);
  sidecar.child.kill('SIGTERM');
  expect((await sidecar.ended).stderr).not.toContain('"unhealthy"');
});

test('a service is registered when its own command says that it is ready', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const ready = join(ownFolder(), 'ready');
  const offer = ['--name', 'db', '--port', '80', '--ready', `exec:test -e ${ready}`];
  const script = `sleep 0.2; touch ${ready}; exec sleep 600`;
  startSidecar(server, [...offer, '--', 'sh', '-c', script]);

  const added = await watching.next();

  expect([added, existsSync(ready)]).toEqual(['added 80', true]);
});

test('with --ready none a command is registered at once', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));

  startSidecar(server, ['--name', 'db', '--port', '9', '--ready', 'none', '--', 'sleep', '600']);

  expect(await watching.next()).toBe('added 9');
});

test('a command that is not ready in time is ended, with 125', async () => {
  const server = await startServer();
  const port = await freePort();
  const offer = ['--name', 'db', '--port', `${port}`, '--ready-timeout', '1s'];

  const ended = await startSidecar(server, [...offer, '--', ...switchable(port)]).ended;

  expect(ended.code).toBe(125);
  expect(ended.stderr).toContain(`nothing accepts connections on port ${port}`);
});

test('without a command, what is not ready in time ends with 6', async () => {
  const server = await startServer();
  const offer = ['--name', 'db', '--port', `${await freePort()}`, '--ready', 'tcp'];

  const ended = await startSidecar(server, [...offer, '--ready-timeout', '50ms']).ended;

  expect([ended.code, ended.stdout]).toEqual([6, '']);
  expect(ended.stderr).toContain('db was not ready in time');
});

test.each(['udp', 'https://localhost/', 'exec:'])('%s is no probe', async (probe) => {
  const server = await startServer();
  const offer = ['--name', 'db', '--port', '80', '--check', probe];

  const ended = await startSidecar(server, offer).ended;

  expect([ended.code, ended.stdout]).toEqual([2, '']);
});
