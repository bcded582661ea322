// The counts of a server for metrics: each where it happens, and none of it lost by a fault.

import { expect, test } from 'vitest';

import type { Counted } from '../../../src/core/server/tally.ts';
import { lookupAnswerOf, Tally } from '../../../src/core/server/tally.ts';
import type { Name } from '../../../src/protocol/ids.ts';
import {
  down,
  instanceIdOf,
  originOf,
  put,
  registerOf,
  registrationOf,
  ServerStage,
} from '../../support/server-stage.ts';

function timesOf(tally: Pick<Tally, 'of'>, counted: Counted, ...labels: string[]): number {
  const counts = [...tally.of(counted)];
  return counts.find((count) => count.labels.join() === labels.join())?.times ?? 0;
}

function countedBy({ state }: ServerStage, counted: Counted, ...labels: string[]): number {
  return timesOf(state.tally, counted, ...labels);
}

test('instances are counted as they appear and, by cause, as they go', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  stage.tell(link, '1', put('7'), put('8'), put('9'));
  stage.tell(link, '1', { kind: 'delete', instance: instanceIdOf('7'), cause: 'closed' });
  stage.tell(link, '1', { kind: 'delete', instance: instanceIdOf('8'), cause: 'unhealthy' });

  expect(countedBy(stage, 'added')).toBe(3);
  expect(countedBy(stage, 'removed', 'closed')).toBe(1);
  expect(countedBy(stage, 'removed', 'unhealthy')).toBe(1);
  // The facts of the neighbour, its link, and these.
  expect(countedBy(stage, 'entries-applied')).toBe(7);
});

test('a service is remembered from when its last instance went until there is one again', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  stage.tell(link, '1', put('7'), put('8'));
  stage.tell(link, '1', { kind: 'delete', instance: instanceIdOf('7'), cause: 'closed' });
  const withOne = [...stage.state.clients.vanished.keys()];
  stage.tell(link, '1', { kind: 'delete', instance: instanceIdOf('8'), cause: 'closed' });
  const withNone = new Map(stage.state.clients.vanished);
  stage.tell(link, '1', put('9'));

  expect(withOne).toEqual([]);
  expect([...withNone]).toEqual([['db', stage.nowMs]]);
  expect([...stage.state.clients.vanished.keys()]).toEqual([]);
});

test('a link that is lost counts by its peer; one that is given up is forgotten', () => {
  const stage = new ServerStage();
  const first = stage.neighbour('1');
  stage.close(first);
  const again = stage.neighbour('1');
  stage.close(again);
  const name = stage.state.origins.get(originOf('1'))!.log.facts.name;

  expect(countedBy(stage, 'link-down', name)).toBe(2);

  const tally = new Tally();
  tally.add('link-down', ['h1-a']);
  tally.forget('link-down', ['h1-a']);
  expect([...tally.of('link-down')]).toEqual([]);
});

test('however many labels there are, the oldest counts make room, and nothing is left of them', () => {
  const tally = new Tally();
  for (let server = 0; server < 1_500; server += 1) tally.add('link-down', [`h${String(server)}`]);
  tally.add('link-down', ['h1499']);

  expect([...tally.of('link-down')]).toHaveLength(1_000);
  expect(timesOf(tally, 'link-down', 'h499')).toBe(0);
  expect(timesOf(tally, 'link-down', 'h500')).toBe(1);
  expect(timesOf(tally, 'link-down', 'h1499')).toBe(2);
});

test('labels that begin alike are counts of their own, each forgotten alone', () => {
  const tally = new Tally();
  for (const labels of [['dns', 'live'], ['dns', 'none'], ['dns'], []])
    tally.addOfDoor('lookups', labels);
  tally.forget('lookups', ['dns', 'live']);
  tally.forget('lookups', ['dns', 'stale']);
  for (const _ of [1, 2]) tally.addOfDoor('lookups', ['dns', 'none']);

  expect([...tally.of('lookups')]).toEqual([
    { labels: ['dns', 'none'], times: 3 },
    { labels: ['dns'], times: 1 },
    { labels: [], times: 1 },
  ]);
  tally.forget('lookups', ['dns']);
  tally.addOfDoor('lookups', ['dns', 'live']);
  expect(timesOf(tally, 'lookups', 'dns', 'live')).toBe(1);
});

