// A server that did not run: it drops no other, and neither answers nor passes on the past.

import { expect, test } from 'vitest';
import type { ConnectionId } from '../../../src/core/input.ts';
import type { Name } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/messages.ts';
import {
  factsOf,
  originOf,
  put,
  registerOf,
  registrationOf,
  ServerStage,
} from '../../support/server-stage.ts';
import { down, up } from '../../support/server-stage.ts';

interface Scene {
  readonly stage: ServerStage;
  readonly links: readonly [ConnectionId, ConnectionId];
  readonly session: ConnectionId;
}

/** A server with two neighbours on two hosts, one instance of each, and one of its own client. */
function scene(): Scene {
  const stage = new ServerStage();
  const links = [stage.neighbour('1', {}, '2'), stage.neighbour('2', {}, '1')] as const;
  stage.tell(links[0], '1', put('a'));
  stage.tell(links[1], '2', put('b'));
  const session = stage.client('unix');
  stage.hear(session, registerOf(1, registrationOf('c')));
  stage.pass(1_000);
  for (const connection of [...links, session]) stage.take(connection);
  stage.takeNotices();
  return { stage, links, session };
}

function kindsOf(messages: Message[]): string[] {
  return messages.map(({ kind }) => kind);
}

test('a server that was late for less than the silence loses no link', () => {
  const { stage, links } = scene();

  stage.sleep(1_100);
  stage.give({ kind: 'deadline' });
  stage.pass(500);

  expect(stage.closed).toEqual([]);
  expect(stage.state.links.size).toBe(links.length);
  expect(stage.takeNotices()).toEqual([]);
});

test('a session over TCP is given the time that this server slept', () => {
  const { stage } = scene();
  const session = stage.client('tcp');
  stage.hear(session, registerOf(1, registrationOf('d')));
  stage.hush(session);

  stage.sleep(60_000);
  stage.pass(2_000);
  expect(stage.instances()).toMatchObject({ d: 'live' });
  stage.pass(1_500);

  expect(stage.instances()).not.toHaveProperty('d');
});

test('a grace is put off by the time that this server slept', () => {
  const { stage, links } = scene();
  stage.tell(links[1], '2', down('1', 'silent'));
  stage.close(links[0]);
  expect(stage.standingOf('1')).toBe('suspect');

  stage.sleep(900);
  stage.give({ kind: 'deadline' });
  expect(stage.standingOf('1')).toBe('suspect');
  stage.pass(600);

  expect(stage.standingOf('1')).not.toBe('suspect');
});

test('[R80] after a long sleep every other origin is suspect, and what it holds stale at once', () => {
  const { stage } = scene();

  stage.sleep(30_000);
  stage.give({ kind: 'deadline' });

  expect(stage.instances()).toEqual({ a: 'stale', b: 'stale', c: 'live' });
  expect(stage.state.view.isComplete).toBe(false);
  expect(stage.takeNotices()).toContain('slept');
});

test('[R120] a report of before a long sleep shortens no grace', () => {
  const stage = new ServerStage();
  const one = stage.neighbour('1', {}, '25');
  stage.origin(one, '5', { links: '12' });
  const two = stage.neighbour('2', {}, '15');
  stage.tell(two, '2', down('5', 'silent'));
  expect(stage.standingOf('5')).toBe('reachable');

  stage.sleep(2_000);
  stage.give({ kind: 'deadline' });
  stage.pass(1_900);

  expect(stage.standingOf('5')).toBe('suspect');
});

test('[R76] what lay in a link is neither taken in nor passed on', () => {
  const { stage, links } = scene();

  stage.sleep(30_000);
  stage.tell(links[0], '1', put('z'), up('3'));
  stage.digest(links[1], { lines: [{ origin: originOf('1'), sequence: 4 }] });

  expect(stage.instances()).toEqual({ a: 'stale', b: 'stale', c: 'live' });
  expect(kindsOf(stage.take(links[1]))).not.toContain('entries');
  expect(stage.standingOf('1')).toBe('suspect');
});

test('input that waits on sessions is taken in before the links are closed', () => {
  const { stage, links, session } = scene();

  stage.sleep(30_000);
  stage.close(session);
  expect(stage.closed).toEqual([]);
  stage.pass(50);

  expect(stage.instances()).toEqual({ a: 'stale', b: 'stale' });
  const why = 'silent';
  expect(stage.closed).toEqual(links.map((connection) => ({ connection, why })));
});

test('the other ends are told that it was for silence', () => {
  const { stage, links } = scene();

  stage.sleep(30_000);
  stage.pass(50);

  expect(stage.take(links[0]).at(-1)).toMatchObject({ kind: 'error', error: 9 });
});

