// A service that keeps itself registered with every server there is.

import { expect, test } from 'vitest';
import { ClientCore } from '../../../src/core/client/client.ts';
import type { ClientInput } from '../../../src/core/client/client.ts';
import type { ClientReport } from '../../../src/core/client/registry.ts';
import { ProtocolError } from '../../../src/protocol/errors.ts';
import type { InstanceId, InstanceKey, Name } from '../../../src/protocol/ids.ts';
import { Stage } from '../../support/stage.ts';

const INSTANCE = 'e'.repeat(32) as InstanceId;
const KEY = '9'.repeat(32) as InstanceKey;
const IDENTITY = { instance: INSTANCE, key: KEY };
const OFFER = { service: 'db' as Name, address: '', port: 5432, scheme: null, tags: [] };
const HERE = ['/run/a.sock', '/run/b.sock', '127.0.0.1:1', '127.0.0.1:2'];

interface WithCore {
  readonly core: ClientCore;
  readonly stage: Stage<ClientReport, ClientInput>;
}

function clientWithCore(addresses: string[], sessionsMax = Infinity): WithCore {
  const environment = 'testing' as Name;
  const random = () => 0.5;
  const core = new ClientCore({ environment, addresses, sessionsMax, random });
  return { core, stage: new Stage(core) };
}

function client(addresses: string[], sessionsMax?: number): Stage<ClientReport, ClientInput> {
  return clientWithCore(addresses, sessionsMax).stage;
}

function register(stage: Stage<ClientReport, ClientInput>): void {
  stage.give({ kind: 'register', identity: IDENTITY, offer: OFFER });
}

test('an instance is registered with every server, under one id', () => {
  const stage = client(['a:1', 'b:1']);
  register(stage);

  const first = stage.greet('a:1');
  const second = stage.greet('b:1', { origin: '2' });
  stage.hear(second, { kind: 'done', request: 2 });

  const registration = { ...OFFER, instance: INSTANCE, revision: 1 };
  expect(stage.take(first)).toEqual([{ kind: 'register', request: 1, registration, key: KEY }]);
  expect(stage.take(second)).toEqual([{ kind: 'register', request: 2, registration, key: KEY }]);
  expect(stage.reports).toEqual([
    { kind: 'registered', instance: INSTANCE, service: 'db', server: 'h1-2' },
  ]);
});

test('a server that comes back hears the latest revision', () => {
  const stage = client(['127.0.0.1:1']);
  register(stage);
  const first = stage.greet('127.0.0.1:1');
  stage.give({ kind: 'update', instance: INSTANCE, change: { port: 5433 } });
  expect(stage.take(first)).toMatchObject([{}, { registration: { revision: 2, port: 5433 } }]);

  stage.close(first);
  stage.pass(400);
  const second = stage.greet('127.0.0.1:1', { origin: '2' });

  expect(stage.take(second)).toMatchObject([{ registration: { revision: 2, port: 5433 } }]);
  expect(stage.reports).toEqual([{ kind: 'lost', server: 'h1-1', reason: 'closed' }]);
});

test('[R100] what a server has lost is offered anew, before the old instance is given up', () => {
  const stage = client(['a:1', 'b:1']);
  register(stage);
  const [first, second] = [stage.greet('a:1'), stage.greet('b:1', { origin: '2' })];
  stage.take(first);
  stage.take(second);

  stage.hear(first, { kind: 'lost', instance: INSTANCE });
  expect(stage.reports).toEqual([{ kind: 'disowned', instance: INSTANCE, server: 'h1-1' }]);
  const identity = { instance: 'c'.repeat(32) as InstanceId, key: '7'.repeat(32) as InstanceKey };
  stage.give({ kind: 'renew', instance: INSTANCE, identity });

  for (const session of [first, second]) {
    expect(stage.take(session)).toMatchObject([
      { kind: 'register', registration: { ...OFFER, instance: identity.instance, revision: 1 } },
      { kind: 'deregister', instance: INSTANCE, cause: 'replaced', key: KEY },
    ]);
  }
  stage.hear(second, { kind: 'lost', instance: INSTANCE });
  expect(stage.reports.filter(({ kind }) => kind === 'disowned')).toHaveLength(1);
});

test('[R93] a client without an address of its own registers anew when that of the server has changed', () => {
  const stage = client(['a:1']);
  register(stage);
  const other = { instance: 'f'.repeat(32) as InstanceId, key: '8'.repeat(32) as InstanceKey };
  stage.give({ kind: 'register', identity: other, offer: { ...OFFER, address: '10.0.0.9' } });
  const session = stage.greet('a:1');
  stage.take(session);

  stage.hear(session, { kind: 'address' });
  expect(stage.take(session)).toEqual([]);
  stage.hear(session, { kind: 'address', address: '10.0.0.7' });

  const registration = { ...OFFER, instance: INSTANCE, revision: 2 };
  expect(stage.take(session)).toEqual([{ kind: 'register', request: 3, registration, key: KEY }]);
});

