// A listener at a port is the command's only if the command, or a process that it has started, is
// behind it.

import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { expect, test } from 'vitest';

import { lookup } from '../../src/index.ts';
import { Evidence } from '../../src/sidecar/evidence.ts';
import { Family } from '../../src/sidecar/family.ts';
import { readStat } from '../../src/sidecar/processes.ts';
import type { SidecarService } from '../../src/sidecar/service.ts';
import { atEnd, reaching, startServer, watchSynced } from '../io/world.ts';
import { freePort } from '../support/free-port.ts';
import { startSidecar, switchable } from './sidecar.ts';

/** A process that has nothing to do with the command: the test itself. */
async function strangerAt(port: number): Promise<Server> {
  const stranger = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1');
  atEnd(() => stranger.close());
  await once(stranger, 'listening');
  return stranger;
}

/** One that answers HTTP well. */
async function friendlyStrangerAt(port: number): Promise<void> {
  const stranger = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  }).listen(port, '127.0.0.1');
  atEnd(() => stranger.close());
  await once(stranger, 'listening');
}

function eventsOf(stderr: string): string[] {
  const lines = stderr.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => (JSON.parse(line) as { event: string }).event);
}

test('a stranger at the port is named, and the command that cannot listen is never listed', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const port = await freePort();
  await strangerAt(port);
  const listen = `setTimeout(() => require('node:net').createServer().listen(${port}, '127.0.0.1'), 1500)`;
  const offer = ['--name', 'db', '--port', `${port}`];

  const first = startSidecar(server, [...offer, '--', process.execPath, '--eval', listen]);
  const taken = JSON.parse(await first.line(/"port-taken"/)) as Record<string, unknown>;
  const { code, stderr } = await first.ended;
  startSidecar(server, ['--name', 'db', '--port', '9']);

  expect(taken).toMatchObject({ level: 'warn', service: 'db', port });
  expect(taken['holder']).toContain(`(process ${process.pid})`);
  expect([code, eventsOf(stderr).includes('registered')]).toEqual([1, false]);
  // Nothing of the first has ever been there.
  expect(await watching.next()).toBe('added 9');
});

test('once the stranger has gone, the command is listed', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const port = await freePort();
  const stranger = await strangerAt(port);
  const offer = ['--name', 'db', '--port', `${port}`];
  const { child, line } = startSidecar(server, [...offer, '--', ...switchable(port)]);
  await line(/^ready$/);
  await line(/"port-taken"/);

  stranger.close();
  await once(stranger, 'close');
  child.kill('SIGUSR1');

  expect(await watching.next()).toBe(`added ${port}`);
});

test('a stranger that answers HTTP does not make the command ready either', async () => {
  const server = await startServer();
  const port = await freePort();
  await friendlyStrangerAt(port);
  const url = 'http://127.0.0.1:{port}/';
  const offer = ['--name', 'db', '--port', `${port}`, '--ready', url, '--ready-timeout', '1s'];

  const { code, stderr } = await startSidecar(server, [...offer, '--', 'sleep', '600']).ended;

  expect(code).toBe(125);
  expect(eventsOf(stderr)).toEqual(['port-taken', 'not-ready-in-time', 'command-signalled']);
});

test.for([
  { how: 'an address', words: ['--address', '::ffff:127.0.0.1'] },
  { how: 'a URL', words: ['--ready', 'http://0.0.0.0:{port}/'] },
  { how: 'the URL of a check', words: ['--ready', 'none', '--check', 'http://0.0.0.0:{port}/'] },
])('$how that is another spelling of this host makes no stranger count', async ({ words }) => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const port = await freePort();
  await friendlyStrangerAt(port);
  const offer = ['--name', 'db', '--port', `${port}`, ...words];

  const { line, child } = startSidecar(server, [...offer, '--', 'sleep', '600']);
  await line(/"port-taken"/);
  child.kill('SIGTERM');
  startSidecar(server, ['--name', 'db', '--port', '9']);

  expect(await watching.next()).toBe('added 9');
});

test('a command of the shell is no evidence as long as a stranger answers at the port', async () => {
  const server = await startServer();
  const port = await freePort();
  await strangerAt(port);
  const offer = ['--name', 'db', '--port', `${port}`, '--ready', 'exec:true'];
  const words = [...offer, '--ready-timeout', '1s', '--', 'sleep', '600'];

  const { code, stderr } = await startSidecar(server, words).ended;

  expect(code).toBe(125);
  expect(eventsOf(stderr)).toEqual(['port-taken', 'not-ready-in-time', 'command-signalled']);
});