test('a question that lay in a session is answered when what clients told is taken in', () => {
  const { stage, session } = scene();
  const other = stage.client('unix');
  stage.take(other);

  stage.sleep(30_000);
  stage.hear(other, { kind: 'lookup', request: 9, service: 'db' as Name });
  stage.close(session);
  expect(stage.take(other)).toEqual([]);
  stage.pass(50);

  const [answer] = stage.take(other);
  expect(answer).toMatchObject({ kind: 'instances', request: 9, complete: false });
  expect(answer?.kind === 'instances' && answer.instances.map(({ state }) => state)).toEqual([
    'stale',
    'stale',
  ]);
});

test('a question of a client that has gone meanwhile is forgotten', () => {
  const { stage } = scene();
  const other = stage.client('unix');
  stage.take(other);

  stage.sleep(30_000);
  stage.hear(other, { kind: 'status', request: 9 });
  stage.close(other);
  stage.pass(50);

  expect(stage.take(other)).toEqual([]);
});

test('a handshake of a server that lay there is no news either', () => {
  const { stage } = scene();
  const connection = stage.accept();
  const environment = 'testing' as Name;
  const peer = { origin: originOf('3'), facts: factsOf('3') };

  stage.sleep(1_700);
  stage.hear(connection, { kind: 'hello', protocol: 2, role: 'peer', environment, ...peer });

  expect(stage.closed).toEqual([{ connection, why: 'handshake-timeout' }]);
  expect(stage.standingOf('3')).toBeUndefined();
});

test('a client that came while the server slept gets its session', () => {
  const { stage } = scene();

  stage.sleep(30_000);
  const session = stage.client('unix');
  stage.hear(session, registerOf(1, registrationOf('d')));

  expect(stage.instances()).toHaveProperty('d', 'live');
});

test('a server that comes back within its grace was never gone', () => {
  const { stage } = scene();
  stage.sleep(30_000);
  stage.pass(50);

  const again = stage.accept();
  const peer = { origin: originOf('1'), facts: factsOf('1') };
  const environment = 'testing' as Name;
  stage.hear(again, { kind: 'hello', protocol: 2, role: 'peer', environment, ...peer });
  const lines = ['1', '2'].map((digit) => {
    return { origin: originOf(digit), sequence: stage.sequenceOf(digit) };
  });
  stage.digest(again, { lines });

  expect(stage.instances()).toEqual({ a: 'live', b: 'live', c: 'live' });
});

test('[R74] that a sleeper closed its links is no sign of a death, and shortens no grace', () => {
  const { stage } = scene();

  stage.sleep(30_000);
  stage.pass(1_500);
  expect(['1', '2'].map((digit) => stage.standingOf(digit))).toEqual(['suspect', 'suspect']);
  stage.pass(1_000);

  expect(['1', '2'].map((digit) => stage.standingOf(digit))).toEqual(['split', 'split']);
});

test('a server that no other takes back calls it a split, and drops nothing', () => {
  const { stage } = scene();

  stage.sleep(30_000);
  stage.pass(10_000);

  expect(stage.instances()).toEqual({ a: 'stale', b: 'stale', c: 'live' });
});

test('a server that sleeps again while it wakes waits again for its clients', () => {
  const { stage, session } = scene();

  stage.sleep(30_000);
  stage.give({ kind: 'deadline' });
  stage.sleep(30_000);
  stage.close(session);
  expect(stage.closed).toEqual([]);
  stage.pass(50);

  expect(stage.closed).toHaveLength(2);
});

test('a server that is late while it wakes gives its clients that time as well', () => {
  const { stage, session } = scene();

  stage.sleep(30_000);
  stage.give({ kind: 'deadline' });
  stage.sleep(600);
  stage.give({ kind: 'deadline' });
  expect(stage.closed).toEqual([]);
  stage.close(session);
  stage.pass(50);

  expect(stage.closed).toHaveLength(2);
});

test('[R109] a server whose links are slower than itself finds a sleep that is longer than its silence', () => {
  const stage = new ServerStage();
  const link = stage.accept('tcp', factsOf('1').addresses[0]);
  const pace = { heartbeatMs: 10_000, silenceMs: 30_000 };
  const [environment, origin, facts] = ['testing' as Name, originOf('1'), factsOf('1')];
  const who = { role: 'peer', environment, origin, facts, ...pace } as const;
  stage.hear(link, { kind: 'hello', protocol: 2, ...who });
  stage.digest(link);
  stage.tell(link, '1', { kind: 'facts', facts }, up('0'), put('a'));
  stage.pass(5_000);
  expect(stage.instances()).toEqual({ a: 'live' });

  stage.sleep(1_600);
  stage.give({ kind: 'deadline' });

  expect(stage.instances()).toEqual({ a: 'stale' });
});