test('[R93] a client without an address of its own stays when that of the server was only lost', () => {
  const stage = client(['a:1']);
  register(stage);
  const session = stage.greet('a:1', { addresses: ['10.0.0.1:17310'] });
  stage.take(session);

  stage.hear(session, { kind: 'address' });
  stage.hear(session, { kind: 'address', address: '10.0.0.1' });
  expect(stage.take(session)).toEqual([]);
  stage.hear(session, { kind: 'address', address: '10.0.0.7' });
  stage.hear(session, { kind: 'address', address: '10.0.0.7' });

  expect(stage.take(session)).toMatchObject([{ registration: { revision: 2 } }]);
});

test('on this host sockets are tried before ports', () => {
  const stage = client(HERE, 2);
  expect(stage.takeDialled()).toEqual(['/run/a.sock', '/run/b.sock']);

  stage.greet('/run/a.sock', { transport: 'unix' });
  expect(stage.takeDialled()).toEqual([]);
  stage.fail('/run/b.sock');

  expect(stage.takeDialled()).toEqual(['127.0.0.1:1', '127.0.0.1:2']);
});

test('a socket that does not answer does not hold up the ports', () => {
  const stage = client(HERE, 2);
  stage.connect('/run/a.sock', 'unix');
  stage.fail('/run/b.sock');
  stage.takeDialled();

  stage.pass(100);

  expect(stage.takeDialled()).toEqual(expect.arrayContaining(['127.0.0.1:1', '127.0.0.1:2']));
});

test('no port is dialled where a socket took us for each session', () => {
  const stage = client(HERE, 2);
  stage.connect('/run/a.sock', 'unix');
  stage.connect('/run/b.sock', 'unix');
  stage.takeDialled();

  stage.pass(1_900);

  expect(stage.takeDialled()).toEqual([]);
});

test('a handshake is not given up for the time in which the process did not run', () => {
  const stage = client(['127.0.0.1:1'], 1);
  stage.connect('127.0.0.1:1');

  stage.sleep(60_000);
  expect(stage.closed).toEqual([]);
  stage.pass(3_000);

  expect(stage.closed).toHaveLength(1);
});

test('two addresses of one server make one session', () => {
  const stage = client(HERE, 2);
  register(stage);
  const session = stage.greet('/run/a.sock', { transport: 'unix' });
  stage.fail('/run/b.sock');

  const twin = stage.greet('127.0.0.1:1');
  stage.fail('127.0.0.1:2');
  stage.takeDialled();
  stage.pass(400);
  stage.fail('/run/b.sock');

  expect(stage.closed).toEqual([twin]);
  expect(stage.take(session)).toHaveLength(1);
  expect(stage.takeDialled()).toEqual(['/run/b.sock', '127.0.0.1:2']);
});

test('with both servers of the host nothing more is dialled', () => {
  const stage = client(HERE, 2);
  stage.greet('/run/a.sock', { transport: 'unix' });
  stage.greet('/run/b.sock', { origin: '2', transport: 'unix' });
  stage.takeDialled();

  stage.pass(60_000);

  expect(stage.takeDialled()).toEqual([]);
});

test('on this host a lost server is dialled again within 400 ms, however long it was away', () => {
  const stage = client(['127.0.0.1:1']);
  for (let tries = 0; tries < 1_000; tries += 1) {
    stage.fail('127.0.0.1:1');
    stage.pass(400);
  }
  stage.fail('127.0.0.1:1');
  stage.takeDialled();

  stage.pass(400);

  expect(stage.takeDialled()).toEqual(['127.0.0.1:1']);
});

test('an own address of this machine is dialled again as soon', () => {
  const environment = 'testing' as Name;
  const stage = new Stage<ClientReport, ClientInput>(
    new ClientCore({
      ...{ environment, addresses: ['10.0.0.3:1', '[fd00::3]:1'], sessionsMax: Infinity },
      ...{ random: () => 0.999, isOwnHost: (host) => ['10.0.0.3', 'fd00::3'].includes(host) },
    }),
  );
  for (let tries = 0; tries < 20; tries += 1) {
    for (const address of ['10.0.0.3:1', '[fd00::3]:1']) stage.fail(address);
    stage.pass(400);
  }

  expect(stage.takeDialled().slice(-2)).toEqual(['10.0.0.3:1', '[fd00::3]:1']);
});

test('without any session a far server is dialled every 2 s at least, however long it was away', () => {
  const stage = client(['far:1']);
  for (let tries = 0; tries < 20; tries += 1) {
    stage.fail('far:1');
    stage.pass(2_000);
  }

  expect(stage.takeDialled()).toHaveLength(21);
});

