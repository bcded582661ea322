// The answers for clients, each with the view behind it.

import { expect, test } from 'vitest';
import type { ConnectionId } from '../../../../src/core/input.ts';
import type { InstanceId, Name } from '../../../../src/protocol/ids.ts';
import type { Message, MessageOf } from '../../../../src/protocol/messages.ts';
import {
  down,
  factsOf,
  put,
  registerOf,
  registrationOf,
  ServerStage,
} from '../../../support/server-stage.ts';

function ask(stage: ServerStage, message: Message): Message[] {
  const session: ConnectionId = stage.client();
  stage.take(session);
  stage.hear(session, message);
  return stage.take(session);
}

function statusOf(stage: ServerStage): MessageOf<'report'> {
  const [report] = ask(stage, { kind: 'status', request: 1 });
  if (report?.kind !== 'report') throw new Error('no report');
  return report;
}

test('a lookup of nothing says whether the view is complete', () => {
  const lookup = { kind: 'lookup', request: 8, service: 'db' as Name } as const;
  const lone = new ServerStage();
  const lost = new ServerStage({ peers: ['10.0.0.1:17310'] });

  const nothing = { kind: 'instances', request: 8, instances: [], more: false, missing: [] };
  expect(ask(lone, lookup)).toEqual([{ ...nothing, complete: true }]);
  const why = { missingCount: 0, why: 'unsynced' };
  expect(ask(lost, lookup)).toEqual([{ ...nothing, complete: false, ...why }]);
});

test('a long answer goes in parts that fit a frame, the last one marked', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  for (let index = 0; index < 6_000; index += 1) {
    const instance = index.toString(16).padStart(32, '0') as InstanceId;
    stage.tell(link, '1', { kind: 'put', registration: registrationOf('a', { instance }) });
  }

  const answer = ask(stage, { kind: 'lookup', request: 8, service: 'db' as Name });

  const parts = answer.filter((message) => message.kind === 'instances');
  expect(parts.length).toBeGreaterThan(1);
  expect(parts.map(({ more }) => more)).toEqual(parts.map((_, index) => index < parts.length - 1));
  const ids = parts.flatMap(({ instances }) => instances.map((row) => row.registration.instance));
  expect(new Set(ids).size).toBe(6_000);
});

test('tags count for the size of a part', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  const tags = Array.from({ length: 64 }, (_, index) => {
    return { key: `k${String(index)}` as Name, value: 'v'.repeat(1_000) };
  });
  for (const digit of 'abcdef') stage.tell(link, '1', put(digit, { tags }));

  const answer = ask(stage, { kind: 'lookup', request: 8, service: 'db' as Name });

  expect(answer.length).toBeGreaterThan(1);
});

test('a list counts live and stale instances of each service', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  stage.tell(link, '1', put('a'), put('b', { service: 'web' as Name }));
  const session = stage.client();
  stage.hear(session, registerOf(1, registrationOf('c')));
  stage.hush(link);
  stage.pass(10_000);

  const [answer] = ask(stage, { kind: 'list', request: 2 });

  expect(answer).toMatchObject({
    complete: false,
    missing: ['h1'],
    services: [
      { name: 'db', live: 1, stale: 1 },
      { name: 'web', live: 0, stale: 1 },
    ],
  });
});

test('the servers are told by name, this one marked', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('2', { role: 'master' }, '1');
  stage.origin(link, '1', { links: '2' });
  stage.tell(link, '1', put('a'));

  const [answer] = ask(stage, { kind: 'peers', request: 2 });

  expect(answer).toMatchObject({
    servers: [
      { facts: factsOf('0'), isSelf: true, state: 'reachable', links: 1 },
      { facts: factsOf('1'), isSelf: false, registrations: 1, roundTripMicros: null },
      { facts: factsOf('2', { role: 'master' }), isSelf: false, links: 2 },
    ],
  });
});

test('a server that crashed is no server any more', () => {
  const stage = new ServerStage();
  const one = stage.neighbour('1', {}, '2');
  const two = stage.neighbour('2', {}, '1');
  stage.tell(two, '2', down('1', 'closed'));
  stage.close(one);
  stage.pass(600);

  const [answer] = ask(stage, { kind: 'peers', request: 2 });

  expect(answer?.kind === 'servers' && answer.servers.map(({ facts }) => facts.name)).toEqual([
    'h0-a',
    'h2-a',
  ]);
  expect(statusOf(stage).servers).toEqual({ reachable: 2, suspect: 0, split: 0 });
});

test('a lone server with nowhere to go is healthy', () => {
  expect(statusOf(new ServerStage())).toMatchObject({
    state: 'healthy',
    complete: true,
    servers: { reachable: 1 },
    masters: { reachable: 0, known: 0 },
  });
});

test('a server that was given peers and reaches none is isolated', () => {
  expect(statusOf(new ServerStage({ peers: ['10.0.0.1:17310'] })).state).toBe('isolated');
});

test('a server that lost its only other host is isolated, one that kept another is split', () => {
  const stage = new ServerStage();
  const links = ['1', '2', '3'].map((digit) => stage.neighbour(digit));
  stage.hush(links[0]!, links[1]!);
  stage.pass(10_000);
  expect(statusOf(stage)).toMatchObject({ state: 'split', servers: { reachable: 2, split: 2 } });

  stage.hush(links[2]!);
  stage.pass(10_000);

  expect(statusOf(stage).state).toBe('isolated');
});

test('a server with a suspect origin, or fewer masters than it should have, is degraded', () => {
  const stage = new ServerStage();
  const one = stage.neighbour('1', {}, '2');
  stage.neighbour('2', {}, '1');
  stage.close(one);
  stage.origin(stage.neighbour('4', { role: 'master' }, '5'), '5', { role: 'master', links: '4' });
  expect(statusOf(stage)).toMatchObject({
    state: 'degraded',
    masters: { reachable: 2, known: 2 },
    servers: { suspect: 0 },
  });

  stage.neighbour('5', { role: 'master' }, '4');

  expect(statusOf(stage).state).toBe('healthy');
});

test('a master that lacks one link of many to other masters is healthy: two are enough', () => {
  const stage = new ServerStage({ role: 'master' });
  stage.neighbour('1', { role: 'master' }, '23');
  stage.neighbour('2', { role: 'master' }, '13');
  const lost = stage.neighbour('3', { role: 'master' }, '12');

  stage.close(lost);

  expect(stage.standingOf('3')).toBe('reachable');
  expect(statusOf(stage).state).toBe('healthy');
});
