import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:net';
import { expect, test } from 'vitest';

import type { Notice, ServeOptions, ServerHandle } from '../../../src/index.ts';
import { lookup, peers, RarangiError, serve, status } from '../../../src/index.ts';
import { uncaughtBy } from '../../support/uncaught.ts';
import {
  ownFolder,
  ownIp,
  reaching,
  startHost,
  startServer,
  startTalkingServer,
} from '../world.ts';

async function refusalOf(options: ServeOptions): Promise<RarangiError> {
  const outcome: unknown = await serve(options).catch((error: unknown) => error);
  if (outcome instanceof RarangiError) return outcome;
  throw new Error('it serves');
}

test('the first server of an address is side A, the second side B, at the well-known ports', async () => {
  const bind = ownIp();

  const first = await startServer({ bind });
  const second = await startServer({ bind });

  expect([first.side, first.name, first.bound]).toEqual(['a', 'h1-a', `${bind}:17330`]);
  expect([second.side, second.name, second.bound]).toEqual(['b', 'h1-b', `${bind}:17331`]);
});

test('a third server of an address is refused, and told where to look', async () => {
  const bind = ownIp();
  await startHost({ bind });

  const error = await refusalOf({ environment: 'testing', bind });

  expect(error.code).toBe('RARANGI_USAGE');
  expect(error.message).toBe(
    `both ports of environment testing at ${bind} are taken, 17330 and 17331`,
  );
  expect(error.hint).toContain('rarangi peers -e testing');
});

test('a place that was left is taken again', async () => {
  const bind = ownIp();
  const first = await startServer({ bind });
  await startServer({ bind });
  await first.stop();

  const next = await startServer({ bind });

  expect([next.side, next.name]).toEqual(['a', 'h1-a']);
  expect(next.origin).not.toBe(first.origin);
});

test('the two sides of an address find each other', async () => {
  const [first, second] = await startHost();

  await expect
    .poll(async () => (await peers(reaching(second))).servers.map(({ name }) => name).sort())
    .toEqual([first.name, second.name]);
});

test('an exact port is taken as it is', async () => {
  const bind = ownIp();

  const server = await startServer({ bind: `${bind}:4711`, environment: 'mine' });

  expect([server.bound, server.address, server.side]).toEqual([
    `${bind}:4711`,
    `${bind}:4711`,
    'a',
  ]);
  expect(server.socket).toBe(null);
});

test('an exact port that is taken is refused', async () => {
  const { bound } = await startServer();

  const error = await refusalOf({ bind: bound });

  expect(error.message).toBe(`cannot bind ${bound}: the address is in use`);
  expect(error.hint).toBe('choose another port, or stop the program that has it');
});

test('the advertised address may differ from the bound one', async () => {
  const whole = await startServer({ advertise: 'db.example.org:99' });
  const hostOnly = await startServer({ advertise: 'db.example.org' });

  expect(whole.address).toBe('db.example.org:99');
  expect(hostOnly.address).toBe(`db.example.org:${String(hostOnly.bound.split(':')[1])}`);
});

test('a server that others reach warns when it tells them to go to themselves', async () => {
  const open = { bind: '0.0.0.0:0', insecure: true, socket: 'none' } as const;
  const noticesOf = async (options: ServeOptions): Promise<string[]> => {
    const names: string[] = [];
    const onNotice = ({ name }: Notice): void => void names.push(name);
    await (await serve({ environment: 'mine', onNotice, ...options })).stop();
    return names;
  };

  const wrong = await noticesOf({ ...open, advertise: '127.0.0.1' });
  const right = await noticesOf({ ...open, advertise: '10.0.0.1' });
  const alone = await noticesOf({ bind: `${ownIp()}:0`, advertise: '127.0.0.1', socket: 'none' });

  expect(wrong).toContain('loopback-advertised');
  expect([...right, ...alone]).not.toContain('loopback-advertised');
});

test('a server calls itself by its host and side unless it is named', async () => {
  const named = await startServer({ name: 'mine' });
  const ofThisMachine = await serve({ bind: `${ownIp()}:0` });
  await ofThisMachine.stop();

  expect(named.name).toBe('mine');
  expect(ofThisMachine.name).toBe(`${hostname()}-a`);
});

test('a server says of itself what it was told', async () => {
  const server = await startServer({ cluster: 'c9', host: 'h9', master: true });

  const { environment, server: row } = await status(reaching(server));

  expect(environment).toBe('testing');
  expect(row).toMatchObject({ name: 'h9-a', host: 'h9', cluster: 'c9', role: 'master' });
  expect(row).toMatchObject({ origin: server.origin, addresses: [server.address], self: true });
});

test('a lone server is healthy and complete at once', async () => {
  const server = await startServer();

  const answer = await lookup('nothing', reaching(server));

  expect(answer).toEqual({
    service: 'nothing',
    complete: true,
    missing: [],
    missingCount: 0,
    instances: [],
  });
});