test('a far server is dialled ever more rarely', () => {
  const stage = client(['far:1']);
  stage.takeDialled();

  const delaysMs = [1, 2, 3, 4].map(() => {
    stage.fail('far:1');
    const sinceMs = stage.nowMs;
    while (stage.takeDialled().length === 0) stage.pass(1);
    return stage.nowMs - sinceMs;
  });

  expect(delaysMs).toEqual([125, 250, 500, 1_000]);
});

test('without any session a far server is dialled within 30 s, however long it was away', () => {
  const stage = client(['far:1', 'far:2']);
  const session = stage.greet('far:1');
  stage.takeDialled();
  for (let tries = 0; tries < 12; tries += 1) {
    stage.fail('far:2');
    while (stage.takeDialled().length === 0) {
      stage.hear(session, { kind: 'ping' });
      stage.pass(1_000);
    }
  }
  stage.fail('far:2');

  stage.give({ kind: 'closed', connection: session, reason: 'it died' });
  stage.pass(30_000);

  expect(stage.takeDialled().sort()).toEqual(['far:1', 'far:2']);
});

test('news of the sibling has it dialled at once', () => {
  const stage = client(['far:1', 'far:2']);
  const first = stage.greet('far:1');
  for (let tries = 0; tries < 5; tries += 1) {
    stage.fail('far:2');
    stage.hear(first, { kind: 'ping' });
    stage.pass(1_000);
  }
  stage.takeDialled();

  stage.hear(first, { kind: 'sibling' });

  expect(stage.takeDialled()).toEqual(['far:2']);
});

test('an address where trust is lacking is never dialled again', () => {
  const stage = client(['a:1', 'b:1', 'c:1']);
  const second = stage.connect('b:1');
  const third = stage.connect('c:1');
  stage.takeDialled();

  stage.give({ kind: 'undialled', address: 'a:1', reason: 'another secret', isRefusal: true });
  const error = new ProtocolError('locked', 'it speaks TLS');
  stage.give({ kind: 'unreadable', connection: second, error });
  stage.hear(third, { kind: 'error', error: 15, reason: 'your certificate has expired' });
  stage.pass(3_600_000);

  expect(stage.takeDialled()).toEqual([]);
  expect(stage.reports).toEqual([
    { kind: 'refused', server: 'a:1', reason: 'another secret' },
    { kind: 'refused', server: 'b:1', reason: 'it speaks TLS' },
    { kind: 'refused', server: 'c:1', reason: 'your certificate has expired' },
    {
      kind: 'refused-by-all',
      refusal: expect.objectContaining({ address: 'a:1', reason: 'another secret' }) as unknown,
    },
  ]);
});

test('a refused address is never dialled again, and all refusing is said once', () => {
  const stage = client(['127.0.0.1:1', '127.0.0.1:2']);

  stage.greet('127.0.0.1:1', { environment: 'production' });
  stage.fail('127.0.0.1:2');
  stage.takeDialled();
  stage.pass(300);

  expect(stage.takeDialled()).toEqual(['127.0.0.1:2']);
  expect(stage.reports).toMatchObject([{ kind: 'refused' }, { kind: 'refused-by-all' }]);
});

test('a server without room loses no session: its refusal is said once, and known until it takes us', () => {
  const { core, stage } = clientWithCore(['127.0.0.1:1']);
  register(stage);
  const full = { kind: 'error', error: 16, reason: 'it is full' } as const;
  const known: unknown[] = [];

  for (let round = 0; round < 3; round += 1) {
    const connection = stage.greet('127.0.0.1:1');
    stage.hear(connection, full);
    stage.close(connection);
    known.push(...core.denials());
    stage.pass(300);
  }
  const session = stage.greet('127.0.0.1:1');
  const knownBefore = core.denials();
  stage.hear(session, { kind: 'done', request: 4 });

  const denial = { address: '127.0.0.1:1', why: 'overloaded', reason: 'it is full', isOurs: false };
  expect(known).toEqual([denial, denial, denial]);
  expect(knownBefore).toEqual([denial]);
  expect(core.denials()).toEqual([]);
  expect(stage.takeReports()).toMatchObject([
    { kind: 'turned-away', server: '127.0.0.1:1', reason: 'it is full' },
    { kind: 'registered' },
  ]);

  stage.hear(session, full);
  stage.close(session);

  expect(stage.takeReports()).toMatchObject([{ kind: 'lost', reason: 'it is full' }]);
});

test('an offer that a server refuses is known until it is made anew', () => {
  const { core, stage } = clientWithCore(['a:1']);
  register(stage);
  const session = stage.greet('a:1');

  stage.hear(session, { kind: 'error', error: 12, reason: 'it is too long', request: 1 });
  const known = core.denials();
  stage.give({ kind: 'update', instance: INSTANCE, change: { port: 5433 } });

  expect(known).toMatchObject([{ address: 'a:1', why: 'refused', reason: 'it is too long' }]);
  expect(core.denials()).toEqual([]);
});

