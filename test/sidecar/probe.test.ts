import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { attempt, parseProbe } from '../../src/sidecar/probe.ts';
import { atEnd, ownFolder } from '../io/world.ts';

const never = new AbortController().signal;

/** Asks a service at a port once. */
function asked(text: string, { port = 1, timeoutMs = 20_000 } = {}): Promise<string | null> {
  return attempt(parseProbe(text, 'ready'), { port }, { timeoutMs, signal: never });
}

async function answering(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test.each(['', 'udp', 'exec:', 'exec: ', 'http:', 'http://', 'https://localhost/'])(
  '%j says no way to ask',
  (text) => {
    expect(() => parseProbe(text, 'ready')).toThrow(/ready .* is not a probe/);
  },
);

test('asked for nothing, all is well', async () => {
  expect(await asked('none')).toBe(null);
});

test('a command that exits with 0 says that all is well, and knows the port', async () => {
  expect(await asked('exec:test {port} = 7 && test "$PORT" = 7', { port: 7 })).toBe(null);
});

test('a command that exits otherwise says what is wrong in its last line', async () => {
  expect(await asked('exec:echo one; echo no disk >&2; exit 3')).toBe('exit status 3: no disk');
  expect(await asked('exec:kill -9 $$')).toBe('SIGKILL');
});

test('a command that is called off is ended, and all that it has started', async () => {
  const pidFile = join(ownFolder(), 'pid');
  const script = `sleep 600 & echo $! > ${pidFile}; wait`;

  const ended = new AbortController();
  const patience = { timeoutMs: 600_000, signal: ended.signal };
  const said = attempt(parseProbe(`exec:${script}`, 'ready'), { port: 1 }, patience);
  await expect.poll(() => readText(pidFile)).toMatch(/^\d+\n$/);

  ended.abort();

  const stat = () => readText(`/proc/${readText(pidFile).trim()}/stat`);
  expect(await said).toBe('it took too long');
  // The process that adopts orphans here may take its time to reap them.
  await expect.poll(stat).toMatch(/^$|\) Z /);
});

test('a command that takes too long is given up in time', async () => {
  expect(await asked('exec:sleep 600', { timeoutMs: 50 })).toBe('it took too long');
});

test('a process that a command leaves running does not keep its answer back', async () => {
  expect(await asked('exec:sleep 2 & exit 0')).toBe(null);
});

test.each([
  [204, null],
  [302, null],
  [404, '404'],
  [503, '503'],
])('an answer with the status %i', async (status, reason) => {
  const port = await answering((_, response) => {
    response.writeHead(status, { location: '/elsewhere' }).end();
  });

  const said = await asked('http://127.0.0.1:{port}/health', { port });

  expect(said).toBe(reason === null ? null : `http://127.0.0.1:${port}/health: ${reason}`);
});

test('a URL that never answers is given up in time', async () => {
  const port = await answering(() => undefined);

  const said = await asked('http://127.0.0.1:{port}/', { port, timeoutMs: 50 });

  expect(said).toBe(`http://127.0.0.1:${port}/ did not answer in time`);
});

test('a probe that is called off before it begins is not asked', async () => {
  const reason = await attempt(
    parseProbe('exec:exit 0', 'ready'),
    { port: 1 },
    { timeoutMs: 1_000, signal: AbortSignal.abort() },
  );

  expect(reason).toBe('the probe had no time left');
});

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