test.each<[string, ServeOptions, RegExp]>([
  ['a wildcard without an address for others', { bind: '0.0.0.0' }, /every address.*which to use/],
  [
    'a wildcard as the address for others',
    { bind: '0.0.0.0', advertise: '[::]' },
    /not an address/,
  ],
  ['an octal address', { bind: '127.0.0.010' }, /leading zeros$/],
  ['an octal address for others', { advertise: '10.0.0.010' }, /leading zeros$/],
  ['an octal address of a peer', { peers: ['127.0.0.010'] }, /leading zeros$/],
  ['a port with a zero before it', { bind: '127.0.0.1:017340' }, /leading zero$/],
  [
    'many machines as the address for others',
    { advertise: '224.0.0.1' },
    /not an address at which others/,
  ],
  ['an environment of your own without a port', { environment: 'mine' }, /no well-known ports/],
  ['a peer of it without a port', { environment: 'mine', bind: 'h:1', peers: ['h'] }, /needs a po/],
  ['a silence of less than two heartbeats', { heartbeatMs: 400, silenceMs: 799 }, /two heartbeats/],
  ['a heartbeat that is too fast', { heartbeatMs: 49 }, /^heartbeat of 49 ms is out of bounds$/],
  ['a silence that is too long', { silenceMs: 30_001 }, /^silence of 30001 ms is out of bounds$/],
  ['a grace of no time', { graceMs: 0 }, /^grace 0 is not a number of milliseconds$/],
  ['a hold of nonsense', { splitHoldMs: NaN }, /^split-hold NaN is not a number/],
  ['an environment that is no name', { environment: 'a b' }, /^environment "a b" is not a name/],
  ['a cluster that is no name', { cluster: '' }, /^cluster "" is not a name/],
  ['a host that is no name', { host: '-h' }, /^host "-h" is not a name/],
  ['a name that is none', { name: 'é' }, /^name "é" is not a name/],
  ['a host too long for a name', { host: 'h'.repeat(127), bind: '127.0.0.9:0' }, /is not a name/],
  ['a bind that is no address', { bind: 'h:x' }, /^bind "h:x" is not HOST/],
  ['a peer that is no address', { peers: ['::1'] }, /write \[::1\]/],
])('%s is refused', async (_, options, message) => {
  const error = await refusalOf(options);

  expect(error.code).toBe('RARANGI_USAGE');
  expect(error.message).toMatch(message);
  expect(error.hint).not.toBe('');
});

test('without a secret a server that others can reach must be called insecure', async () => {
  const open = { bind: '0.0.0.0:0', advertise: '10.0.0.1', socket: 'none' } as const;

  const error = await refusalOf(open);
  const server = await startServer({ ...open, insecure: true });

  expect(error.message).toBe('other machines can reach 0.0.0.0, and this server has no secret');
  expect(error.hint).toContain('--insecure');
  expect(server.address).toMatch(/^10\.0\.0\.1:\d+$/);
});

test('an address of another machine cannot be bound', async () => {
  const error = await refusalOf({ bind: '192.0.2.1:4711', insecure: true });

  expect(error.message).toBe('cannot bind 192.0.2.1:4711: this machine has no such address');
});

test('a name that nobody knows cannot be bound', async () => {
  const error = await refusalOf({ bind: 'no-such-host.invalid:4711' });

  expect(error.message).toMatch(/^cannot bind no-such-host.invalid: (no such host|the name)/);
});

test('a server listens on the socket that it was given, and takes it away again', async () => {
  const path = join(ownFolder(), 'mine.sock');
  const server = await startServer({ socket: path });

  const answer = await status({ environment: 'testing', servers: [path] });
  await server.stop();

  expect(server.socket).toBe(path);
  expect(answer.server.name).toBe(server.name);
  expect(existsSync(path)).toBe(false);
});

test('a server whose socket is taken runs without, and says so', async () => {
  const path = join(ownFolder(), 'mine.sock');
  const first = await startServer({ socket: path });

  const { server, notices } = await startTalkingServer({ socket: path });

  expect(server.socket).toBe(null);
  expect(notices).toContainEqual({
    name: 'no-socket',
    fields: {
      reason: `${path} belongs to a server that runs`,
      instead: `need --server ${server.address}`,
    },
  });
  expect((await status({ environment: 'testing', servers: [path] })).server.origin).toBe(
    first.origin,
  );
});

test('that it has started is the first thing that a server tells', async () => {
  const { server, notices } = await startTalkingServer({ cluster: 'c1' });

  expect(notices[0]).toEqual({
    name: 'server-started',
    fields: {
      name: 'h1-a',
      host: 'h1',
      environment: 'testing',
      side: 'a',
      address: server.address,
    },
  });
});

test('a server that has stopped accepts no client, and stopping it again changes nothing', async () => {
  const server = await startServer();

  await server.stop();
  await server.stop();
  await server.stopped;

  const [host, port] = server.bound.split(':');
  const [error] = (await once(connect(Number(port), host), 'error')) as [Error];
  expect(error.message).toContain('ECONNREFUSED');
});

test('a server does not wait for peers that are not there', async () => {
  const server = await startServer({ peers: [`${ownIp()}:9`] });

  const { state, complete } = await status(reaching(server));

  expect([state, complete]).toEqual(['isolated', false]);
});

test('a server of another environment is refused, until a reload tries it again', async () => {
  const production = await startServer({ environment: 'production' });
  const { server, notices } = await startTalkingServer({ peers: [production.bound] });
  const refusalsCount = () => notices.filter(({ name }) => name === 'refused-environment').length;
  await expect.poll(refusalsCount).toBe(1);

  server.reload();

  await expect.poll(refusalsCount).toBe(2);
  expect(notices.find(({ name }) => name === 'refused-environment')?.fields).toMatchObject({
    ours: 'testing',
    theirs: 'production',
  });
});

for (const wrong of ['server-started', 'view-complete']) {
  test(`an error thrown at ${wrong} is uncaught, and the server goes on`, async () => {
    const onNotice = ({ name }: Notice): void => {
      if (name === wrong) throw new Error(`no ${name}`);
    };

    let server: ServerHandle | undefined;
    const uncaught = await uncaughtBy(async () => {
      server = await startServer({ onNotice });
    });
    const { state } = await status(reaching(server!));

    expect([uncaught, state]).toEqual([`no ${wrong}`, 'healthy']);
  });
}