test('giving up is over when every session has said so', () => {
  const stage = client(['a:1', 'b:1']);
  register(stage);
  const first = stage.greet('a:1');
  const second = stage.greet('b:1', { origin: '2' });
  stage.take(first);
  stage.take(second);

  const detail = `http://127.0.0.1:80/health: 503, three times\n${'x'.repeat(300)}`;
  stage.give({ kind: 'deregister', instance: INSTANCE, cause: 'unhealthy', detail });
  expect(stage.take(first)).toMatchObject([
    { kind: 'deregister', cause: 'unhealthy', detail: detail.replace('\n', ' ').slice(0, 200) },
  ]);
  stage.hear(first, { kind: 'done', request: 3 });
  expect(stage.reports).toEqual([]);
  stage.hear(second, { kind: 'done', request: 4 });

  expect(stage.reports).toEqual([{ kind: 'deregistered', instance: INSTANCE }]);
});

test('giving up waits two seconds for a server that does not say so, and no longer', () => {
  const stage = client(['/run/a.sock']);
  register(stage);
  stage.greet('/run/a.sock', { transport: 'unix' });

  stage.give({ kind: 'deregister', instance: INSTANCE, cause: 'deregistered' });
  stage.pass(1_999);
  expect(stage.reports).toEqual([]);
  stage.pass(1);

  expect(stage.reports).toEqual([{ kind: 'deregistered', instance: INSTANCE }]);
});

test('a registration given up is not put on a session that opens later', () => {
  const stage = client(['a:1']);
  register(stage);
  stage.give({ kind: 'deregister', instance: INSTANCE, cause: 'deregistered' });

  const session = stage.greet('a:1');

  expect(stage.take(session)).toEqual([]);
  expect(stage.reports).toEqual([{ kind: 'deregistered', instance: INSTANCE }]);
});

test('that a server refuses what is given up meanwhile is no news', () => {
  const stage = client(['a:1']);
  register(stage);
  const session = stage.greet('a:1');
  stage.give({ kind: 'deregister', instance: INSTANCE, cause: 'deregistered' });

  stage.hear(session, { kind: 'error', error: 18, reason: 'it was given up', request: 1 });
  stage.hear(session, { kind: 'done', request: 2 });

  expect(stage.reports).toEqual([{ kind: 'deregistered', instance: INSTANCE }]);
});

test('stopping gives everything up before the sessions are closed', () => {
  const stage = client(['a:1']);
  register(stage);
  const session = stage.greet('a:1');

  stage.give({ kind: 'stop' });
  expect(stage.closed).toEqual([]);
  stage.hear(session, { kind: 'done', request: 2 });

  expect(stage.closed).toEqual([session]);
  expect(stage.isStopped).toBe(true);
});

test('a server that is silent on TCP for three seconds after its sign was due is lost', () => {
  const stage = client(['a:1']);
  const session = stage.greet('a:1');

  stage.pass(3_900);
  expect(stage.closed).toEqual([]);
  stage.pass(200);

  expect(stage.closed).toEqual([session]);
  expect(stage.reports).toMatchObject([{ kind: 'lost', reason: 'it fell silent' }]);
});

test('something is sent on TCP every second', () => {
  const stage = client(['a:1']);
  stage.greet('a:1');
  stage.sent = [];

  stage.pass(1_000);

  expect(stage.sent.filter(({ message }) => message.kind === 'ping')).toHaveLength(2);
});

test('on a socket silence means nothing', () => {
  const stage = client(['/run/a.sock']);
  stage.greet('/run/a.sock', { transport: 'unix' });

  stage.pass(60_000);

  expect(stage.closed).toEqual([]);
});

test('a client that says so is judged by its silence on a socket, too', () => {
  const options = { environment: 'testing' as Name, addresses: HERE, sessionsMax: 2 };
  const core = new ClientCore({ ...options, random: () => 0.5, areSocketsJudged: true });
  const stage = new Stage<ClientReport, ClientInput>(core);
  const session = stage.greet('/run/a.sock', { transport: 'unix' });

  stage.pass(1_000);

  const sent = stage.sent.filter(({ connection }) => connection === session);
  expect(sent.map(({ message }) => message.kind)).toContain('ping');
});

test('the silence in which this process slept is not held against the server', () => {
  const stage = client(['a:1']);
  const session = stage.greet('a:1');

  stage.sleep(10_000);
  stage.hear(session, { kind: 'ping', stamp: 9 });
  stage.pass(2_500);

  expect(stage.closed).toEqual([]);
  expect(stage.sent.at(-1)?.message.kind).toBe('ping');
});
