// The state of a server: each reason, and that it goes when its cause goes.

import { expect, test } from 'vitest';
import type { ConnectionId } from '../../../../src/core/input.ts';
import type { Name } from '../../../../src/protocol/ids.ts';
import type { MessageOf } from '../../../../src/protocol/messages.ts';
import { factsOf, instanceIdOf, originOf, ServerStage } from '../../../support/server-stage.ts';

const PEER = 'h4:17310';

function statusOf(stage: ServerStage): MessageOf<'report'> {
  const session = stage.client();
  stage.take(session);
  stage.hear(session, { kind: 'status', request: 1 });
  const [report] = stage.take(session);
  if (report?.kind !== 'report') throw new Error('no report');
  return report;
}

function codesOf(stage: ServerStage): string[] {
  return (statusOf(stage).reasons ?? []).map(({ code }) => code);
}

/** A server that is linked to two masters of other hosts, and knows everything. */
function wellStage(peers: string[] = []): ServerStage {
  const stage = new ServerStage({ peers });
  stage.neighbour('1', { role: 'master' }, '2');
  stage.neighbour('2', { role: 'master' }, '1');
  return stage;
}

function refuse(stage: ServerStage, ...addresses: string[]): void {
  for (const address of addresses) {
    stage.give({ kind: 'undialled', address, reason: 'connection refused' });
  }
}

test('a server to which nothing is amiss gives no reason', () => {
  const stage = wellStage();
  stage.pass(10_000);

  expect(statusOf(stage)).toMatchObject({ state: 'healthy', complete: true, reasons: [] });
});

test('a server that does not know everything yet is degraded, and says so', () => {
  const stage = new ServerStage({ peers: ['10.0.0.1:17310'] });
  const link = stage.neighbour('1', { role: 'master' }, '2');
  stage.hear(link, { kind: 'view', complete: false, missing: [] });
  stage.origin(link, '2', { links: '13' });

  expect(statusOf(stage)).toMatchObject({ state: 'degraded', complete: false, why: 'unsynced' });
  expect(codesOf(stage)).toContain('unsynced');
});

function heldOf(stage: ServerStage): unknown[] {
  return (statusOf(stage).reasons ?? []).filter(({ code }) => code === 'port-held');
}

test('a port of the sibling, or of a door, that another program has is named until it is free', () => {
  const sibling = '10.0.0.0:17311';
  const stage = new ServerStage({ siblings: [sibling] });
  for (let round = 0; round < 3; round += 1) {
    expect(codesOf(stage)).not.toContain('port-held');
    const connection = stage.reach(sibling);
    stage.give({ kind: 'closed', connection, reason: 'closed by the other end' });
  }
  expect(stage.takeNotices()).toContain('port-held');
  const places = [{ door: 'DNS', address: '127.0.0.1:17319', uid: 33 }];
  stage.give({ kind: 'held', places });

  expect(heldOf(stage)).toEqual([
    {
      code: 'port-held',
      message: `${sibling}, the address of the other server of this host, is held by another program, or that server hangs`,
      hint: "see which program it is: ss -ltunp 'sport = :17311'; end it, or give it another address",
    },
    {
      code: 'port-held',
      message: '127.0.0.1:17319, the address of DNS, is held by a program of uid 33',
      hint: "see which program it is: ss -ltunp 'sport = :17319'; end it, or give it another address",
    },
  ]);

  stage.give({ kind: 'undialled', address: sibling, reason: 'refused', isDeserted: true });
  stage.give({ kind: 'held', places: [{ door: 'HTTP', address: '/x', uid: null }] });
  expect(heldOf(stage)).toEqual([
    {
      code: 'port-held',
      message: '/x, the address of HTTP, is held by another program',
      hint: 'see which program it is: ss -lxp src /x; end it, or give it another address',
    },
  ]);

  stage.give({ kind: 'held', places: [] });
  expect(heldOf(stage)).toEqual([]);
});

test('a sibling that greets is no stranger, however often its connections end', () => {
  const sibling = '10.0.0.0:17311';
  const stage = new ServerStage({ siblings: [sibling] });
  const { environment } = stage.state.options;
  for (let round = 0; round < 5; round += 1) {
    const connection = stage.reach(sibling);
    const facts = factsOf('1', { host: 'h0', side: 'b', address: sibling });
    const origin = originOf('1');
    stage.hear(connection, { kind: 'welcome', protocols: [2], environment, origin, facts });
    stage.give({ kind: 'closed', connection, reason: 'closed by the other end' });
  }

  expect(codesOf(stage)).not.toContain('port-held');
});

test('a sibling that was too busy to greet, and dials us then, is no stranger any more', () => {
  const sibling = '10.0.0.0:17311';
  const stage = new ServerStage({ siblings: [sibling] });
  for (let round = 0; round < 3; round += 1) {
    const connection = stage.reach(sibling);
    stage.give({ kind: 'closed', connection, reason: 'the handshake was not finished in time' });
  }
  const before = codesOf(stage);

  stage.neighbour('1', { host: 'h0', side: 'b', address: sibling });

  expect(before).toContain('port-held');
  expect(codesOf(stage)).not.toContain('port-held');
});

test('a suspect server is named', () => {
  const stage = wellStage();
  stage.neighbour('3', {}, '12');
  stage.pass(10_000);
  stage.hush(stage.neighbour('4'));
  stage.pass(1_500);

  const { state, reasons } = statusOf(stage);

  expect(state).toBe('degraded');
  expect(reasons).toContainEqual(
    expect.objectContaining({
      code: 'suspect',
      message: expect.stringContaining('h4-a') as unknown,
    }),
  );
});

