// One instance by its service's name: which one, how fresh, and the error when there is none.

import { expect, test } from 'vitest';

import type { Client, InstanceInfo, ServerHandle } from '../../../src/index.ts';
import { startProxy } from '../proxy.ts';
import { openClient, ownIp, reaching, startHost, startServer } from '../world.ts';

/** Offers a service on so many ports, from 1 on; resolves when they are registered. */
async function offer(server: ServerHandle, name: string, ports: readonly number[]) {
  const client = openClient(reaching(server));
  const handles = ports.map((port) =>
    client.register({ name, port, tags: { parity: port % 2 === 0 ? 'even' : 'odd' } }),
  );
  await Promise.all(handles.map(({ registered }) => registered));
  return handles;
}

/** The ports that come up in so many calls. */
async function portsOf(client: Client, name: string, options = {}): Promise<number[]> {
  const found: InstanceInfo[] = [];
  for (let call = 0; call < 60; call += 1) found.push(await client.resolve(name, options));
  return [...new Set(found.map(({ port }) => port))].sort((one, other) => one - other);
}

test('the first call waits for the set that there is', async () => {
  const server = await startServer({ cluster: 'c1' });
  const [handle] = await offer(server, 'db', [1]);

  const found = await openClient(reaching(server)).resolve('db');

  expect(found).toEqual({
    name: 'db',
    instance: handle!.instance,
    address: server.bound.split(':')[0],
    port: 1,
    tags: { parity: 'odd' },
    cluster: 'c1',
    host: 'h1',
    state: 'live',
  });
});

test('further calls cost no round trip: a thousand of them add one connection', async () => {
  const server = await startServer();
  const proxy = await startProxy(server.bound);
  await offer(server, 'db', [1]);
  const client = openClient({ environment: 'testing', servers: [proxy.address] });
  await client.resolve('db');
  const before = proxy.bytesFrom('caller').length;

  for (let call = 0; call < 1_000; call += 1) await client.resolve('db');

  expect(proxy.openCount()).toBe(1);
  // A ping every half second, and nothing else.
  expect(proxy.bytesFrom('caller').length - before).toBeLessThan(200);
});

test('a change is known without asking', async () => {
  const server = await startServer();
  const [first] = await offer(server, 'db', [1]);
  const client = openClient(reaching(server));
  await client.resolve('db');

  await offer(server, 'db', [2]);
  await first!.close();

  await expect.poll(async () => (await client.resolve('db')).port).toBe(2);
});

test('equals are chosen by lot, and only what matches is chosen', async () => {
  const server = await startServer();
  await offer(server, 'db', [1, 2, 3, 4]);
  const client = openClient(reaching(server));

  const all = await portsOf(client, 'db');
  const even = await portsOf(client, 'db', { tags: { parity: 'even' } });

  expect([all, even]).toEqual([
    [1, 2, 3, 4],
    [2, 4],
  ]);
});

test('the nearest is chosen, or any by lot', async () => {
  const near = await startServer({ host: 'near' });
  const far = await startServer({ host: 'far', peers: [near.bound] });
  await offer(near, 'db', [1]);
  await offer(far, 'db', [2]);
  const client = openClient(reaching(near));
  await client.resolve('db', { waitMs: 5_000, cluster: 'default' });
  await expect.poll(() => portsOf(client, 'db', { choice: 'random' })).toEqual([1, 2]);

  expect(await portsOf(client, 'db')).toEqual([1]);
  expect(await portsOf(client, 'db', { choice: 'random' })).toEqual([1, 2]);
});

test('an instance that has just failed is left out', async () => {
  const server = await startServer();
  await offer(server, 'db', [1, 2]);
  const client = openClient(reaching(server));
  const failed = await client.resolve('db');

  const other = await client.resolve('db', { except: [failed] });

  expect(new Set([failed.port, other.port])).toEqual(new Set([1, 2]));
  await expect(client.resolve('db', { except: [failed, other] })).rejects.toMatchObject({
    code: 'RARANGI_NONE',
    message: 'there is no instance of db but the 2 left out',
  });
});

test('that there is none is said at once when that is certain', async () => {
  const server = await startServer();

  await expect(openClient(reaching(server)).resolve('db')).rejects.toMatchObject({
    code: 'RARANGI_NONE',
    message: 'there is no instance of db',
    retryable: true,
  });
});

test('an instance that one server does not know yet is asked for at the other', async () => {
  const knowing = await startServer();
  const lonely = await startServer({ host: 'h2', peers: [`${ownIp()}:9`] });
  await offer(knowing, 'db', [1]);
  const client = openClient(reaching(lonely, knowing));

  expect((await client.resolve('db')).port).toBe(1);
});

test('none, and no server that can tell for sure, is no certainty', async () => {
  const lonely = await startServer({ peers: [`${ownIp()}:9`] });

  await expect(openClient(reaching(lonely)).resolve('db')).rejects.toMatchObject({
    code: 'RARANGI_UNCERTAIN',
    message: expect.stringContaining('the view is not complete') as unknown,
  });
});

test('a stale instance is given only to those who say that it will do', async () => {
  // With their usual patience: a busy machine must not make them lose each other, or the client.
  const near = await startServer({ host: 'near' });
  const network = await startProxy(near.bound);
  const far = await startServer({ host: 'far', peers: [network.address] });
  await offer(far, 'db', [1]);
  const client = openClient(reaching(near));
  await client.resolve('db', { waitMs: 5_000 });

  network.cut();
  const stale = { port: 1, state: 'stale' };
  await expect.poll(() => client.resolve('db', { allowStale: true })).toMatchObject(stale);

  await expect(client.resolve('db')).rejects.toMatchObject({
    code: 'RARANGI_UNCERTAIN',
    message: 'there are only stale instances of db (1)',
  });
});

