import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import type { Client, ClientEvents, Offer } from '../../../src/index.ts';
import { connect, lookup } from '../../../src/index.ts';
import { freePort } from '../../support/free-port.ts';
import { startProxy } from '../proxy.ts';
import {
  inShort,
  openClient,
  ownFolder,
  ownIp,
  reaching,
  startHost,
  startServer,
  watchSynced,
} from '../world.ts';

function next<E extends keyof ClientEvents>(client: Client, event: E): Promise<ClientEvents[E]> {
  return new Promise((resolve) => {
    client.on(event, resolve);
  });
}

/** The events of a client from now on. */
function logOf(client: Client): string[] {
  const log: string[] = [];
  client.on('registered', ({ service, server }) => log.push(`${service} at ${server}`));
  client.on('lost', ({ server }) => log.push(`lost ${server}`));
  return log;
}

test('a registration is found, whole', async () => {
  const server = await startServer({ cluster: 'c1' });
  const offer = { name: 'db', port: 5432, address: '10.0.0.7', scheme: 'pg', tags: { v: '2' } };

  const handle = openClient(reaching(server)).register(offer);
  await handle.registered;

  const { instances } = await lookup('db', reaching(server));
  expect(instances).toEqual([
    { ...offer, instance: handle.instance, cluster: 'c1', host: 'h1', state: 'live' },
  ]);
});

test('without an address an instance is where its server is', async () => {
  const server = await startServer({ advertise: 'h1.example.org' });

  await openClient(reaching(server)).register({ name: 'db', port: 5432 }).registered;

  const { instances } = await lookup('db', reaching(server));
  expect(instances[0]?.address).toBe('h1.example.org');
});

test('an instance is registered with every server', async () => {
  const [first, second] = await startHost();
  const client = openClient(reaching(first, second));
  const log = logOf(client);

  client.register({ name: 'db', port: 5432 });

  await expect.poll(() => [...log].sort()).toEqual(['db at h1-a', 'db at h1-b']);
});

test('the same name any number of times is so many instances', async () => {
  const server = await startServer();
  const client = openClient(reaching(server));

  const handles = [1, 2, 3].map((port) => client.register({ name: 'db', port }));
  await Promise.all(handles.map(({ registered }) => registered));

  const { instances } = await lookup('db', reaching(server));
  expect(new Set(instances.map(({ port }) => port))).toEqual(new Set([1, 2, 3]));
  expect(new Set(handles.map(({ instance }) => instance)).size).toBe(3);
});

test('an update changes the instance under its id', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const handle = openClient(reaching(server)).register({ name: 'db', port: 1, tags: { a: '1' } });
  await handle.registered;

  handle.update({ port: 2, tags: { b: '2' }, scheme: 'pg', address: '10.0.0.1' });

  expect(await watching.next()).toBe('added 1');
  const { change, instance } = await watching.nextWhole();
  expect(change).toBe('updated');
  expect(instance).toMatchObject({
    instance: handle.instance,
    port: 2,
    tags: { b: '2' },
    scheme: 'pg',
    address: '10.0.0.1',
  });
});

test.each([['deregistered'], ['unhealthy']] as const)(
  'an instance is given up as %s, and once that is done it is gone',
  async (cause) => {
    const server = await startServer();
    const watching = await watchSynced('db', reaching(server));
    const handle = openClient(reaching(server)).register({ name: 'db', port: 1 });
    await handle.registered;

    await handle.close(cause);

    expect((await lookup('db', reaching(server))).instances).toEqual([]);
    expect([await watching.next(), await watching.next()]).toEqual([
      'added 1',
      `removed 1 ${cause}`,
    ]);
  },
);

test('giving up twice, or after the client, changes nothing', async () => {
  const server = await startServer();
  const client = openClient(reaching(server));
  const handle = client.register({ name: 'db', port: 1 });

  await Promise.all([handle.close(), handle.close()]);
  await handle.close();
  handle.update({ port: 2 });
  await client.close();
  await handle.close();

  expect((await lookup('db', reaching(server))).instances).toEqual([]);
});

test('a client that closes takes all it registered with it', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const client = openClient(reaching(server));
  await client.register({ name: 'db', port: 1 }).registered;

  await client.close();

  expect([await watching.next(), await watching.next()]).toEqual([
    'added 1',
    'removed 1 deregistered',
  ]);
  expect(() => client.register({ name: 'db', port: 1 })).toThrow('the client is closed');
});

