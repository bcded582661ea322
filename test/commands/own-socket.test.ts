// A server looks after its socket: a file of another kind stays, and a socket that goes comes back.

import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { eventually } from '../support/conditions.ts';
import { needs } from '../support/needs.ts';
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

test('a socket that has no place at the start comes later, and those of HTTP with it', async ({
  stage,
}) => {
  const path = join(stage.folder, 'testing.sock');
  const ofHttp = ['development-a.http.sock', 'development.http.sock'];
  const places = [path, ...ofHttp.map((name) => join(stage.folder, name))];
  mkdirSync(path);
  const words = ['serve', '--bind', stage.address(), '--socket', path, '--log-format', 'json'];
  const server = stage.start(words);
  await server.said({ event: 'no-socket' });

  rmSync(path, { recursive: true });
  await server.said({ event: 'socket-bound-late', path });
  await eventually(
    () => `not all are there: ${places.join(', ')}`,
    () => (places.every((place) => existsSync(place)) ? true : undefined),
  );
  await server.end('SIGTERM');

  expect(places.filter((place) => existsSync(place))).toEqual([]);
});

test('a named socket that another server has is taken when that one leaves it', async ({
  stage,
}) => {
  const path = join(stage.folder, 'testing.sock');
  const common = ['--socket', path, '--log-format', 'json'];
  const first = stage.start(['serve', '--bind', stage.address(), ...common]);
  await first.said({ event: 'server-started' });
  const second = stage.start(['serve', '--bind', stage.address(), ...common]);
  await second.said({ event: 'no-socket' });

  await first.end('SIGKILL');
  await second.said({ event: 'socket-bound-late', path });

  const { code } = await stage.run(['status', '--server', path, '--timeout', '20s']);
  expect(code).toBe(0);
});

test.skipIf(!needs('util-linux') || !needs('iproute2'))(
  'a folder for sockets that cannot be written at the start may be so later',
  async ({ stage }) => {
    const within = await stage.openNamespace();
    const options = { within, env: { XDG_RUNTIME_DIR: undefined } };
    const remount = (how: string) =>
      stage.spawn(['mount', '-o', `remount,${how}`, '/run'], options).ended;
    await remount('ro');
    const server = stage.start(['serve', '--log-format', 'json'], options);
    await server.said({ event: 'no-socket' });

    await remount('rw');

    await server.said({ event: 'socket-bound-late' });
    await server.end();
  },
);

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
