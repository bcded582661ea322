// Logs that are larger than a server takes in: without their registrations they stay in the graph,
// and every server and client is told that something is missing.

import { expect, test } from 'vitest';
import type { ConnectionId } from '../../../../../src/core/input.ts';
import type { Name } from '../../../../../src/protocol/ids.ts';
import type { MessageOf } from '../../../../../src/protocol/messages.ts';
import { sumOf } from '../../../../../src/protocol/measure.ts';
import type { Entry } from '../../../../../src/protocol/records.ts';
import {
  facts as factsRecord,
  registration as registrationRecord,
} from '../../../../../src/protocol/records.ts';
import {
  factsOf,
  originOf,
  put,
  registerOf,
  ServerStage,
  up,
} from '../../../../support/server-stage.ts';

const MINUTES_5 = 5 * 60_000;

/** An instance that takes more than a kilobyte. */
function large(digit: string): Entry {
  return put(digit, { tags: [{ key: 'note' as Name, value: 'x'.repeat(1_024) }] });
}

/** A server that takes in logs of 4 kB, and two neighbours that are linked to each other. */
function stageOf(): { stage: ServerStage; one: ConnectionId; two: ConnectionId } {
  const stage = new ServerStage({ limits: { 'bytes-per-log': 4_096 } });
  const one = stage.neighbour('1', {}, '2');
  const two = stage.neighbour('2', {}, '1');
  stage.tell(two, '2', put('b'));
  stage.pass(10_000);
  stage.take(one);
  stage.take(two);
  return { stage, one, two };
}

function viewOf(stage: ServerStage): Partial<MessageOf<'instances'>> {
  const client = stage.client();
  stage.take(client);
  stage.hear(client, { kind: 'lookup', request: 1, service: 'db' as Name });
  const [answer] = stage.take(client);
  if (answer?.kind !== 'instances') throw new Error('no answer');
  const { complete, missing, why } = answer;
  return { complete, missing, ...(why !== undefined && { why }) };
}

const LIMITED = { complete: false, missing: ['h1'], why: 'limit' };

function told(stage: ServerStage): unknown[] {
  return stage.notices
    .filter(({ name }) => name === 'limit-reached')
    .map(({ fields }) => fields['limit']);
}

test('[R95] a log that grows beyond the limit is kept without its registrations, and named', () => {
  const { stage, one } = stageOf();
  expect(viewOf(stage)).toMatchObject({ complete: true });

  stage.tell(one, '1', large('c'), large('d'), large('e'), large('f'));

  expect([stage.closed, stage.standingOf('1')]).toEqual([[], 'reachable']);
  expect(stage.instances()).toEqual({ b: 'live' });
  expect(viewOf(stage)).toEqual(LIMITED);
  expect(told(stage)).toEqual(['bytes-per-log']);
  stage.tell(one, '1', put('9'), up('7'));
  expect(stage.instances()).toEqual({ b: 'live' });
  expect(stage.state.origins.get(originOf('1'))?.log.links.has(originOf('7'))).toBe(true);
});

test('[R95] so is one that is too large from the first, and what comes beyond it is no burden', () => {
  const { stage, two } = stageOf();
  const head = {
    kind: 'snapshot',
    origin: originOf('5'),
    sequence: 9,
    links: [originOf('2')],
  } as const;
  const part = (part: number, more: boolean): void => {
    const registrations = ['c', 'd', 'e', 'f'].map(large).flatMap((entry) => {
      return entry.kind === 'put' ? [entry.registration] : [];
    });
    stage.hear(two, { ...head, part, facts: factsOf('5'), registrations, more });
  };

  part(0, true);
  expect(stage.state.links.get(originOf('2'))?.progress.incoming?.registrations).toEqual([]);
  part(1, true);
  part(2, false);
  stage.tell(two, '2', up('5'));

  expect([stage.closed, stage.standingOf('5')]).toEqual([[], 'reachable']);
  expect(viewOf(stage)).toEqual({ ...LIMITED, missing: ['h5'] });
});