test('a signal closes a client', async () => {
  const server = await startServer();
  const controller = new AbortController();
  const watching = await watchSynced('db', reaching(server));
  const client = openClient({ ...reaching(server), signal: controller.signal });
  await client.register({ name: 'db', port: 1 }).registered;

  controller.abort();

  expect([await watching.next(), await watching.next()]).toEqual([
    'added 1',
    'removed 1 deregistered',
  ]);
});

test('a client with a signal that has come already is closed', async () => {
  const client = connect({ ...reaching(), servers: ['127.0.0.1:1'], signal: AbortSignal.abort() });

  await client.close();

  expect(() => client.register({ name: 'db', port: 1 })).toThrow('the client is closed');
});

test('a service waits for a server that is not there yet', async () => {
  const path = join(ownFolder(), 'a.sock');
  const handle = openClient({ environment: 'testing', servers: [path] }).register({
    name: 'db',
    port: 1,
  });

  const server = await startServer({ socket: path });
  await handle.registered;

  expect((await lookup('db', reaching(server))).instances).toHaveLength(1);
});

test('when a server is lost that is told, and when it is back so is the registration', async () => {
  const server = await startServer();
  const client = openClient(reaching(server));
  const log = logOf(client);
  const { registered, instance } = client.register({ name: 'db', port: 1 });
  await registered;

  await server.stop();
  await expect.poll(() => log.at(-1)).toBe('lost h1-a');
  const again = await startServer({ bind: server.bound });
  await expect.poll(() => log.at(-1)).toBe('db at h1-a');

  expect(log).toEqual(['db at h1-a', 'lost h1-a', 'db at h1-a']);
  const { instances } = await lookup('db', reaching(again));
  expect(instances.map((one) => one.instance)).toEqual([instance]);
});

test('a registration given up while a server was away stays given up', async () => {
  const server = await startServer();
  const client = openClient(reaching(server));
  const kept = client.register({ name: 'kept', port: 1 });
  const handle = client.register({ name: 'db', port: 2 });
  await Promise.all([kept.registered, handle.registered]);
  const lost = next(client, 'lost');
  await server.stop();
  await lost;

  await handle.close();
  const back = next(client, 'registered');
  const again = await startServer({ bind: server.bound });
  await back;

  expect((await lookup('kept', reaching(again))).instances).toHaveLength(1);
  expect((await lookup('db', reaching(again))).instances).toEqual([]);
});

test('a registration that is given up before any server had it never was', async () => {
  const handle = openClient({ ...reaching(), servers: [`${ownIp()}:9`] }).register({
    name: 'db',
    port: 1,
  });

  await handle.close();

  await expect(handle.registered).rejects.toMatchObject({
    code: 'RARANGI_ABORTED',
    message: 'the registration of db was aborted by its caller',
  });
});

test('a client whom every server refuses says so, and so do its registrations', async () => {
  const server = await startServer({ environment: 'production' });
  const client = openClient(reaching(server));
  const all = next(client, 'refused-by-all');
  const one = next(client, 'refused');

  const handle = client.register({ name: 'db', port: 1 });

  const reason = `it serves environment production, this client asks for testing`;
  expect(await one).toEqual({ server: server.bound, reason });
  expect(await all).toEqual({
    reason: `${server.bound}: ${reason}`,
    hint: 'if you mean that environment, use: --environment production',
  });
  await expect(handle.registered).rejects.toMatchObject({ code: 'RARANGI_REFUSED' });
  await expect(client.register({ name: 'x', port: 1 }).registered).rejects.toMatchObject({
    code: 'RARANGI_REFUSED',
  });
});

test('one server that refuses is no matter while another one takes us', async () => {
  const [good, bad] = [await startServer(), await startServer({ environment: 'production' })];
  const client = openClient(reaching(bad, good));
  const refused = next(client, 'refused');

  await client.register({ name: 'db', port: 1 }).registered;

  expect((await refused).server).toBe(bad.bound);
});

