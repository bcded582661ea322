// The sidecar: a registration lives exactly as long as what it stands for, and the catalogue never
// keeps a service from running.

import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { lookup } from '../../src/index.ts';
import { freePort } from '../support/free-port.ts';
import { type Running, type Stage, test } from '../support/processes.ts';

/** A service: it listens on the port that it is given, and says when it is told to end. */
const LISTENER = `
  process.on('SIGTERM', () => { console.error('told to end'); process.exit(7); });
  const server = require('node:net').createServer().listen(Number(process.argv[1]));
  server.on('listening', () => console.error('it listens'));
`;

test('without a command it registers at once and holds it until SIGTERM', async ({ stage }) => {
  const address = await twoServers(stage);
  const tags = ['--tag=version=2', '--tag=zone=a=b'];
  const sidecar = registering(stage, address, ['--port=80', '--scheme=http', ...tags]);
  await registeredTwice(sidecar);

  const found = await lookup('web', { servers: [address] });
  const ended = await sidecar.end();
  const after = await lookup('web', { servers: [address] });

  expect(found.instances).toMatchObject([
    { name: 'web', address, port: 80, scheme: 'http', tags: { version: '2', zone: 'a=b' } },
  ]);
  expect(ended).toMatchObject({ code: 0, stdout: '' });
  expect(after.instances).toEqual([]);
});

test('a command is registered once its port accepts, and no longer when it is told to end', async ({
  stage,
}) => {
  const address = await twoServers(stage);
  const port = await freePort();
  const node = [process.execPath, '-e', LISTENER, String(port)];
  const sidecar = registering(stage, address, [`--port=${port}`, '--', ...node]);
  await registeredTwice(sidecar);
  const found = await lookup('web', { servers: [address] });

  const { code, stdout, stderr } = await sidecar.end();

  const steps = ['deregistering', 'command-signalled', 'told to end'];
  const order = steps.map((step) => stderr.indexOf(step));
  expect(found.instances).toMatchObject([{ port }]);
  expect({ code, stdout }).toEqual({ code: 7, stdout: '' });
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(order).not.toContain(-1);
});

test('a command that dies takes its registration with it', async ({ stage }) => {
  const address = await twoServers(stage);
  const port = await freePort();
  const dying = `${LISTENER}; server.on('connection', () => server.close());
    process.stdin.once('data', () => process.exit(3));`;
  const sidecar = registering(stage, address, [
    ...[`--port=${port}`, '--', process.execPath, '-e', dying, String(port)],
  ]);
  await registeredTwice(sidecar);

  sidecar.type('die\n');
  const { code } = await sidecar.ended;
  const after = await lookup('web', { servers: [address] });

  expect(code).toBe(3);
  expect(after.instances).toEqual([]);
});

test('the exit status of the command is passed on', async ({ stage }) => {
  const statuses = { 'exit 0': 0, 'exit 3': 3, 'kill -TERM $$': 143, 'kill -KILL $$': 137 };

  const ended = await Promise.all(
    Object.keys(statuses).map((script) => wrapped(stage, ['sh', '-c', script])),
  );

  expect(ended.map(({ code }) => code)).toEqual(Object.values(statuses));
});

test('a command in one word with blanks is 127, with the line that was meant', async ({
  stage,
}) => {
  const offer = ['--name=web', '--port=80', `--server=${stage.address()}`];

  const sidecar = await stage.run(['register', ...offer, '--', 'sleep 1']);

  expect(sidecar.code).toBe(127);
  expect(sidecar.stderr).toContain(
    `cannot start sleep 1: not found; the command is one word with blanks in it; write: rarangi register ${offer.join(' ')} -- sleep 1`,
  );
});

test('a command that cannot be run is 127 or 126, and a usage error of its own 125', async ({
  stage,
}) => {
  const plain = join(stage.folder, 'plain');
  writeFileSync(plain, 'no program');
  chmodSync(plain, 0o644);

  const missing = await wrapped(stage, [join(stage.folder, 'missing')]);
  const unfit = await wrapped(stage, [plain]);
  const misused = await stage.run(['register', '--name=web', '--port=65536', '--', 'true']);
  const portless = await stage.run(['register', '--name=web']);

  expect([missing.code, unfit.code, misused.code, portless.code]).toEqual([127, 126, 125, 2]);
  expect(missing.stderr).toContain('cannot start');
});

test('the command gets exactly the words behind the first --', async ({ stage }) => {
  const words = ['--port', '9', '-e', '--name=x', '', 'two words', '--', '$HOME', '--json'];
  const show = 'process.stdout.write(JSON.stringify(process.argv.slice(1)))';

  const ended = await wrapped(stage, [process.execPath, '-e', show, '--', ...words]);

  expect(JSON.parse(ended.stdout)).toEqual(words);
});

