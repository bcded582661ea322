// Where the doors of real servers are: by default, when told otherwise, and when they cannot be had.

import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';

import { deferred } from '../../src/io/deferred.ts';
import { needs } from '../support/needs.ts';
import { type Running, type Stage, test } from '../support/processes.ts';

/** The name of the server that answers, or why none does. */
async function serverAt(host: string, port: number): Promise<string> {
  return await answeredBy({ host, port });
}

async function answeredBy(target: object): Promise<string> {
  const { promise, resolve } = deferred<string>();
  const asked = get({ ...target, path: '/livez', agent: false }, (response: IncomingMessage) => {
    response.resume();
    resolve(String(response.headers['rarangi-server']));
  });
  asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  return await promise;
}

/** Asks until that is the answer. */
async function untilServerAt(host: string, port: number, wanted: string): Promise<void> {
  while ((await serverAt(host, port)) !== wanted) await new Promise(setImmediate);
}

async function serving(stage: Stage, words: readonly string[]): Promise<Running> {
  const server = stage.start(['serve', '--log-format=json', '--host=h1', ...words]);
  await server.said({ event: 'server-started' });
  return server;
}

test('HTTP listens at the numbers of the environment, and one side has the port of the host', async ({
  stage,
}) => {
  const host = stage.address();
  await serving(stage, [`--bind=${host}`]);
  await untilServerAt(host, 17348, 'h1-a');
  await serving(stage, [`--bind=${host}`]);
  await untilServerAt(host, 17343, 'h1-b');

  expect(await serverAt(host, 17342)).toBe('h1-a');
  expect(await serverAt(host, 17348)).toBe('h1-a');
});

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`after ${signal} the port of the host is the sibling's`, async ({ stage }) => {
    const host = stage.address();
    const first = await serving(stage, [`--bind=${host}`]);
    await untilServerAt(host, 17348, 'h1-a');
    const second = await serving(stage, [`--bind=${host}`]);
    await second.said({ event: 'link-up' });
    await untilServerAt(host, 17343, 'h1-b');

    const ended = first.end(signal);
    await untilServerAt(host, 17348, 'h1-b');
    await ended;

    expect(second.allSaid({ event: 'no-door' })).toEqual([]);
  });
}

test('the HTTP sockets are beside the protocol socket, and go with the server', async ({
  stage,
}) => {
  const socket = join(stage.folder, 'a.sock');
  const server = await serving(stage, [`--bind=${stage.address()}:0`, `--socket=${socket}`]);
  const own = join(stage.folder, 'development-a.http.sock');
  const ofHost = join(stage.folder, 'development.http.sock');
  while (!existsSync(ofHost) || !existsSync(own)) await new Promise(setImmediate);

  const answered = [
    await answeredBy({ socketPath: own }),
    await answeredBy({ socketPath: ofHost }),
  ];
  await server.end();

  expect(answered).toEqual(['h1-a', 'h1-a']);
  expect([existsSync(own), existsSync(ofHost)]).toEqual([false, false]);
});

for (const [words, why] of [
  [['--socket=none'], 'there is to be no socket'],
  [['--socket-mode=0660'], 'the socket is not open to all'],
  [['--doors=none'], 'there is to be no door'],
  [['--doors=none', '--http=none'], 'that is said twice'],
  [['--http=none'], 'there is to be no HTTP'],
] as const) {
  test(`HTTP has no port by default where ${why}`, async ({ stage }) => {
    const host = stage.address();
    const server = await serving(stage, [`--bind=${host}`, ...words]);
    await server.said({ event: 'view-complete' });
    const next = await serving(stage, [`--bind=${host}`]);
    await next.said({ event: 'link-up' });
    await untilServerAt(host, 17343, 'h1-b');

    expect(await serverAt(host, 17342)).toBe('ECONNREFUSED');
  });
}

test('a port that is named is one of the host, whatever else holds', async ({ stage }) => {
  const host = stage.address();
  await serving(stage, [`--bind=${host}:0`, '--socket=none', `--http=${host}:8500`]);

  await untilServerAt(host, 8500, 'h1-a');
});