test('clients that look in the same places share one session with a server, each its own services', async () => {
  const server = await startServer();
  const proxy = await startProxy(server.bound);
  const through = { environment: 'testing', servers: [proxy.address] };
  const [first, second] = [openClient(through), openClient(through)];
  const logs = [logOf(first), logOf(second)];

  await first.register({ name: 'db', port: 1 }).registered;
  await second.register({ name: 'web', port: 2 }).registered;
  expect(proxy.openCount()).toBe(1);
  await first.close();

  expect((await lookup('db', reaching(server))).instances).toEqual([]);
  expect((await lookup('web', reaching(server))).instances).toHaveLength(1);
  expect(logs).toEqual([['db at h1-a'], ['web at h1-a']]);
});

test('of clients that share a session each hears that it is lost', async () => {
  const server = await startServer();
  const clients = [openClient(reaching(server)), openClient(reaching(server))] as const;
  for (const client of clients) await client.register({ name: 'db', port: 1 }).registered;
  const lost = clients.map((client) => next(client, 'lost'));

  await server.stop();

  expect(await Promise.all(lost)).toMatchObject([{ server: 'h1-a' }, { server: 'h1-a' }]);
});

test('a client whom every server refused is no example for the next one', async () => {
  const bind = `${ownIp()}:${String(await freePort())}`;
  const wrong = await startServer({ environment: 'production', bind });
  const refused = openClient(reaching(wrong));
  await expect(refused.register({ name: 'db', port: 1 }).registered).rejects.toMatchObject({
    code: 'RARANGI_REFUSED',
  });
  await wrong.stop();
  const right = await startServer({ bind });

  await openClient(reaching(right)).register({ name: 'db', port: 1 }).registered;

  expect((await lookup('db', reaching(right))).instances).toHaveLength(1);
});

test('a listener that was taken off hears nothing', async () => {
  const server = await startServer();
  const client = openClient(reaching(server));
  const heard: unknown[] = [];
  const off = client.on('registered', (details) => heard.push(details));

  off();
  await client.register({ name: 'db', port: 1 }).registered;

  expect(heard).toEqual([]);
});

test('giving up does not wait for ever for a server that does not answer', async () => {
  const stuck = createServer().listen(0, '127.0.0.1');
  await once(stuck, 'listening');
  const { port } = stuck.address() as AddressInfo;
  const client = openClient({ environment: 'testing', servers: [`127.0.0.1:${port}`] });
  const handle = client.register({ name: 'db', port: 1 });

  await handle.close();
  await client.close();
  stuck.close();

  await expect(handle.registered).rejects.toMatchObject({ code: 'RARANGI_ABORTED' });
});

test.each<[string, Offer, RegExp]>([
  ['a name that is none', { name: 'a b', port: 1 }, /^service "a b" is not a name/],
  ['a port of 0', { name: 'a', port: 0 }, /^port 0 is not a port$/],
  ['half a port', { name: 'a', port: 1.5 }, /^port 1.5 is not a port$/],
  ['an address with a blank', { name: 'a', port: 1, address: 'h 1' }, /^address "h 1" is not an/],
  ['a long address', { name: 'a', port: 1, address: 'h'.repeat(256) }, /is not an address$/],
  [
    'every address',
    { name: 'a', port: 1, address: '0.0.0.0' },
    /stands for every address of a machine$/,
  ],
  ['an address with a zone', { name: 'a', port: 1, address: 'fe80::1%eth0' }, /one machine only$/],
  ['an octal address', { name: 'a', port: 1, address: '127.0.0.010' }, /is not an address$/],
  ['an address that is a flag', { name: 'a', port: 1, address: '-x' }, /^address "-x" is not an/],
  ['a value that turns', { name: 'a', port: 1, tags: { b: '\u202e' } }, /^the value of tag b/],
  ['a scheme of digits', { name: 'a', port: 1, scheme: '9' }, /^scheme "9" is not a scheme$/],
  ['a tag that is no name', { name: 'a', port: 1, tags: { 'a b': '' } }, /^tag "a b" is not/],
  ['a value with a bell', { name: 'a', port: 1, tags: { b: '\u0007' } }, /^the value of tag b/],
  [
    'a number as a value',
    { name: 'a', port: 1, tags: { b: 5 as unknown as string } },
    /^the value of tag b is not a text$/,
  ],
  ['a long value', { name: 'a', port: 1, tags: { b: 'é'.repeat(513) } }, /^the value of tag b/],
  [
    'too many tags',
    {
      name: 'a',
      port: 1,
      tags: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`t${at}`, ''])),
    },
    /^an instance cannot have 65 tags$/,
  ],
])('an offer with %s is refused at once', (_, offer, message) => {
  const client = openClient({ environment: 'testing', servers: ['127.0.0.1:1'] });

  expect(() => client.register(offer)).toThrow(
    expect.objectContaining({
      code: 'RARANGI_USAGE',
      message: expect.stringMatching(message) as unknown,
    }),
  );
});