test('a command has the stdin of the sidecar, and its stdout is all there is', async ({
  stage,
}) => {
  const sidecar = stage.start(['register', '--name=web', '--port=9', '--', 'head', '-n1']);

  sidecar.type('hello\n');
  const { code, stdout } = await sidecar.ended;

  expect({ code, stdout }).toEqual({ code: 0, stdout: 'hello\n' });
});

test('it waits for servers that start later', async ({ stage }) => {
  const address = stage.address();
  const sidecar = registering(stage, address, ['--port=80']);
  const { hint } = await sidecar.said({ event: 'no-server' });

  await serving(stage, address);
  const startedMs = performance.now();
  await sidecar.said({ event: 'registered' });
  const tookMs = Math.round(performance.now() - startedMs);
  process.stderr.write(`registered ${tookMs} ms after the start of a server\n`);

  const found = await lookup('web', { servers: [address] });
  expect(found.instances).toMatchObject([{ port: 80, state: 'live' }]);
  expect(hint).toBe(`see whether a server runs at ${address}`);
});

test('while somebody is connected and has not answered, nobody is told to start a server', async ({
  stage,
}) => {
  const path = join(stage.folder, 'mute.sock');
  const mute = createServer().listen(path);
  await once(mute, 'listening');
  const sidecar = registering(stage, path, ['--port=80']);

  const { message, hint } = await sidecar.said({ event: 'no-answer' });

  await sidecar.end();
  mute.close();
  expect(message).toBe(`registered with no server for 2 s now; waiting for an answer from ${path}`);
  expect(hint).toBeUndefined();
});

test('the restart of either server leaves it registered with the other', async ({ stage }) => {
  const address = stage.address();
  const sides = [await serving(stage, address), await serving(stage, address)];
  const sidecar = registering(stage, address, ['--port=80']);
  await registeredTwice(sidecar);

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    for (const [index, server] of sides.entries()) {
      await server.end(signal);
      await sidecar.said({ event: 'lost' });
      const alone = await lookup('web', { servers: [address] });
      expect(alone.instances).toMatchObject([{ port: 80, state: 'live' }]);
      const startedMs = performance.now();
      sides[index] = await serving(stage, address);
      await sidecar.said({ event: 'registered' });
      const tookMs = Math.round(performance.now() - startedMs);
      process.stderr.write(`registered again within ${tookMs} ms of a start after ${signal}\n`);
    }
  }

  expect((await sidecar.end()).code).toBe(0);
});

test('refused by all: it ends with 4, but a command runs on', async ({ stage }) => {
  const address = await twoServers(stage);
  const servers = [`--server=${address}:17340`, `--server=${address}:17341`];
  const words = ['register', '-e', 'testing', '--name=web', ...servers];
  const port = await freePort();
  const command = [process.execPath, '-e', LISTENER, String(port)];

  const alone = await stage.run([...words, '--port=80']);
  const around = stage.start([
    ...[...words, `--port=${port}`, '--log-format=json', '--', ...command],
  ]);
  await around.said({ event: 'refused-by-all' });
  await around.line(/^it listens$/);
  const { code } = await around.end();

  expect(alone.code).toBe(4);
  expect(alone.stderr).toMatch(/development/);
  expect(code).toBe(7);
});

test('nothing is left behind when a sidecar and its servers have ended', async ({ stage }) => {
  const address = stage.address();
  const servers = [await serving(stage, address), await serving(stage, address)];
  const port = await freePort();
  const command = [process.execPath, '-e', LISTENER, String(port)];
  const sidecar = registering(stage, address, [`--port=${port}`, '--', ...command]);
  await registeredTwice(sidecar);

  await sidecar.end();
  await Promise.all(servers.map((server) => server.end()));

  expect(stage.processesLeft()).toEqual([]);
});

async function twoServers(stage: Stage): Promise<string> {
  const address = stage.address();
  await Promise.all([serving(stage, address), serving(stage, address)]);
  return address;
}

async function serving(stage: Stage, address: string): Promise<Running> {
  const server = stage.start(['serve', '--log-format=json', `--bind=${address}`]);
  await server.said({ event: 'server-started' });
  return server;
}

function registering(stage: Stage, address: string, words: readonly string[]): Running {
  const own = ['register', '--name=web', '--log-format=json', `--server=${address}`];
  return stage.start([...own, ...words]);
}

async function registeredTwice(sidecar: Running): Promise<void> {
  for (let times = 0; times < 2; times += 1) await sidecar.said({ event: 'registered' });
}

/** A command without any server: it runs all the same. */
function wrapped(stage: Stage, command: readonly string[]) {
  const words = ['register', '--name=web', '--port=9', `--server=${stage.address()}`];
  return stage.run([...words, '--', ...command]);
}
