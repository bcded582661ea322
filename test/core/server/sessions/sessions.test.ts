// A registration lives exactly as long as its session.

import { expect, test } from 'vitest';
import type { ConnectionId } from '../../../../src/core/input.ts';
import type { Registration } from '../../../../src/protocol/records.ts';
import {
  instanceIdOf,
  keyOf,
  registerOf,
  registrationOf,
  ServerStage,
} from '../../../support/server-stage.ts';

function register(
  stage: ServerStage,
  session: ConnectionId,
  given: Partial<Registration> & { digit?: string } = {},
): void {
  const { digit = 'a', ...rest } = given;
  const registration = registrationOf(digit, rest);
  stage.hear(session, registerOf(1, registration));
}

function deregister(stage: ServerStage, session: ConnectionId, digit: string): void {
  const instance = instanceIdOf(digit);
  const key = keyOf(instance);
  stage.hear(session, { kind: 'deregister', request: 2, instance, cause: 'unhealthy', key });
}

function ownEntries(stage: ServerStage, link: ConnectionId): string[] {
  return stage.take(link).flatMap((message) => {
    if (message.kind !== 'entries') return [];
    return message.batches.flatMap(({ entries }) =>
      entries.map((entry) => (entry.kind === 'delete' ? `delete ${entry.cause}` : entry.kind)),
    );
  });
}

test('a registration is acknowledged with its address, told of, and passed on at once', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  const session = stage.client();
  stage.pass(20);
  stage.take(link);
  stage.takeNotices();

  register(stage, session);

  expect(stage.take(session).at(-1)).toEqual({ kind: 'done', request: 1, address: '10.0.0.9' });
  expect(ownEntries(stage, link)).toEqual(['put']);
  const [notice] = stage.notices;
  expect(notice).toMatchObject({ name: 'instance-registered', fields: { service: 'db' } });
});

test.each([
  ['10.0.0.7:17310', '10.0.0.7'],
  ['[fd00::7]:17310', 'fd00::7'],
])('an empty address stands for the host part of %s', (address, host) => {
  const stage = new ServerStage({ address });
  const session = stage.client();

  register(stage, session, { address: '' });

  expect(stage.take(session).at(-1)).toMatchObject({ kind: 'done', address: host });
  const [row] = stage.state.catalogue.instancesOf('db');
  expect(row?.registration.address).toBe(host);
});

test('a closed session takes all that it holds with it, as closed', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  const session = stage.client();
  register(stage, session, { digit: 'a', address: 'fd00::1' });
  register(stage, session, { digit: 'b' });
  stage.pass(20);
  stage.take(link);
  stage.notices = [];

  stage.close(session);

  expect(stage.instances()).toEqual({});
  expect(ownEntries(stage, link)).toEqual(['delete closed', 'delete closed']);
  expect(stage.notices[0]).toMatchObject({
    name: 'instance-removed',
    fields: { address: '[fd00::1]:5432', cause: 'closed' },
  });
});

test('a registration given up is gone with the cause that the client names', () => {
  const stage = new ServerStage();
  const session = stage.client();
  register(stage, session);
  stage.notices = [];

  deregister(stage, session, 'a');

  expect(stage.instances()).toEqual({});
  expect(stage.notices[0]).toMatchObject({ fields: { cause: 'unhealthy' } });
  expect(stage.take(session).at(-1)).toEqual({ kind: 'done', request: 2 });
});

test('an instance that was given up is not taken at that revision or an older one', () => {
  const stage = new ServerStage();
  register(stage, stage.client(), { revision: 3 });
  const session = stage.client();
  const link = stage.neighbour('1');
  register(stage, session, { revision: 3 });
  deregister(stage, session, 'a');
  stage.pass(20);
  stage.take(session);
  stage.take(link);

  for (const revision of [2, 3]) register(stage, session, { revision });
  const refused = stage.take(session);
  const told = ownEntries(stage, link);
  register(stage, session, { revision: 4 });

  const reason = `instance ${instanceIdOf('a')} was given up: offer it at revision 4 or a higher one`;
  const error = { kind: 'error', error: 18, reason, request: 1 };
  expect(refused).toEqual([error, error]);
  expect(told).toEqual([]);
  expect(stage.take(session)).toMatchObject([{ kind: 'done', request: 1 }]);
  expect(stage.instances()).toEqual({ a: 'live' });
});

test("a session cannot give up another one's instance", () => {
  const stage = new ServerStage();
  register(stage, stage.client());
  const other = stage.client();

  deregister(stage, other, 'a');

  expect(stage.instances()).toEqual({ a: 'live' });
  expect(stage.take(other).at(-1)).toEqual({ kind: 'done', request: 2 });
});

test('[R97] without its key no client changes, takes or gives up an instance', () => {
  const stage = new ServerStage();
  const owner = stage.client();
  register(stage, owner);
  const thief = stage.client();
  const key = keyOf(instanceIdOf('f'));
  const { instance } = registrationOf('a');
  const registration = registrationOf('a', { revision: 2 ** 52, port: 1 });
  stage.take(owner);

  stage.hear(thief, { kind: 'register', request: 1, registration, key });
  stage.hear(thief, { kind: 'deregister', request: 2, instance, cause: 'deregistered', key });

  const reason = `this is not the key of instance ${instance}`;
  expect(stage.take(thief).filter(({ kind }) => kind === 'error')).toEqual([
    { kind: 'error', error: 17, reason, request: 1 },
    { kind: 'error', error: 17, reason, request: 2 },
  ]);
  expect(stage.take(owner)).toEqual([]);
  stage.close(thief);
  expect(stage.instances()).toEqual({ a: 'live' });
  const [row] = stage.state.catalogue.instancesOf('db');
  expect(row?.registration).toMatchObject({ revision: 1, port: 5432 });
});

test('[R100] a session that lives and loses an instance is told so, once', () => {
  const stage = new ServerStage();
  const old = stage.client();
  register(stage, old);
  stage.take(old);

  const session = stage.client();
  register(stage, session);
  register(stage, session, { revision: 2 });

  const lost = { kind: 'lost', instance: instanceIdOf('a') };
  expect(stage.take(old)).toEqual([lost]);
  expect(stage.take(session)).not.toContainEqual(lost);
});

test('a higher revision is passed on; an equal or a lower one only acknowledged', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  const session = stage.client();
  register(stage, session, { revision: 2 });
  stage.pass(20);
  stage.take(link);
  stage.takeNotices();

  register(stage, session, { revision: 2, port: 1 });
  register(stage, session, { revision: 1, port: 1 });
  stage.pass(20);
  expect(ownEntries(stage, link)).toEqual([]);
  register(stage, session, { revision: 3 });
  stage.pass(20);

  expect(ownEntries(stage, link)).toEqual(['put']);
  expect(stage.takeNotices()).toEqual([]);
});

test('a client that comes back before its old session ends takes its instances along', () => {
  const stage = new ServerStage();
  const old = stage.client();
  register(stage, old);
  const session = stage.client();

  register(stage, session);
  stage.close(old);
  expect(stage.instances()).toEqual({ a: 'live' });
  stage.close(session);

  expect(stage.instances()).toEqual({});
});

test('[R50] clients are told when the other server of their host is up', () => {
  const stage = new ServerStage({ host: 'h0', side: 'a' });
  const session = stage.client();
  stage.take(session);

  stage.neighbour('1');
  expect(stage.take(session)).toEqual([]);
  stage.neighbour('2', { host: 'h0', side: 'b' });

  expect(stage.take(session)).toEqual([{ kind: 'sibling' }]);
});