test('[R95] where all logs are too large, those go bare that became known last', () => {
  const stage = new ServerStage({ limits: { 'bytes-of-logs': 9_500 } });
  const known = stage.neighbour('1', {}, '2');
  const bad = stage.neighbour('2', {}, '1');
  stage.tell(known, '1', large('a'), large('b'), large('c'));
  stage.tell(bad, '2', large('d'));
  for (const [digit, one, other] of ['712', '834', '956']) {
    stage.origin(bad, digit!, { links: '2' });
    stage.tell(bad, '2', up(digit!));
    stage.tell(bad, digit!, large(one!), large(other!));
  }
  stage.tell(known, '1', large('f'));

  expect(Object.keys(stage.instances()).sort().join('')).toBe('12abcdf');
  const bare = [...stage.state.reach.bare].map(({ log }) => log.facts.host);
  expect(bare).toEqual(['h9', 'h8']);
  expect(viewOf(stage)).toEqual({ complete: false, missing: ['h8', 'h9'], why: 'limit' });
  expect(told(stage)).toContain('bytes-of-logs');
  expect([stage.closed, stage.state.reach.heldByLogs.bytes < 9_500]).toEqual([[], true]);
});

test('[R95] a server of a known host that is restarted keeps what it has, however late it is known', () => {
  const stage = new ServerStage({ limits: { 'bytes-of-logs': 9_500 } });
  const known = stage.neighbour('1', {}, '2');
  const bad = stage.neighbour('2', {}, '1');
  for (const [digit, one, other] of ['712', '834', '956']) {
    stage.origin(bad, digit!, { links: '2' });
    stage.tell(bad, '2', up(digit!));
    stage.tell(bad, digit!, large(one!), large(other!));
  }

  stage.origin(known, '3', { host: 'h1', side: 'b', links: '1' });
  stage.tell(known, '1', up('3'));
  stage.tell(known, '3', large('a'), large('b'), large('c'));

  const bare = [...stage.state.reach.bare].map(({ log }) => log.facts.host);
  expect(bare).toEqual(['h9']);
  expect(stage.instances()).toMatchObject({ a: 'live', b: 'live', c: 'live' });
});

test('[R95] of logs that are too large without registrations who brought most is to blame', () => {
  const stage = new ServerStage({ limits: { 'bytes-of-logs': 3_000 } });
  const good = stage.neighbour('1');
  const bad = stage.neighbour('2');
  const upsTo = (count: number): Entry[] =>
    Array.from({ length: count }, (_, at) => ({ kind: 'up', peer: originOf(String(at)) }) as const);
  stage.tell(bad, '2', ...upsTo(150));
  expect(stage.closed).toEqual([]);

  stage.tell(good, '1', ...upsTo(30));
  stage.tell(good, '1', put('a'));
  stage.digest(good);

  expect(stage.closed).toEqual([{ connection: bad, why: 'overloaded' }]);
  expect(stage.state.reach.heldByLogs.bytes).toBeLessThan(1_500);
  expect(stage.instances()).toEqual({ a: 'live' });
});

test('[R95] a neighbour whose servers and links alone are too large is closed', () => {
  const stage = new ServerStage({ limits: { 'bytes-of-logs': 2_048 } });
  const bad = stage.neighbour('1');
  const peers = Array.from({ length: 200 }, (_, at) => originOf(String(at)));

  stage.tell(bad, '1', ...peers.map((peer) => ({ kind: 'up', peer }) as const));

  expect(stage.closed).toEqual([{ connection: bad, why: 'overloaded' }]);
});

test('[R95] a bare log is passed on as one, and its receiver passes it on so too', () => {
  const { stage, one } = stageOf();
  stage.tell(one, '1', up('3'), large('c'), large('d'), large('e'), large('f'));
  const newcomer = stage.neighbour('3');
  stage.hear(newcomer, { kind: 'want', lines: [{ origin: originOf('1'), sequence: 0 }] });
  stage.pass(1_000);

  const sent = stage.take(newcomer).filter(({ kind }) => kind === 'snapshot');
  expect(sent).toMatchObject([{ origin: originOf('1'), registrations: [], bare: true }]);
  const other = new ServerStage();
  const link = other.neighbour('3', {}, '1');
  other.hear(link, sent[0]!);
  expect(other.standingOf('1')).toBe('reachable');
  expect(viewOf(other)).toMatchObject({ missing: ['h1'] });
});

