// A client that speaks something else at the port is closed, costs one log line, and nothing else.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import type { StatusReport } from '../../src/index.ts';
import { type Running, test } from '../support/processes.ts';

const TLS_CLIENT_HELLO = Buffer.from('16030100c8010000c40303', 'hex');
/** A frame that says it holds 2 GB. */
const HUGE_FRAME = Buffer.from('5a80000000', 'hex');
const HALF_A_FRAME = Buffer.from('5830820258', 'hex');

const strangers = {
  'an HTTP request': Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  'a TLS handshake': Buffer.concat([TLS_CLIENT_HELLO, randomBytes(194)]),
  'random bytes': randomBytes(4096),
  'half a frame and then silence': HALF_A_FRAME,
  'a length of 2 GB': HUGE_FRAME,
  'a whole frame that is no message': Buffer.from('43010203', 'hex'),
};

for (const [name, bytes] of Object.entries(strangers)) {
  test(`${name} is closed with one log line, and the server goes on`, async ({ stage }) => {
    const address = stage.address();
    const server = stage.start(['serve', `--bind=${address}`, '--log-format=json']);
    await server.said({ event: 'server-started' });

    const remote = await beClosed(address, bytes);
    const { code } = await stage.run(['status', `--server=${address}`]);
    const { stderr } = await server.end();

    expect(stderr.split('\n').filter((line) => line.includes(remote))).toEqual([
      expect.stringMatching(/"event":"(refused-stranger|protocol-breach)"/),
    ]);
    expect(code).toBe(0);
  });
}

test('the memory of a server does not grow with what strangers send', async ({ stage }) => {
  const address = stage.address();
  const server = stage.start(['serve', `--bind=${address}`, '--log-format=json']);
  await server.said({ event: 'server-started' });
  const much = Buffer.concat([HUGE_FRAME, Buffer.alloc(4 * 1024 * 1024)]);

  await manyAreClosed(address, much);
  const before = residentBytes(server);
  for (let round = 0; round < 5; round += 1) await manyAreClosed(address, much);
  const after = residentBytes(server);

  expect(after - before).toBeLessThan(32 * 1024 * 1024);
});

test('strangers at both ports are no timeout: it is said that something else is there', async ({
  stage,
}) => {
  const address = stage.address();
  await strangerAt(address, 17340, 'HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n');
  await strangerAt(address, 17341, '');

  const asked = await stage.run(['lookup', 'web', `--server=${address}`, '--timeout=500ms']);

  expect(asked.code).toBe(3);
  expect(asked.stderr).toMatch(
    /at [\d.]+:17340 \(.+\), [\d.]+:17341 \(it accepts connections and says nothing\)/,
  );
  expect(asked.stderr).toContain("ss -ltnp 'sport = 17340 or sport = 17341'");
  expect(asked.stderr).not.toContain('allow more time');
});

test('a stranger at the port of the other side is a reason, and so is one at a port of a door', async ({
  stage,
}) => {
  const address = stage.address();
  await strangerAt(address, 17340, 'HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n');
  await strangerAt(address, 17348, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  const server = stage.start(['serve', `--bind=${address}`, '--log-format=json']);
  await server.said({ event: 'no-door' });
  await server.said({ event: 'port-held', address: `${address}:17340` });

  const { code, stdout } = await stage.run(['status', `--server=${address}:17341`, '--json']);

  const { state, reasons } = JSON.parse(stdout) as StatusReport;
  const uid = String(process.getuid?.());
  expect([code, state]).toEqual([1, 'degraded']);
  expect(reasons.map(({ code: why, message }) => [why, message])).toEqual([
    [
      'port-held',
      `${address}:17340, the address of the other server of this host, is held by another program, or that server hangs`,
    ],
    ['port-held', `${address}:17348, the address of HTTP, is held by a program of uid ${uid}`],
  ]);
});

test('a server without a place says which port is a stranger’s, not that it may run already', async ({
  stage,
}) => {
  const address = stage.address();
  await strangerAt(address, 17340, 'HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n');
  const server = stage.start(['serve', `--bind=${address}`, '--log-format=json']);
  await server.said({ event: 'server-started' });

  const { code, stderr } = await stage.run(['serve', `--bind=${address}`]);

  const uid = String(process.getuid?.());
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^error: both ports of environment development at [\d.]+ are taken, 17340 and 17341; /,
  );
  expect(stderr).toContain(
    `no server of development answers at 17340 (held by a program of uid ${uid})`,
  );
  expect(stderr).toContain("ss -ltnp 'sport = 17340'");
  expect(stderr).not.toContain('run already');
});

test('the port of a door is no port of a server, and the way is shown', async ({ stage }) => {
  const address = stage.address();
  const server = stage.start([
    'serve',
    `--bind=${address}`,
    '--http',
    address,
    '--log-format=json',
  ]);
  await server.said({ event: 'server-started' });

  const { code, stderr } = await stage.run(['status', `--server=${address}:17342`]);

  expect(code).toBe(3);
  expect(stderr).toContain(
    `hint: 17342 is a port for HTTP or DNS; name the server without a port: --server ${address}\n`,
  );
});

/** Another program that listens, and says something or nothing to its clients. */
async function strangerAt(host: string, port: number, greeting: string): Promise<void> {
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (greeting !== '') socket.end(greeting);
  }).listen(port, host);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  await once(listener, 'listening');
}

/** Sends bytes to a server, and resolves with our own address once the server has closed. */
async function beClosed(host: string, bytes: Uint8Array): Promise<string> {
  const socket = connect({ host, port: 17340 });
  // A client that is closed while it still speaks is reset.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const remote = addressOf(socket);
  socket.resume();
  socket.write(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  return remote;
}

async function manyAreClosed(host: string, bytes: Uint8Array): Promise<void> {
  await Promise.all(Array.from({ length: 20 }, () => beClosed(host, bytes)));
}

function addressOf(socket: Socket): string {
  const { address, port } = socket.address() as AddressInfo;
  return `${address}:${port}`;
}

function residentBytes({ pid }: Running): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kilobytes) * 1024;
}