test('a call that waits gets the first that comes, even if there was no server before', async () => {
  const bind = `${ownIp()}:4711`;
  const client = openClient({ environment: 'testing', servers: [bind] });
  const waiting = client.resolve('db', { waitMs: 20_000 });

  const server = await startServer({ bind });
  await offer(server, 'db', [1]);

  expect((await waiting).port).toBe(1);
});

test('no call waits longer than it was told to', async () => {
  const server = await startServer();
  const client = openClient(reaching(server));
  // It has found the server before its time counts.
  await client.resolve('db').catch(() => undefined);

  await expect(client.resolve('db', { waitMs: 50, timeoutMs: 50 })).rejects.toMatchObject({
    code: 'RARANGI_TIMEOUT',
    message: 'no live instance of db within 50 ms',
  });
});

test('without a server there is no answer, and the next step is named', async () => {
  const servers = [`${ownIp()}:9`];
  const client = openClient({ environment: 'testing', servers, timeoutMs: 100 });

  await expect(client.resolve('db')).rejects.toMatchObject({
    code: 'RARANGI_UNREACHABLE',
    hint: expect.stringContaining('--server') as unknown,
  });
});

test('where no server listens, that is said at once, and not for ever', async () => {
  const bind = `${ownIp()}:4711`;
  const client = openClient({ environment: 'testing', servers: [bind], timeoutMs: 60_000 });

  const first = await client.resolve('db').catch((error: unknown) => error);
  const second = await client.resolve('db').catch((error: unknown) => error);
  const server = await startServer({ bind });
  await offer(server, 'db', [1]);
  const third = await client.resolve('db');

  const unreachable = {
    code: 'RARANGI_UNREACHABLE',
    message: expect.stringContaining(`${bind}: `) as unknown,
  };
  expect([first, second, third]).toMatchObject([unreachable, unreachable, { port: 1 }]);
});

test('servers that refuse are not waited for', async () => {
  const server = await startServer({ environment: 'production' });

  await expect(openClient(reaching(server)).resolve('db')).rejects.toMatchObject({
    code: 'RARANGI_REFUSED',
  });
});

test('when one server goes, no call misses the instance', async () => {
  const [first, second] = await startHost();
  const owner = openClient(reaching(first, second));
  const servers = new Set<string>();
  owner.on('registered', ({ server }) => servers.add(server));
  owner.register({ name: 'db', port: 1 });
  await expect.poll(() => servers.size).toBe(2);
  const client = openClient(reaching(first, second));
  await client.resolve('db');

  const stopped = first.stop();
  const during: number[] = [];
  for (let isOver = false; !isOver;) {
    isOver = await Promise.race([stopped.then(() => true), turn()]);
    during.push((await client.resolve('db')).port);
  }

  expect(new Set(during)).toEqual(new Set([1]));
  expect((await client.resolve('db')).port).toBe(1);
});

function turn(): Promise<false> {
  return new Promise((resolve) => {
    setImmediate(resolve, false);
  });
}

test('when no server is left, what was known is not passed off as live', async () => {
  const server = await startServer();
  const [handle] = await offer(server, 'db', [1]);
  const client = openClient(reaching(server));
  await client.resolve('db');
  await server.stop();
  const soon = { timeoutMs: 100 };

  // For a moment the last word counts; a server that is restarted must not be noticed.
  await expect
    .poll(() => client.resolve('db', soon).catch((error: unknown) => error))
    .toMatchObject({ code: 'RARANGI_UNCERTAIN' });
  const found = await client.resolve('db', { allowStale: true, ...soon });

  expect([found.instance, found.state]).toEqual([handle!.instance, 'stale']);
});

test('a signal ends the waiting, and its reason is told', async () => {
  const server = await startServer();
  const client = openClient(reaching(server));
  const controller = new AbortController();
  const waiting = client.resolve('db', { waitMs: 20_000, signal: controller.signal });

  controller.abort(new Error('enough'));

  await expect(waiting).rejects.toMatchObject({
    code: 'RARANGI_ABORTED',
    cause: new Error('enough'),
  });
  const aborted = client.resolve('db', { signal: AbortSignal.abort() });
  await expect(aborted).rejects.toMatchObject({ code: 'RARANGI_ABORTED' });
});

test('a name, duration or tag that is none is refused', async () => {
  const client = openClient({ environment: 'testing', servers: [`${ownIp()}:9`] });

  const wrong = [
    client.resolve('a b'),
    client.resolve('db', { waitMs: -1 }),
    client.resolve('db', { tags: { 'a b': '' } }),
    client.resolve('db', { cluster: 'a b' }),
  ];

  for (const one of wrong) await expect(one).rejects.toMatchObject({ code: 'RARANGI_USAGE' });
});

test('a closed client answers nothing, and what it was asked before is aborted', async () => {
  const server = await startServer();
  const proxy = await startProxy(server.bound);
  const client = openClient({ environment: 'testing', servers: [proxy.address] });
  await client.resolve('db').catch(() => undefined);
  const waiting = client.resolve('db', { waitMs: 20_000 });
  const events = client.watch('db')[Symbol.asyncIterator]();
  const next = events.next().then(() => events.next());

  await Promise.all([
    client.close(),
    expect(waiting).rejects.toMatchObject({ code: 'RARANGI_ABORTED' }),
  ]);

  await expect(client.resolve('db')).rejects.toThrow('the client is closed');
  await expect(client.lookup('db')).rejects.toThrow('the client is closed');
  expect(() => client.watch('db')).toThrow('the client is closed');
  expect(await next).toEqual({ value: undefined, done: true });
  await expect.poll(() => proxy.openCount()).toBe(0);
});