test('a port that a stranger has is told once, and taken when it is free', async ({ stage }) => {
  const host = stage.address();
  const stranger = createServer((_, response) => response.end());
  stranger.listen(17348, host);
  await once(stranger, 'listening');

  const server = await serving(stage, [`--bind=${host}`]);
  const { message } = await server.said({ event: 'no-door' });
  stranger.closeAllConnections();
  stranger.close();
  await untilServerAt(host, 17348, 'h1-a');

  const reason = 'in use by something else; tried again every second';
  expect(message).toBe(`no HTTP at ${host}:17348: ${reason}`);
  expect(server.allSaid({ event: 'no-door' })).toHaveLength(1);
});

for (const [words, message] of [
  [
    ['--dns=10.1.2.3'],
    'DNS has no secrets: whatever listens on 10.1.2.3 answers who can reach it. ' +
      'Say who may ask: --dns-from 10.1.0.0/16, or --dns-from any',
  ],
  [
    ['--dns=[fd00:9:0:0:7::1]'],
    'DNS has no secrets: whatever listens on fd00:9:0:0:7::1 answers who can reach it. ' +
      'Say who may ask: --dns-from fd00:9::/64, or --dns-from any',
  ],
  [
    ['--http=10.1.2.3'],
    'HTTP beyond loopback needs a certificate: --http-cert and --http-key; ' +
      'or, in the clear, --http-insecure',
  ],
  [
    ['--http=10.1.2.3', '--http-cert=c', '--http-key=k'],
    'HTTP beyond loopback needs a token: rarangi secret --token FILE prints that of a secret; ' +
      'or --http-token-file',
  ],
  [
    ['--http=10.1.2.3', '--http-cert=c', '--http-key=k', '--http-insecure'],
    '--http-cert and --http-insecure exclude each other',
  ],
  [
    ['--http=10.255.254.253:1', '--http-insecure'],
    'cannot listen on 10.255.254.253:1: this machine has no such address',
  ],
  [['--http=none', '--http=127.0.0.1:1'], '--http is none, but there is also --http 127.0.0.1:1'],
  [
    ['--doors=none', '--http=127.0.0.1:1', '--http=127.0.0.1:2'],
    '--doors is none, but there is also --http 127.0.0.1:1, 127.0.0.1:2',
  ],
  [['--doors=none', '--dns=127.0.0.1:1'], '--doors is none, but there is also --dns 127.0.0.1:1'],
] as const) {
  test(`serve ${words.join(' ')} is refused before anything is bound`, async ({ stage }) => {
    const { code, stderr } = await stage.run(['serve', `--bind=${stage.address()}`, ...words]);

    expect(code).toBe(2);
    expect(stderr.split('\n')[0]).toBe(`error: ${message}`);
  });
}

const inNamespace = test.skipIf(!needs('util-linux'));

inNamespace('a port below 1024 says which right it needs', async ({ stage }) => {
  const ports = 'echo 1024 > /proc/sys/net/ipv4/ip_unprivileged_port_start';
  const within = await stage.openNamespace();
  await stage.spawn(['sh', '-c', ports], { within }).ended;
  const words = ['setpriv', '--reuid=65534', '--clear-groups', '--inh-caps=-all', process.execPath];
  const run = join(import.meta.dirname, '../../bin/run.js');
  const dns = ['serve', '-e', 'production', '--socket=none', '--dns=127.0.0.1:53'];

  const { code, stderr } = await stage.spawn([...words, run, ...dns], { within }).ended;

  expect(code).toBe(2);
  expect(stderr.split('\n')[0]).toBe(
    'error: cannot listen on 127.0.0.1:53: permission denied. Ports below 1024 need ' +
      'AmbientCapabilities=CAP_NET_BIND_SERVICE and the same in CapabilityBoundingSet=; ' +
      "or let this host's resolver forward to 127.0.0.1:17319: rarangi-dns(7)",
  );
});

test('a connection that idles at the port of the host does not keep it from the sibling', async ({
  stage,
}) => {
  const host = stage.address();
  const first = await serving(stage, [`--bind=${host}`]);
  await untilServerAt(host, 17348, 'h1-a');
  const second = await serving(stage, [`--bind=${host}`]);
  await second.said({ event: 'link-up' });
  const idle = connect(17348, host);
  idle.on('error', () => undefined);
  await once(idle, 'connect');

  await first.end();
  await untilServerAt(host, 17348, 'h1-b');
  idle.destroy();
});
