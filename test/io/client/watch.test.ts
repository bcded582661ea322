import { expect, test } from 'vitest';

import type { ClientOptions, ServerHandle, WatchEvent } from '../../../src/index.ts';
import { lookup, watch } from '../../../src/index.ts';
import { startProxy } from '../proxy.ts';
import {
  inShort,
  openClient,
  ownIp,
  reaching,
  startHost,
  startServer,
  startWatch,
  watchSynced,
} from '../world.ts';

test('a watch begins with what is there, and a mark where that ends', async () => {
  const server = await startServer();
  const client = openClient(reaching(server));
  const handle = client.register({ name: 'db', port: 1 });
  await handle.registered;

  const watching = startWatch('db', reaching(server));

  const { change, instance } = await watching.nextWhole();
  expect([change, instance?.instance, instance?.state]).toEqual([
    'present',
    handle.instance,
    'live',
  ]);
  expect(await watching.nextWhole()).toEqual({ change: 'synced' });
});

test('every change follows, a removal with its cause', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const client = openClient(reaching(server));

  const handle = client.register({ name: 'db', port: 1 });
  await handle.registered;
  handle.update({ port: 2 });
  await handle.close();

  expect([await watching.next(), await watching.next(), await watching.next()]).toEqual([
    'added 1',
    'updated 2',
    'removed 2 deregistered',
  ]);
});

test('a service whose connection is lost is removed as closed', async () => {
  const server = await startServer();
  const proxy = await startProxy(server.bound);
  const watching = await watchSynced('db', reaching(server));
  const through = { environment: 'testing', servers: [proxy.address] };
  await openClient(through).register({ name: 'db', port: 1 }).registered;

  proxy.heal();

  expect([await watching.next(), await watching.next()]).toEqual(['added 1', 'removed 1 closed']);
});

test('only what is wanted is told, and what ceases to be wanted is removed', async () => {
  const server = await startServer();
  const wanted = { ...reaching(server), tags: { v: '2' } };
  const watching = await watchSynced('db', wanted);
  const client = openClient(reaching(server));

  client.register({ name: 'db', port: 1, tags: { v: '1' } });
  const handle = client.register({ name: 'db', port: 2, tags: { v: '2' } });
  await handle.registered;
  handle.update({ tags: { v: '1' } });

  expect([await watching.next(), await watching.next()]).toEqual(['added 2', 'removed 2 replaced']);
});

test('a watch waits for a server that is not there yet', async () => {
  const bind = `${ownIp()}:4711`;
  const watching = startWatch('db', { environment: 'testing', servers: [bind] });

  await startServer({ bind });

  expect(await watching.next()).toBe('synced');
});

test('a watch goes on while one server after the other is restarted', async () => {
  const bind = ownIp();
  const [first, second] = await startHost({ bind });
  const client = openClient(reaching(first, second));
  const servers = new Set<string>();
  client.on('registered', ({ server }) => servers.add(server));
  client.on('lost', ({ server }) => servers.delete(server));
  client.register({ name: 'db', port: 1 });
  await expect.poll(() => servers.size).toBe(2);
  const watching = await watchSynced('db', reaching(first, second));

  let next = [first, second];
  for (let restart = 0; restart < 3; restart += 1) {
    const [oldest, other] = next as [ServerHandle, ServerHandle];
    await oldest.stop();
    await expect.poll(() => servers.has(oldest.name)).toBe(false);
    next = [other, await startServer({ bind })];
    await expect.poll(() => servers.size, { timeout: 5_000 }).toBe(2);
  }
  client.register({ name: 'db', port: 2 });

  expect(await watching.next()).toBe('added 2');
});

test('changes of the time without a server are told when there is one', async () => {
  const server = await startServer();
  const client = openClient(reaching(server));
  const [kept, given] = [1, 2].map((port) => client.register({ name: 'db', port }));
  await Promise.all([kept!.registered, given!.registered]);
  const watching = await watchSynced('db', reaching(server));
  await server.stop();

  await given!.close();
  await startServer({ bind: server.bound });

  // A watcher that is faster than the service sees it go and come, too.
  while ((await watching.next()) !== 'removed 2 unknown');
  await expect
    .poll(async () => (await lookup('db', reaching(server))).instances.map(({ port }) => port))
    .toEqual([1]);
});