test('a leaf with a link to one master of two hosts has too few', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1', { role: 'master' }, '2');
  stage.origin(link, '2', { role: 'master', links: '1' });
  stage.pass(10_000);

  expect(codesOf(stage)).toEqual(['few-links']);
});

test('a host of --peer that never answered is named, until it has answered once', () => {
  const stage = wellStage([PEER, 'h4:17311']);
  refuse(stage, PEER, 'h4:17311');
  stage.pass(10_000);

  const { state, reasons } = statusOf(stage);
  const connection = stage.reach(PEER);
  greet(stage, connection);
  const meanwhile = codesOf(stage);
  stage.close(connection);
  refuse(stage, 'h4:17311');

  expect(state).toBe('degraded');
  expect(reasons).toMatchObject([
    {
      code: 'peer-unanswered',
      message: 'h4, named by --peer, has not answered since the start',
    },
  ]);
  expect([meanwhile, codesOf(stage)]).toEqual([[], []]);
});

test('a program that accepts at a --peer and does not greet is no answer, and is named as one', () => {
  const stage = wellStage([PEER]);
  const messages = Array.from({ length: 3 }, () => {
    stage.close(stage.reach(PEER));
    return statusOf(stage).reasons?.map(({ message }) => message);
  });

  expect(messages[0]).toEqual(['h4, named by --peer, has not answered since the start']);
  expect(messages[2]).toEqual([
    `at ${PEER}, named by --peer, is another program, or a server that hangs`,
  ]);
});

test('a --peer of another environment, or with another secret, is a reason that says why', () => {
  const stage = new ServerStage({ peers: [PEER] });
  greet(stage, stage.reach(PEER), 'staging');
  stage.pass(60_000);
  const [, foreign] = statusOf(stage).reasons ?? [];
  stage.give({ kind: 'reload' });
  stage.pass(1_000);
  const reason = 'it has another secret';
  stage.give({ kind: 'undialled', address: PEER, reason, isRefusal: true });
  const [, untrusted] = statusOf(stage).reasons ?? [];

  const hint = 'mend that, then send SIGHUP to this server; or correct its --peer and restart it';
  const message = `${PEER}, named by --peer, and this server do not accept each other:`;
  expect([foreign, untrusted]).toEqual([
    {
      code: 'peer-unanswered',
      message: `${message} it serves environment staging, this server serves testing`,
      hint,
    },
    { code: 'peer-unanswered', message: `${message} ${reason}`, hint },
  ]);
});

test('[R104] a server that is alone waits for its --peer, until an operator gives it up', () => {
  const stage = new ServerStage({ peers: [PEER] });
  refuse(stage, PEER, 'h0:17311');
  stage.pass(60_000);
  expect(statusOf(stage)).toMatchObject({ state: 'isolated', complete: false, why: 'unsynced' });

  const session = stage.client();
  stage.hear(session, { kind: 'forget', request: 1, host: 'h4' as Name, token: instanceIdOf('f') });

  expect(statusOf(stage)).toMatchObject({ state: 'healthy', complete: true, reasons: [] });
});

test('[R104] so it does for a --peer that answered once, and left before everything was known', () => {
  const stage = new ServerStage({ peers: [PEER] });
  const link = stage.reach(PEER);
  const { facts } = greet(stage, link);
  stage.digest(link, { complete: false });
  stage.tell(link, '4', { kind: 'facts', facts }, { kind: 'bye' });
  stage.close(link);
  refuse(stage, PEER, 'h0:17311');
  stage.pass(60_000);
  const before = statusOf(stage);
  const session = stage.client();
  stage.take(session);

  stage.hear(session, { kind: 'forget', request: 1, host: 'h4' as Name, token: instanceIdOf('f') });

  expect(before).toMatchObject({ complete: false, why: 'unsynced' });
  expect(stage.take(session)).toEqual([{ kind: 'done', request: 1, count: 1 }]);
  expect(statusOf(stage)).toMatchObject({ state: 'healthy', complete: true, reasons: [] });
});

/** A server at PEER greets. */
function greet(
  stage: ServerStage,
  connection: ConnectionId,
  called = 'testing',
): MessageOf<'welcome'> {
  const [origin, facts] = [originOf('4'), factsOf('4', { address: PEER })];
  const environment = called as Name;
  const welcome = { kind: 'welcome', protocols: [2], environment, origin, facts } as const;
  stage.hear(connection, welcome);
  return welcome;
}

test('a host of --peer whose servers have come by themselves has answered', () => {
  const stage = wellStage(['10.0.0.3:17310']);
  refuse(stage, '10.0.0.3:17310');
  stage.pass(10_000);
  expect(codesOf(stage)).toEqual(['peer-unanswered']);

  stage.neighbour('3', { address: '10.0.0.3:17311' }, '12');
  stage.pass(1_000);

  expect(codesOf(stage)).toEqual([]);
});

test('several hosts without a master are told of, in the log too; one host needs none', () => {
  const lone = new ServerStage();
  lone.neighbour('1', { host: 'h0', side: 'b' });
  lone.pass(10_000);
  expect(codesOf(lone)).toEqual([]);

  const stage = new ServerStage();
  stage.neighbour('1');
  stage.pass(10_000);

  expect(statusOf(stage)).toMatchObject({ state: 'degraded', complete: true });
  expect(codesOf(stage)).toEqual(['no-master']);
  expect(stage.takeNotices()).toContain('no-master');
});