test('[R95] a bare log is asked for again, and is whole once it is small enough', () => {
  const { stage, one } = stageOf();
  stage.tell(one, '1', large('c'), large('d'), large('e'), large('f'));
  stage.take(one);

  stage.pass(MINUTES_5);

  const wants = stage.take(one).filter(({ kind }) => kind === 'want');
  const lines = [{ origin: originOf('1'), sequence: 0 }];
  expect(wants).toContainEqual({ kind: 'want', lines });
  const entry = large('c');
  const registrations = entry.kind === 'put' ? [entry.registration] : [];
  const sequence = stage.sequenceOf('1');
  const links = [originOf('0'), originOf('2')];
  const head = { kind: 'snapshot', origin: originOf('1'), sequence, part: 0 } as const;
  stage.hear(one, { ...head, facts: factsOf('1'), links, registrations, more: false });
  expect(stage.instances()).toEqual({ b: 'live', c: 'live' });
  expect(viewOf(stage)).toMatchObject({ complete: true, missing: [] });
});

test('[R95] it is missing no longer when it has left', () => {
  const { stage, one } = stageOf();
  stage.tell(one, '1', large('c'), large('d'), large('e'), large('f'));

  stage.tell(one, '1', { kind: 'bye' });

  expect(viewOf(stage)).toMatchObject({ complete: true, missing: [] });
  expect(stage.state.reach.bare.size).toBe(0);
});

test('[R95] hashes of a bare log are not compared', () => {
  const { stage, one } = stageOf();
  stage.tell(one, '1', large('c'), large('d'), large('e'), large('f'));
  stage.take(one);
  const sequence = stage.sequenceOf('1');

  const lines = [{ origin: originOf('1'), sequence, hash: 1 }];
  stage.hear(one, { kind: 'check', lines, count: 3, hash: 5 });

  expect(stage.notices.some(({ name }) => name === 'state-differs')).toBe(false);
  expect(stage.take(one).filter(({ kind }) => kind === 'want')).toEqual([]);
});

test('the latest entries are kept for links that lag as far as they take a megabyte', () => {
  const { stage, one } = stageOf();
  const { log } = stage.state.self;
  const client = stage.client();
  const tags = Array.from({ length: 3 }, (_, at) => ({
    key: `t${String(at)}` as Name,
    value: 'x'.repeat(1_000),
  }));
  for (let revision = 1; revision <= 1_000; revision += 1) {
    const entry = put('c', { revision, tags });
    if (entry.kind !== 'put') continue;
    stage.hear(client, registerOf(1, entry.registration));
    stage.pass(1);
  }

  expect(log.entriesAfter(log.sequence - 300)).toHaveLength(300);
  expect(log.entriesAfter(log.sequence - 800)).toBeUndefined();
  expect(one).toBeGreaterThan(0);
});

test('the bytes of a snapshot are those of what is kept of it, though an instance comes twice', () => {
  const { stage, two } = stageOf();
  const records = [put('c'), large('d'), put('d', { revision: 2 })].flatMap((entry) => {
    return entry.kind === 'put' ? [entry.registration] : [];
  });
  const [origin, facts] = [originOf('5'), factsOf('5')];
  const bytes = sumOf([records[0]!, records[2]!], registrationRecord.bytes);
  const head = { kind: 'snapshot', origin, sequence: 9, links: [], facts } as const;

  stage.hear(two, { ...head, part: 0, registrations: records.slice(0, 2), more: true });
  stage.hear(two, { ...head, part: 1, registrations: records.slice(2), more: false });

  const log = stage.state.origins.get(origin)?.log;
  expect(log?.bytes).toBe(factsRecord.bytes(facts) + bytes);
  const others = [...stage.state.origins.values()].filter(({ id }) => id !== stage.state.self.id);
  expect(stage.state.reach.heldByLogs.bytes).toBe(sumOf(others, (one) => one.log.bytes));
});