test('an instance beyond a split is stale, and live again when that has healed', async () => {
  const hasty = { heartbeatMs: 50, silenceMs: 160, graceMs: 40 };
  const near = await startServer({ host: 'near', ...hasty });
  const network = await startProxy(near.bound);
  const far = await startServer({ host: 'far', peers: [network.address], ...hasty });
  await openClient(reaching(far)).register({ name: 'db', port: 1 }).registered;
  const watching = startWatch('db', reaching(near));
  const told = [await watching.next(), await watching.next()].sort();

  network.cut();
  const cut = await watching.next();
  network.heal();
  const healed = await watching.next();

  expect(['added 1', 'present 1']).toContain(told[0]);
  expect([told[1], cut, healed]).toEqual(['synced', 'stale 1', 'live 1']);
});

test('a signal ends a watch without an error', async () => {
  const server = await startServer();
  const controller = new AbortController();
  const events: string[] = [];

  for await (const event of watch('db', { ...reaching(server), signal: controller.signal })) {
    events.push(inShort(event));
    controller.abort();
  }

  expect(events).toEqual(['synced']);
});

test('a signal ends a watch that waits', async () => {
  const controller = new AbortController();
  const servers = [`${ownIp()}:9`];
  const events = watch('db', { environment: 'testing', servers, signal: controller.signal })[
    Symbol.asyncIterator
  ]();

  const next = events.next();
  controller.abort();

  expect(await next).toEqual({ value: undefined, done: true });
});

test('a watch whose signal has come already tells nothing', async () => {
  const server = await startServer();
  const events: WatchEvent[] = [];

  for await (const event of watch('db', { ...reaching(server), signal: AbortSignal.abort() })) {
    events.push(event);
  }

  expect(events).toEqual([]);
});

test.each(['break', 'throw', 'signal'] as const)(
  'leaving the loop by %s closes the connection',
  async (way) => {
    const server = await startServer();
    const proxy = await startProxy(server.bound);
    const controller = new AbortController();
    const options = { environment: 'testing', servers: [proxy.address], signal: controller.signal };

    await leave(options, way, controller).catch(() => undefined);

    await expect.poll(() => proxy.openCount()).toBe(0);
  },
);

async function leave(options: ClientOptions, way: string, controller: AbortController) {
  for await (const _ of watch('db', options)) {
    if (way === 'break') break;
    if (way === 'throw') throw new Error('enough');
    controller.abort();
  }
}

test('a watch can be walked through more than once', async () => {
  const server = await startServer();
  const both = watch('db', reaching(server));

  const firsts: string[] = [];
  for (let walk = 0; walk < 2; walk += 1) {
    for await (const event of both) {
      firsts.push(inShort(event));
      break;
    }
  }

  expect(firsts).toEqual(['synced', 'synced']);
});

test('a watch that every server refuses fails', async () => {
  const server = await startServer({ environment: 'production' });

  await expect(startWatch('db', reaching(server)).next()).rejects.toMatchObject({
    code: 'RARANGI_REFUSED',
    message: expect.stringContaining('it serves environment production') as unknown,
  });
});

test('a watch of what is no name is refused at once', () => {
  expect(() => watch('a b')).toThrow(expect.objectContaining({ code: 'RARANGI_USAGE' }));
});

test('leaving a watch ends a wait for its next event', async () => {
  const server = await startServer();
  const proxy = await startProxy(server.bound);
  const events = watch('db', { environment: 'testing', servers: [proxy.address] })[
    Symbol.asyncIterator
  ]();
  await events.next();
  const next = events.next();

  await events.return?.();

  expect(await next).toEqual({ value: undefined, done: true });
  await expect.poll(() => proxy.openCount()).toBe(0);
});
