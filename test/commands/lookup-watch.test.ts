// Commands that follow the catalogue: --wait, which is told and does not ask, and --watch over the
// restart of every server of its host.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import { decodeMessage } from '../../src/protocol/codec.ts';
import { FRAME_BYTES_MAX } from '../../src/protocol/constants.ts';
import { FrameDecoder } from '../../src/protocol/frame.ts';
import { startLone } from '../support/catalogue.ts';
import { eventually } from '../support/conditions.ts';
import { serveWords, startHosts } from '../support/hosts.ts';
import { test } from '../support/processes.ts';

test('--wait is told of the registration: it asks nothing after its watch', async ({ stage }) => {
  const { address, register } = await startLone(stage);
  const tap = await startTap(address, 17340);
  const waiting = stage.start(['lookup', 'db', '--wait=20s', `--server=${tap.address}`]);
  await eventually(
    () => `a watch among ${tap.asked().join()}`,
    () => tap.asked().includes('watch') || undefined,
  );

  await register(['--name=db', '--port=1']);

  expect(await waiting.ended).toMatchObject({ code: 0, stdout: `${address}:1\n` });
  expect(tap.asked()).toEqual(['lookup', 'watch']);
});

test('a watch tells each change once over the restart of every server', async ({ stage }) => {
  const [host] = await startHosts(stage, 1);
  const { address, a, b } = host!;
  const at = `--server=${address}`;
  const register = (port: number) =>
    stage.start(['register', '--name=db', `--port=${port}`, '--log-format=json', at]);
  const [first, second] = [register(1), register(2)];
  for (const sidecar of [first, first, second, second]) await sidecar.said({ event: 'registered' });
  const watcher = stage.start(['lookup', 'db', '--watch', at]);
  await watcher.printed({ change: 'synced' });

  for (const [server, signal] of [
    [a, 'SIGTERM'],
    [b, 'SIGKILL'],
  ] as const) {
    await server.end(signal);
    const again = stage.start(serveWords({ name: 'h1', address, isMaster: true, peers: [] }));
    await again.said({ event: 'server-started' });
    for (const sidecar of [first, second]) await sidecar.said({ event: 'registered' });
  }
  const third = register(3);
  await third.said({ event: 'registered' });
  await watcher.printed({ change: 'added' });
  await first.end();
  await watcher.printed({ change: 'removed' });
  const { code, stdout } = await watcher.end('SIGINT');

  const lines = stdout.trimEnd().split('\n');
  const told = lines.map((line) => JSON.parse(line) as Told);
  expect(code).toBe(0);
  expect(told.slice(0, 2).map(({ change }) => change)).toEqual(['present', 'present']);
  expect(
    told.slice(2).map(({ change, cause, instance }) => [change, instance?.port, cause]),
  ).toEqual([
    ['synced', undefined, undefined],
    ['added', 3, undefined],
    ['removed', 1, 'deregistered'],
  ]);
});

test('a change while a lone server is away is told when it is back, once', async ({ stage }) => {
  const { address, server, look, register } = await startLone(stage);
  const first = await register(['--name=db', '--port=1']);
  const second = await register(['--name=db', '--port=2']);
  const watcher = look(['db', '--watch']);
  await watcher.printed({ change: 'synced' });

  await server.end('SIGKILL');
  await first.end('SIGKILL');
  await startLone(stage, address);
  await second.said({ event: 'registered' });
  await watcher.printed({ change: 'removed' });
  const { code, stdout } = await watcher.end('SIGINT');

  const lines = stdout.trimEnd().split('\n');
  const changes = lines.map((line) => JSON.parse(line) as Told).slice(3);
  const gone = changes.filter(({ change }) => change === 'removed');
  expect(code).toBe(0);
  expect(gone.map(({ instance }) => instance?.port)).toEqual([1]);
  // For a while no server vouched for either: that may have been told too, and then taken back.
  expect(changes.filter(({ change }) => !['removed', 'stale', 'live'].includes(change))).toEqual(
    [],
  );
});

interface Told {
  readonly change: string;
  readonly cause?: string;
  readonly instance?: { readonly port: number };
}

/** Stands before a server and reads what its callers ask. */
async function startTap(host: string, port: number) {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const listener = createServer((caller) => {
    const server = connect({ host, port, noDelay: true });
    const decoder = new FrameDecoder(FRAME_BYTES_MAX);
    for (const socket of [caller, server]) sockets.add(socket.on('error', () => undefined));
    caller.on('data', (chunk) => {
      for (const bytes of decoder.push(chunk)) asked.push(decodeMessage(bytes).kind);
    });
    caller.pipe(server).pipe(caller);
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => {
    listener.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    address: `127.0.0.1:${(listener.address() as AddressInfo).port}`,
    /** The kinds of messages, handshakes and signs of life apart. */
    asked: () => asked.filter((kind) => !['hello', 'ping', 'pong'].includes(kind)),
  };
}
