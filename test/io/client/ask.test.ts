import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';

import { forget, lookup, peers, services, status } from '../../../src/index.ts';
import type { ClientOptions, ServerHandle } from '../../../src/index.ts';
import type { Proxy } from '../proxy.ts';
import { startProxy } from '../proxy.ts';
import { atEnd, openClient, ownIp, reaching, startHost, startServer } from '../world.ts';

/** So that a cut is noticed soon. */
const HASTY = { heartbeatMs: 50, silenceMs: 160, graceMs: 40 } as const;

/** A program that accepts and says nothing. */
async function silentAddress(): Promise<string> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  atEnd(() => listener.close());
  return `127.0.0.1:${(listener.address() as AddressInfo).port}`;
}

/** Two hosts with a network between them that can be cut. */
async function startTwoHosts(): Promise<readonly [ServerHandle, ServerHandle, Proxy]> {
  const near = await startServer({ host: 'near', cluster: 'c1', ...HASTY });
  const network = await startProxy(near.bound);
  const far = await startServer({
    host: 'far',
    cluster: 'c2',
    peers: [network.address],
    ...HASTY,
  });
  await expect
    .poll(async () => (await peers(reaching(near))).servers.length, { timeout: 10_000 })
    .toBe(2);
  return [near, far, network];
}

async function register(server: ServerHandle, name: string, port: number): Promise<void> {
  await openClient(reaching(server)).register({ name, port, tags: { port: `${port}` } }).registered;
}

async function portsOf(name: string, options: Parameters<typeof lookup>[1]): Promise<number[]> {
  return (await lookup(name, options)).instances.map(({ port }) => port);
}

test('an instance registered anywhere is found everywhere, the nearest first', async () => {
  const [near, far] = await startTwoHosts();
  await register(near, 'db', 1);
  await register(far, 'db', 2);

  await expect.poll(() => portsOf('db', reaching(near))).toEqual([1, 2]);
  await expect.poll(() => portsOf('db', reaching(far))).toEqual([2, 1]);
});

test('tags and a cluster narrow a lookup down', async () => {
  const [near, far] = await startTwoHosts();
  await register(near, 'db', 1);
  await register(far, 'db', 2);
  await expect.poll(() => portsOf('db', reaching(near))).toEqual([1, 2]);

  expect(await portsOf('db', { ...reaching(near), tags: { port: '2' } })).toEqual([2]);
  expect(await portsOf('db', { ...reaching(near), cluster: 'c1' })).toEqual([1]);
  expect(await portsOf('db', { ...reaching(near), cluster: 'c3' })).toEqual([]);
});

test('after a split what is beyond is stale, and its host is missed, until it is forgotten', async () => {
  const [near, far, network] = await startTwoHosts();
  await register(far, 'db', 2);
  await expect.poll(() => portsOf('db', reaching(near))).toEqual([2]);

  network.cut();

  await expect
    .poll(async () => (await lookup('db', reaching(near))).instances[0]?.state, { timeout: 10_000 })
    .toBe('stale');
  const answer = await lookup('db', reaching(near));
  expect([answer.complete, answer.missing]).toEqual([false, ['far']]);
  expect(await services(reaching(near))).toMatchObject({
    complete: false,
    services: [{ name: 'db', live: 0, stale: 1 }],
  });
  expect(await forget('far', reaching(near))).toBe(1);
  expect(await portsOf('db', reaching(near))).toEqual([]);
});

test('nothing is forgotten of an unknown host, nor of one that is here', async () => {
  const server = await startServer();

  expect(await forget('nowhere', reaching(server))).toBe(0);
  expect(await forget('h1', reaching(server))).toBe(0);
});

test('the services are told by name, each with its instances', async () => {
  const server = await startServer();
  await register(server, 'web', 1);
  await register(server, 'db', 2);
  await register(server, 'web', 3);

  expect(await services(reaching(server))).toEqual({
    complete: true,
    missing: [],
    missingCount: 0,
    services: [
      { name: 'db', live: 1, stale: 0 },
      { name: 'web', live: 2, stale: 0 },
    ],
  });
});

test('the servers are told as the one that is asked sees them', async () => {
  const [near, far] = await startTwoHosts();
  await register(far, 'db', 2);

  await expect
    .poll(async () => (await peers(reaching(near))).servers)
    .toEqual([
      expect.objectContaining({ name: 'far-a', host: 'far', self: false, registrations: 1 }),
      expect.objectContaining({ name: 'near-a', host: 'near', self: true, registrations: 0 }),
    ]);
  const [other, self] = (await peers(reaching(near))).servers;
  expect(other).toMatchObject({
    origin: far.origin,
    cluster: 'c2',
    role: 'leaf',
    state: 'reachable',
    addresses: [far.address],
    links: 1,
  });
  expect(self).not.toHaveProperty('roundTripMs');
});

test('the status of a server counts what it knows', async () => {
  const server = await startServer();
  await register(server, 'db', 2);

  const report = await status(reaching(server));

  expect(report).toMatchObject({
    environment: 'testing',
    state: 'healthy',
    complete: true,
    missing: [],
    missingCount: 0,
    servers: { reachable: 1, suspect: 0, split: 0 },
    masters: { reachable: 0, known: 0 },
    services: 1,
    instances: { live: 1, stale: 0 },
  });
  expect(report.server).toMatchObject({ name: 'h1-a', self: true, links: 0, registrations: 1 });
});

test('a large answer arrives whole', async () => {
  const server = await startServer();
  const client = openClient(reaching(server));
  const tags = { long: 'x'.repeat(1024) };
  const count = 1_500;
  const handles = Array.from({ length: count }, (_, at) =>
    client.register({ name: 'db', port: at + 1, tags }),
  );
  await Promise.all(handles.map(({ registered }) => registered));

  const ports = await portsOf('db', reaching(server));

  expect(new Set(ports).size).toBe(count);
});

