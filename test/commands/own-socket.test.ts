// A server looks after its socket: a file of another kind stays, and a socket that goes comes back.

import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { eventually } from '../support/conditions.ts';
import { test } from '../support/processes.ts';

test('a file at the place of the socket survives the start and the stop', async ({ stage }) => {
  const path = join(stage.folder, 'precious.txt');
  writeFileSync(path, 'precious');

  const words = ['serve', '--bind', stage.address(), '--socket', path, '--log-format', 'json'];
  const server = stage.start(words);
  await server.said({ event: 'no-socket', level: 'warn' });
  const ended = await server.end('SIGTERM');

  expect(ended.code).toBe(0);
  expect(server.allSaid({ event: 'no-socket' })).toHaveLength(1);
  expect(readFileSync(path, 'utf8')).toBe('precious');
});

test('a socket that is removed is bound anew, and what is put in its place stays', async ({
  stage,
}) => {
  const path = join(stage.folder, 'testing.sock');
  const words = ['serve', '--bind', stage.address(), '--socket', path, '--log-format', 'json'];
  const server = stage.start(words);
  await server.said({ event: 'server-started' });

  rmSync(path);
  await server.said({ event: 'socket-bound-anew', path });
  const asked = await stage.run(['status', '--server', path, '--json']);

  rmSync(path);
  mkdirSync(path);
  await server.said({ event: 'no-socket' });
  rmSync(path, { recursive: true });
  await server.said({ event: 'socket-bound-anew' });

  expect(asked.code).toBe(0);
  expect(lstatSync(path).isSocket()).toBe(true);
  await server.end('SIGTERM');
  expect(existsSync(path)).toBe(false);
});

test.for(['here.sock', './here.sock'])(
  'a server listens on %s, a path of its folder',
  async (path, { stage }) => {
    const words = ['serve', '--bind', stage.address(), '--socket', path, '--log-format', 'json'];
    const server = stage.start(words);
    await server.said({ event: 'server-started' });

    const { code } = await stage.run(['status', '--server', './here.sock', '--timeout', '20s']);

    expect(code).toBe(0);
    expect(server.allSaid({ event: 'no-socket' })).toEqual([]);
    await server.end('SIGTERM');
    expect(existsSync(join(stage.folder, 'here.sock'))).toBe(false);
  },
);

test('a server without a socket says how its clients come to it', async ({ stage }) => {
  const address = stage.address();
  const words = ['--socket', join(stage.folder, 'no/folder'), '--log-format', 'json'];
  const server = stage.start(['serve', '--bind', address, ...words]);

  const { message } = await server.said({ event: 'no-socket' });
  const second = stage.start(['serve', '--bind', address, ...words]);
  await second.said({ event: 'server-started' });
  const third = await stage.run(['serve', '--bind', address, ...words.slice(0, 2)]);

  const [host] = address.split(':');
  expect(message).toMatch(new RegExp(`; clients of this host need --server ${host}:\\d+$`));
  expect(third.stderr).toContain(`: rarangi peers -e development --server ${host}:17340\n`);
});

test('the sockets of the HTTP door are looked after as well', async ({ stage }) => {
  const path = join(stage.folder, 'development-a.http.sock');
  const socket = join(stage.folder, 'testing-a.sock');
  const words = ['serve', '--bind', stage.address(), '--socket', socket, '--log-format', 'json'];
  const server = stage.start(words);
  await server.said({ event: 'server-started' });
  await eventually(
    () => `${path} is there`,
    () => (existsSync(path) ? true : undefined),
  );

  rmSync(path);
  await server.said({ event: 'socket-bound-anew', path });

  expect(lstatSync(path).isSocket()).toBe(true);
  await server.end('SIGTERM');
  expect(existsSync(path)).toBe(false);
});
