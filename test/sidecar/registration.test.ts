// Sidecars as processes, with a server of the test's own: when a service is in the catalogue, and
// when it is not.

import { expect, test } from 'vitest';

import type { ServerHandle } from '../../src/index.ts';
import { lookup } from '../../src/index.ts';
import { reaching, startServer, watchSynced } from '../io/world.ts';
import { freePort } from '../support/free-port.ts';
import type { Program } from './program.ts';
import { start } from './program.ts';
import { endingWithTest } from './sidecar.ts';

/** Listens when it is told to by SIGUSR1 and says so; ends with 5 on SIGTERM. */
const SERVICE = `
  const server = require('node:net').createServer();
  process.on('SIGUSR1', () => {
    console.log('listening');
    server.listen(Number(process.argv[1]));
  });
  process.on('SIGTERM', () => {
    console.log('told to end');
    process.exit(5);
  });
  setInterval(() => undefined, 60_000);
  console.log('ready');
`;

interface Sidecar {
  readonly program: Program;
  readonly port: number;
}

function startProgram(words: readonly string[]): Program {
  return endingWithTest(start(words));
}

function flagsFor(server: ServerHandle, port: number): string[] {
  const where = ['--environment', 'testing', '--server', server.bound];
  return ['register', ...where, '--name', 'db', '--port', `${port}`, '--log-format', 'json'];
}

/** A wrapped service that does not listen yet. */
async function startService(server: ServerHandle, flags: string[] = []): Promise<Sidecar> {
  const port = await freePort();
  const command = [process.execPath, '--eval', SERVICE, `${port}`];
  const program = startProgram([...flagsFor(server, port), ...flags, '--', ...command]);
  await program.line(/^ready$/);
  return { program, port };
}

/** A wrapped service that is registered. */
async function startRegistered(server: ServerHandle, flags: string[] = []): Promise<Sidecar> {
  const sidecar = await startService(server, flags);
  sidecar.program.child.kill('SIGUSR1');
  await sidecar.program.line(/"registered"/);
  return sidecar;
}

interface LogLine {
  readonly time: string;
  readonly event: string;
}

function eventsOf(stderr: string): LogLine[] {
  return stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LogLine);
}

test('a service is registered once its port accepts, and given up when it ends', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const { program, port } = await startService(server);

  program.child.kill('SIGUSR1');
  const added = await watching.next();
  program.child.kill('SIGTERM');
  const removed = await watching.next();

  const { code, stdout } = await program.ended;
  expect([added, removed]).toEqual([`added ${port}`, `removed ${port} deregistered`]);
  expect([code, stdout]).toEqual([5, 'ready\nlistening\ntold to end\n']);
});

test('the address, port and tags of the service are in the catalogue', async () => {
  const server = await startServer();
  const tags = ['--tag', 'v=2', '--tag', 'note=a=b c', '--scheme', 'pg', '--address', '10.0.0.7'];

  const { port } = await startRegistered(server, tags);

  expect((await lookup('db', reaching(server))).instances).toMatchObject([
    { port, address: '10.0.0.7', scheme: 'pg', tags: { v: '2', note: 'a=b c' } },
  ]);
});

test('a service that ends by itself is given up at once', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const port = await freePort();
  const script = `
    require('node:net').createServer((socket) => socket.destroy()).listen(${port});
    process.on('SIGUSR1', () => process.exit(7));`;
  const command = [process.execPath, '--eval', script];
  const program = startProgram([...flagsFor(server, port), '--', ...command]);
  const added = await watching.next();

  program.child.kill('SIGUSR1');

  expect([added, await watching.next()]).toEqual([`added ${port}`, `removed ${port} deregistered`]);
  expect((await program.ended).code).toBe(7);
});

test('on SIGTERM the registration goes first; a second one ends the draining', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const { program, port } = await startRegistered(server, ['--drain', '10m']);
  const added = await watching.next();

  program.child.kill('SIGTERM');
  const removed = await watching.next();
  program.child.kill('SIGTERM');

  const { code, stdout, stderr } = await program.ended;
  expect([added, removed]).toEqual([`added ${port}`, `removed ${port} deregistered`]);
  expect([code, stdout]).toEqual([5, 'ready\nlistening\ntold to end\n']);
  // On a machine that is slow it may be told before that no server has answered yet.
  const events = eventsOf(stderr).map(({ event }) => event);
  expect(events.filter((event) => event !== 'no-server' && event !== 'no-answer')).toEqual([
    'registered',
    'deregistering',
    'command-signalled',
  ]);
});

test('between the registration and the signal lies the drain', async () => {
  const server = await startServer();
  const { program } = await startRegistered(server, ['--drain', '150ms']);

  program.child.kill('SIGTERM');

  const [, deregistering, signalled] = eventsOf((await program.ended).stderr);
  const waitedMs = Date.parse(signalled!.time) - Date.parse(deregistering!.time);
  expect(waitedMs).toBeGreaterThanOrEqual(149);
});

test('a service that was never registered is not drained', async () => {
  const server = await startServer();
  const { program } = await startService(server, ['--drain', '10m']);

  program.child.kill('SIGTERM');

  expect((await program.ended).code).toBe(5);
});

test('a sidecar that is killed takes the registration with it', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const port = await freePort();
  const program = startProgram(flagsFor(server, port));
  const added = await watching.next();

  program.child.kill('SIGKILL');

  expect([added, await watching.next()]).toEqual([`added ${port}`, `removed ${port} closed`]);
});

test('a service is registered with every server, and again with one that comes back', async () => {
  const server = await startServer();
  const { program, port } = await startRegistered(server);

  await server.stop();
  await program.line(/"lost"/);
  const again = await startServer({ bind: server.bound });

  await expect
    .poll(async () => (await lookup('db', reaching(again))).instances.map((one) => one.port))
    .toEqual([port]);
});

test('a service that every server refuses runs on', async () => {
  const server = await startServer({ environment: 'production' });
  const { program } = await startService(server);

  await program.line(/"refused-by-all"/);
  program.child.kill('SIGTERM');

  const { code, stdout } = await program.ended;
  expect([code, stdout]).toEqual([5, 'ready\ntold to end\n']);
});

test('without a command it is registered at once, and held until it is told to end', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const port = await freePort();
  const program = startProgram(flagsFor(server, port));
  const added = await watching.next();

  program.child.kill('SIGINT');

  const { code, stdout } = await program.ended;
  expect([added, await watching.next()]).toEqual([`added ${port}`, `removed ${port} deregistered`]);
  expect([code, stdout]).toEqual([0, '']);
});

test('without a command and refused by every server it ends with 4', async () => {
  const server = await startServer({ environment: 'production' });

  const { code, stdout, stderr } = await startProgram(flagsFor(server, 1)).ended;

  expect([code, stdout]).toEqual([4, '']);
  expect(stderr).toContain('it serves environment production');
});