test('one side of a host answers while the other is gone', async () => {
  const [first, second] = await startHost();
  await first.stop();

  expect((await status(reaching(first, second))).server.name).toBe('h1-b');
});

test('a server that is silent is not waited for while there is another', async () => {
  const server = await startServer();
  const { servers = [] } = reaching(server);

  const report = await status({
    ...reaching(server),
    servers: [await silentAddress(), ...servers],
  });

  expect(report.server.name).toBe('h1-a');
});

test('without any server the question fails, and why is said', async () => {
  const address = `${ownIp()}:9`;

  await expect(services({ environment: 'testing', servers: [address] })).rejects.toMatchObject({
    code: 'RARANGI_UNREACHABLE',
    message: expect.stringContaining(`${address}: connection refused`) as unknown,
  });
});

test('a program that accepts and says nothing is no server, or one that hangs', async () => {
  const servers = [await silentAddress()];

  const outcome = status({ environment: 'testing', servers, timeoutMs: 60 });

  await expect(outcome).rejects.toMatchObject({
    code: 'RARANGI_UNREACHABLE',
    message: expect.stringMatching(
      /at \S+ \(it accepts connections and says nothing\) is another program, or a server that hangs$/,
    ) as unknown,
    hint: expect.stringMatching(/ss -ltnp 'sport = \d+'$/) as unknown,
  });
});

test('a stranger at the port does not count as a server', async () => {
  const stranger = createServer((socket) => socket.end('220 hello\r\n')).listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  atEnd(() => stranger.close());
  const servers = [`127.0.0.1:${(stranger.address() as AddressInfo).port}`];

  await expect(peers({ environment: 'testing', servers })).rejects.toMatchObject({
    code: 'RARANGI_UNREACHABLE',
  });
});

test('a server of another environment refuses, and both are named', async () => {
  const server = await startServer({ environment: 'production' });

  await expect(lookup('db', reaching(server))).rejects.toMatchObject({
    code: 'RARANGI_REFUSED',
    message:
      `refused ${server.bound}: ` +
      'it serves environment production, this client asks for testing',
    hint: 'if you mean that environment, use: --environment production',
  });
});

test.each([
  ['before', 'lookup'],
  ['while', 'lookup'],
])('a signal that comes %s a question is asked ends it', async (moment, what) => {
  const controller = new AbortController();
  if (moment === 'before') controller.abort();
  const servers = [await silentAddress()];

  const outcome = lookup('db', { environment: 'testing', servers, signal: controller.signal });
  controller.abort();

  await expect(outcome).rejects.toMatchObject({
    code: 'RARANGI_ABORTED',
    message: `${what} was aborted by its caller`,
  });
});

test('a wait ends as soon as there is a live instance', async () => {
  const server = await startServer();
  const waiting = lookup('db', { ...reaching(server), waitMs: 60_000 });

  await register(server, 'db', 7);

  expect(await waiting).toMatchObject({ complete: true, instances: [{ port: 7, state: 'live' }] });
});

test('a wait is for an instance that matches', async () => {
  const server = await startServer();
  const waiting = lookup('db', { ...reaching(server), tags: { port: '8' }, waitMs: 60_000 });

  await register(server, 'db', 7);
  await register(server, 'db', 8);

  expect((await waiting).instances.map(({ port }) => port)).toEqual([8]);
});

test('a wait is for a server, too', async () => {
  const bind = `${ownIp()}:4711`;
  const waiting = lookup('db', { environment: 'testing', servers: [bind], waitMs: 60_000 });

  await register(await startServer({ bind }), 'db', 7);

  expect((await waiting).instances).toHaveLength(1);
});

test('a wait ends when its time is over', async () => {
  const server = await startServer();

  await expect(lookup('db', { ...reaching(server), waitMs: 30 })).rejects.toMatchObject({
    code: 'RARANGI_TIMEOUT',
    message: 'no live instance of db within 30 ms',
  });
  await expect(
    lookup('db', { environment: 'testing', servers: [`${ownIp()}:9`], waitMs: 30 }),
  ).rejects.toMatchObject({
    code: 'RARANGI_TIMEOUT',
    message: 'no live instance of db within 30 ms, and no catalogue server could be reached',
  });
});

test('a wait does not go on at a server of another environment', async () => {
  const server = await startServer({ environment: 'production' });

  await expect(lookup('db', { ...reaching(server), waitMs: 60_000 })).rejects.toMatchObject({
    code: 'RARANGI_REFUSED',
  });
});

test.each<[string, () => Promise<unknown>]>([
  ['a service that is no name', () => lookup('a b')],
  ['an environment that is no name', () => services({ environment: '' })],
  ['a server that is no address', () => peers({ servers: ['h:x'] })],
  ['a timeout before now', () => status({ timeoutMs: -1 })],
  ['a wait of nonsense', () => lookup('db', { waitMs: NaN })],
  ['a tag that is no name', () => lookup('db', { tags: { 'a b': '' } })],
  ['a cluster that is no name', () => lookup('db', { cluster: 'é' })],
  ['a host that is no name', () => forget('-h')],
])('%s is a mistake of usage', async (_, ask) => {
  await expect(ask()).rejects.toMatchObject({ code: 'RARANGI_USAGE' });
});

test('a question leaves no connection behind', async () => {
  const server = await startServer();
  const proxy = await startProxy(server.bound);
  const options: ClientOptions = { environment: 'testing', servers: [proxy.address] };

  await Promise.all([lookup('db', options), peers(options), status(options)]);

  await expect.poll(() => proxy.openCount()).toBe(0);
});