test('an update that is no offer is refused, and the offer stays', async () => {
  const server = await startServer();
  const handle = openClient(reaching(server)).register({ name: 'db', port: 1 });
  await handle.registered;

  expect(() => {
    handle.update({ port: 70_000 });
  }).toThrow('port 70000 is not a port');
  expect((await lookup('db', reaching(server))).instances[0]?.port).toBe(1);
});

test('a client that was asked for nothing has opened nothing', async () => {
  const server = await startServer();
  const proxy = await startProxy(server.bound);
  const client = openClient({ environment: 'testing', servers: [proxy.address] });

  await client.lookup('db');

  await expect.poll(() => proxy.openCount()).toBe(0);
});

test('a registration tells when no server holds it any more, and when one does again', async () => {
  const [first, second] = await startHost();
  const client = openClient(reaching(first, second));
  const log = logOf(client);
  const handle = client.register({ name: 'db', port: 1 });
  const told: string[] = [];
  handle.on('lost', ({ server }) => told.push(`lost ${server}`));
  handle.on('regained', ({ server }) => told.push(`regained ${server}`));
  await expect.poll(() => log.length).toBe(2);

  await first.stop();
  await expect.poll(() => log.at(-1)).toBe('lost h1-a');
  expect([told, handle.isRegistered]).toEqual([[], true]);
  await second.stop();
  await expect.poll(() => told).toEqual(['lost h1-b']);
  expect(handle.isRegistered).toBe(false);
  await startServer({ bind: second.bound, name: 'back' });

  await expect.poll(() => told).toEqual(['lost h1-b', 'regained back']);
  expect(handle.isRegistered).toBe(true);
});

test('a registration given up on purpose is not told as lost', async () => {
  const server = await startServer();
  const client = openClient(reaching(server));
  const told: string[] = [];
  const handle = client.register({ name: 'db', port: 1 });
  handle.on('lost', ({ server: name }) => told.push(name));
  await handle.registered;

  await handle.close();
  await client.close();

  expect([told, handle.isRegistered]).toEqual([[], false]);
});

test('a signal gives up one registration', async () => {
  const server = await startServer();
  const client = openClient(reaching(server));
  const controller = new AbortController();
  const watching = await watchSynced('db', reaching(server));
  await client.register({ name: 'db', port: 1 }, { signal: controller.signal }).registered;

  controller.abort();

  expect([await watching.next(), await watching.next()]).toEqual([
    'added 1',
    'removed 1 deregistered',
  ]);
  const late = client.register({ name: 'db', port: 2 }, { signal: controller.signal });
  await expect(late.registered).rejects.toMatchObject({ code: 'RARANGI_ABORTED' });
});

test('clients, registrations and servers are disposed of with their scope', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  {
    await using client = connect(reaching(server));
    await using handle = client.register({ name: 'db', port: 1 });
    await handle.registered;
  }

  expect([await watching.next(), await watching.next()]).toEqual([
    'added 1',
    'removed 1 deregistered',
  ]);
  await server[Symbol.asyncDispose]();
  await expect(lookup('db', reaching(server))).rejects.toMatchObject({
    code: 'RARANGI_UNREACHABLE',
  });
});

test('a client asks and watches by itself', async () => {
  const server = await startServer();
  const client = openClient(reaching(server));
  await client.register({ name: 'db', port: 1, tags: { v: '1' } }).registered;
  await client.register({ name: 'db', port: 2, tags: { v: '2' } }).registered;

  const changes: string[] = [];
  for await (const event of client.watch('db', { tags: { v: '2' } })) {
    changes.push(inShort(event));
    if (event.change === 'synced') break;
  }
  const { instances, complete } = await client.lookup('db', { tags: { v: '1' } });

  expect(changes).toEqual(['present 2', 'synced']);
  expect([instances.map(({ port }) => port), complete]).toEqual([[1], true]);
});