test('labels that are counted again and again are found by their list, until they are forgotten', () => {
  const tally = new Tally();
  const labels = ['dns', 'live'];
  for (let time = 0; time < 3; time += 1) tally.addOfDoor('lookups', labels);
  tally.addOfDoor('lookups', [...labels]);
  expect(timesOf(tally, 'lookups', 'dns', 'live')).toBe(4);

  tally.forget('lookups', [...labels]);
  tally.addOfDoor('lookups', labels);
  expect([...tally.of('lookups')]).toEqual([{ labels, times: 1 }]);
});

test('a server is counted as what it was taken for', () => {
  const stage = new ServerStage();
  const [one, two] = [stage.neighbour('1', {}, '23'), stage.neighbour('2', {}, '13')];
  const three = stage.neighbour('3', {}, '12');
  stage.pass(1_000);
  stage.tell(two, '2', down('1', 'closed'));
  stage.tell(three, '3', down('1', 'closed'));
  stage.close(one);
  stage.pass(10_000);
  stage.tell(two, '2', { kind: 'bye' });

  expect(countedBy(stage, 'lost', 'crash')).toBe(1);
  expect(countedBy(stage, 'lost', 'left')).toBe(1);
  expect(countedBy(stage, 'lost', 'split')).toBe(0);
});

test('a sleep counts in seconds', () => {
  const stage = new ServerStage();
  stage.neighbour('1');
  stage.pass(100);
  stage.sleep(4_500);
  stage.pass(0);

  expect(countedBy(stage, 'slept-seconds')).toBeGreaterThan(4);
  expect(countedBy(stage, 'slept-seconds')).toBeLessThan(4.6);
});

test('a lookup of a client counts by the way it came and what it was told', () => {
  const stage = new ServerStage();
  stage.neighbour('1');
  stage.pass(10_000);
  const [tcp, unix, inside] = [stage.client(), stage.client('unix'), stage.client('inside')];
  for (const to of [tcp, unix, inside]) {
    stage.hear(to, { kind: 'lookup', request: 1, service: 'nothing' as Name });
  }

  expect([...stage.state.tally.of('lookups')].map(({ labels }) => labels)).toEqual([
    ['tcp', 'none'],
    ['unix', 'none'],
  ]);
  const { state } = { state: 'live' as const };
  expect(lookupAnswerOf([{ state: 'stale' }, { state }], false)).toBe('live');
  expect(lookupAnswerOf([{ state: 'stale' }], true)).toBe('stale');
  expect(lookupAnswerOf([], false)).toBe('cannot_tell');
});

test('a refusal counts by its reason, and so does a limit', () => {
  const stage = new ServerStage({ limits: { registrations: 0 } });
  const connection = stage.accept();
  const environment = 'another' as Name;
  stage.hear(connection, { kind: 'hello', protocol: 2, role: 'client', environment });
  const client = stage.client();
  stage.hear(client, registerOf(1, registrationOf('7')));

  expect(countedBy(stage, 'refused', 'wrong-environment')).toBe(1);
  expect(countedBy(stage, 'limit-reached', 'registrations')).toBe(1);
});

test('counts outlast a bug of the server', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  stage.tell(link, '1', put('7'));
  const reason = 'a planted fault';
  stage.give({ kind: 'faulted', connection: null, unsent: null, isTooLong: false, reason });

  expect(stage.takeNotices()).toContain('fault');
  expect(countedBy(stage, 'added')).toBeGreaterThanOrEqual(1);
});

test('however many words are counted, a thousand of each are kept', () => {
  const tally = new Tally();
  for (let index = 0; index < 5_000; index += 1) tally.add('link-down', [`h${String(index)}-a`]);

  const kept = [...tally.of('link-down')];
  expect(kept.length).toBe(1_000);
  expect(timesOf(tally, 'link-down', 'h4999-a')).toBe(1);
});
