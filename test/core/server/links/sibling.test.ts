// The other server of a host, found by its socket: its name is read there, and the link opened by
// TCP.

import { expect, test } from 'vitest';
import type { Name } from '../../../../src/protocol/ids.ts';
import type { Message } from '../../../../src/protocol/messages.ts';
import { factsOf, originOf, ServerStage } from '../../../support/server-stage.ts';

const SOCKET = '/run/mine-b.sock';
const ENVIRONMENT = 'testing' as Name;

function beside(siblingsAt = '127.0.0.1'): ServerStage {
  return new ServerStage({ host: 'h0', siblings: [SOCKET], siblingsAt });
}

function welcome(digit: string, host: string): Message {
  const [protocols, environment, origin] = [[2], ENVIRONMENT, originOf(digit)];
  const facts = factsOf(digit, { host, side: 'b', address: '10.0.0.7:4001' });
  return { kind: 'welcome', protocols, environment, origin, facts };
}

function dialsWithin(stage: ServerStage, milliseconds: number): string[] {
  stage.dialled = [];
  stage.pass(milliseconds);
  return stage.dialled;
}

test.each([
  ['127.0.0.1', '127.0.0.1:4001'],
  ['fd00::1', '[fd00::1]:4001'],
])(
  '[R96] a sibling at a socket is dialled by TCP, at the port it says and at %s',
  (at, address) => {
    const stage = beside(at);
    const connection = stage.reach(SOCKET);
    stage.dialled = [];

    stage.hear(connection, welcome('1', 'h0'));
    stage.pass(0);

    expect(stage.take(connection)).toEqual([]);
    expect(stage.closed).toEqual([{ connection, why: 'unneeded' }]);
    expect(stage.dialled).toEqual([address]);
  },
);

test('[R96] where the sibling is not beside us it is where it advertises', () => {
  const stage = beside();
  stage.hear(stage.reach(SOCKET), welcome('1', 'h0'));
  stage.pass(0);
  stage.give({ kind: 'undialled', address: '127.0.0.1:4001', reason: 'connection refused' });
  const first = [...dialsWithin(stage, 2_000)];

  stage.hear(stage.reach(SOCKET), welcome('1', 'h0'));
  stage.pass(0);

  expect(first.sort()).toEqual([SOCKET, '127.0.0.1:4001']);
  expect(stage.dialled).toContain('10.0.0.7:4001');
});

test('[R96] a server of another host at a socket is no sibling, and is told of once', () => {
  const stage = beside();

  stage.hear(stage.reach(SOCKET), welcome('1', 'h1'));

  expect(stage.closed).toMatchObject([{ why: 'unneeded' }]);
  expect(stage.takeNotices()).toContain('refused-address');
  expect(dialsWithin(stage, 600_000)).toEqual([]);
});

test('while the sibling is linked its socket is left alone, and asked again when it is lost', () => {
  const stage = beside();
  stage.hear(stage.reach(SOCKET), welcome('1', 'h0'));
  const link = stage.reach('127.0.0.1:4001');
  stage.hear(link, welcome('1', 'h0'));
  stage.digest(link);
  const whileLinked = dialsWithin(stage, 1_000);

  stage.close(link);

  expect(whileLinked).toEqual([]);
  expect(dialsWithin(stage, 2_000)).toContain(SOCKET);
});

test('[R96] a connection by a socket is one of a client, or refused', () => {
  const stage = new ServerStage();
  const connection = stage.accept('unix', 'a socket');
  const [origin, facts] = [originOf('1'), factsOf('1')];
  stage.take(connection);

  stage.hear(connection, {
    ...{ kind: 'hello', protocol: 2, role: 'peer', environment: ENVIRONMENT, origin, facts },
  });

  const reason = 'a UNIX socket takes clients only: servers link by TCP';
  expect(stage.take(connection)).toEqual([{ kind: 'error', error: 4, reason }]);
  expect(stage.closed).toEqual([{ connection, why: 'unexpected-message' }]);
  expect(stage.state.links.size).toBe(0);
  const client = stage.client('unix');
  expect(stage.state.sessions.has(client)).toBe(true);
});