test('a stranger that was refused a moment ago is not connected to again', async () => {
  const port = await freePort();
  const stranger = await strangerAt(port);
  let connectionsCount = 0;
  stranger.on('connection', () => {
    connectionsCount += 1;
  });
  const { evidence, service } = withoutFamily(port);
  await evidence.gather([service]);
  const patience = { timeoutMs: Infinity, signal: new AbortController().signal };

  const reasons = await rounds(5, () => evidence.weigh(service, service.ready, patience));

  expect(new Set(reasons)).toEqual(
    new Set([expect.stringContaining('did so before the command started')]),
  );
  expect(connectionsCount).toBe(2);
});

test('where there is no time left to look, a command of the shell decides nothing', async () => {
  const { evidence, service } = withoutFamily(await freePort());
  const patience = { timeoutMs: 1_000, signal: AbortSignal.abort() };

  expect(await evidence.weigh(service, service.ready, patience)).toBe('the probe had no time left');
});

/** The evidence for a command that has no processes, and its service. */
function withoutFamily(port: number): { evidence: Evidence; service: SidecarService } {
  const family = new Family({ isKept: false });
  family.isLedBy(2 ** 30);
  const ready = { kind: 'exec', command: 'true' } as const;
  const service = { offer: { name: 'db', port }, ready, check: ready };
  return { evidence: new Evidence(family, () => undefined), service };
}

/** Asks so many times, one after the other. */
async function rounds<T>(count: number, ask: () => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  while (answers.length < count) answers.push(await ask());
  return answers;
}

test('a command of the shell decides alone where nobody answers at the port', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const port = await freePort();
  const offer = ['--name', 'db', '--port', `${port}`, '--ready', 'exec:true'];

  startSidecar(server, [...offer, '--', 'sleep', '600']);

  expect(await watching.next()).toBe(`added ${port}`);
});

test('a program that began to listen since the start counts, and is named if it is not the command', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const port = await freePort();
  const offer = ['--name', 'db', '--port', `${port}`];
  const { line } = startSidecar(server, [...offer, '--', 'sh', '-c', 'echo ready; sleep 600']);
  await line(/^ready$/);

  await strangerAt(port);

  expect(await watching.next()).toBe(`added ${port}`);
  expect(JSON.parse(await line(/"held-elsewhere"/))).toMatchObject({ level: 'info', port });
});

test('a daemon that the command has left alone is its own', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const port = await freePort();
  const listen = `require('node:net').createServer().listen(${port})`;
  // Neither its child any more, nor in its session.
  const script = `(setsid '${process.execPath}' --eval "${listen}" &) ; sleep 600`;
  const offer = ['--name', 'db', '--port', `${port}`];
  const sidecar = startSidecar(server, [...offer, '--', 'sh', '-c', script]);
  const added = await watching.next();
  sidecar.child.kill('SIGTERM');

  const { stderr } = await sidecar.ended;

  expect([added, await watching.next()]).toEqual([`added ${port}`, `removed ${port} deregistered`]);
  expect(eventsOf(stderr)).not.toContain('held-elsewhere');
});

test('for an address of another host the probe alone decides', async () => {
  const server = await startServer();
  const port = await freePort();
  await strangerAt(port);
  const offer = ['--name', 'db', '--port', `${port}`, '--address', '192.0.2.7'];
  const { child, line, ended } = startSidecar(server, [...offer, '--', 'sleep', '600']);

  await line(/"registered"/);
  const { instances } = await lookup('db', reaching(server));
  child.kill('SIGTERM');

  expect(instances).toMatchObject([{ port, address: '192.0.2.7' }]);
  expect(eventsOf((await ended).stderr)).not.toContain('port-taken');
});

test('a line of /proc is read whatever the name of the process is', () => {
  const line = '42 (a) S (b)) S 7 42 41 34816 42 4194304 1 0 0 0 1 1 0 0 20 0 1 0 9001 1 1';

  expect(readStat(line)).toEqual({
    ...{ pid: 42, name: 'a) S (b)', parent: 7, group: 42, session: 41 },
    ...{ terminal: 34816, startTicks: 9001 },
  });
  expect(readStat(line.replace(')) S', ')) Z'))).toBeNull();
  expect(readStat('')).toBeNull();
});
