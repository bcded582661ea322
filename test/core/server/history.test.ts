// Every event of an instance or of a server is a row: what, of which one, why, and who did it.

import { expect, test } from 'vitest';
import type { ConnectionId } from '../../../src/core/input.ts';
import { History } from '../../../src/core/server/history.ts';
import { ProtocolError } from '../../../src/protocol/errors.ts';
import type { Name } from '../../../src/protocol/ids.ts';
import type { MessageOf } from '../../../src/protocol/messages.ts';
import type { EventRow } from '../../../src/protocol/records.ts';
import {
  down,
  instanceIdOf,
  keyOf,
  originOf,
  put,
  registerOf,
  registrationOf,
  ServerStage,
} from '../../support/server-stage.ts';

type Asked = Partial<Omit<MessageOf<'history'>, 'kind' | 'request'>>;

/** The answer for a client. */
function ask(stage: ServerStage, asked: Asked = {}): MessageOf<'events'> {
  const client = stage.client('unix');
  stage.take(client);
  stage.hear(client, { kind: 'history', request: 9, limit: 100, ...asked });
  const [answer] = stage.take(client);
  if (answer?.kind !== 'events') throw new Error(`answered ${String(answer?.kind)}`);
  return answer;
}

/** Rows in short: what, of which one, why, on which host by which servers. */
function texts(rows: readonly EventRow[]): string[] {
  return rows.map(({ event, service, host, servers, cause, detail }) => {
    const why = cause === undefined ? '' : ` ${cause}`;
    const who = detail === undefined ? '' : `: ${detail}`;
    return `${event} ${service ?? 'server'}${why}${who} | ${host} ${servers.join()}`;
  });
}

function saidOf(stage: ServerStage, asked: Asked = {}): string[] {
  return texts(ask(stage, asked).rows);
}

/** Each of the entries of a link's messages that gives an instance up. */
function deletes(stage: ServerStage, link: ConnectionId): string[] {
  return stage.take(link).flatMap((message) => {
    if (message.kind !== 'entries') return [];
    const entries = message.batches.flatMap((batch) => batch.entries);
    return entries.flatMap((entry) =>
      entry.kind === 'delete' ? `${entry.cause}: ${entry.detail ?? ''}` : [],
    );
  });
}

test('a removal on another host is a row with its cause and its detail', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  const tags = [{ key: 'version' as Name, value: '7' }];
  stage.tell(link, '1', put('a'), put('b'), put('c'), put('a', { revision: 2, tags }));
  const detail = 'http://127.0.0.1:80/health: 503, three times';

  for (const [digit, cause, what] of [
    ['a', 'closed', 'its connection ended'],
    ['b', 'unhealthy', detail],
    ['c', 'deregistered', undefined],
  ] as const) {
    const because = what === undefined ? {} : { detail: what };
    stage.tell(link, '1', { kind: 'delete', instance: instanceIdOf(digit), cause, ...because });
  }

  expect(saidOf(stage, { service: 'db' as Name })).toEqual([
    'registered db | h1 h1-a',
    'registered db | h1 h1-a',
    'registered db | h1 h1-a',
    'changed db | h1 h1-a',
    'removed db closed: its connection ended | h1 h1-a',
    `removed db unhealthy: ${detail} | h1 h1-a`,
    'removed db deregistered | h1 h1-a',
  ]);
});

test('the end of a session says how it ended, here and to every neighbour', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  const [closing, silent, leaving] = [stage.client('unix'), stage.client(), stage.client()];
  stage.hear(closing, registerOf(1, registrationOf('a')));
  stage.hear(silent, registerOf(1, registrationOf('b')));
  stage.hear(leaving, registerOf(1, registrationOf('c')));
  stage.pass(50);
  stage.take(link);

  stage.close(closing);
  stage.hush(silent);
  const [instance, key] = [instanceIdOf('c'), keyOf(instanceIdOf('c'))];
  const given = { instance, key, cause: 'deregistered', detail: 'exit status 1' } as const;
  stage.hear(leaving, { kind: 'deregister', request: 2, ...given });
  stage.pass(3_500);

  const said = [
    'closed: its connection ended',
    'deregistered: exit status 1',
    'closed: silent for 3 s',
  ];
  expect(deletes(stage, link)).toEqual(said);
  const removed = saidOf(stage).filter((text) => text.startsWith('removed'));
  expect(removed).toEqual(said.map((text) => `removed db ${text} | h0 h0-a`));
});

test('a protocol breach is told as what ended the session, without what a terminal obeys', () => {
  const stage = new ServerStage();
  const client = stage.client();
  stage.hear(client, registerOf(1, registrationOf('a')));

  const error = new ProtocolError('malformed-message', `bad \u001b[31m${'é'.repeat(150)}`);
  stage.give({ kind: 'unreadable', connection: client, error });

  const [row] = ask(stage).rows.filter(({ event }) => event === 'removed');
  expect(row?.detail).toMatch(/^bad {2}\[31mé+$/);
  expect(Buffer.byteLength(row?.detail ?? '')).toBeLessThanOrEqual(200);
});

test('an instance that is offered under another name is replaced', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');

  stage.tell(link, '1', put('a'), put('a', { service: 'web' as Name, revision: 2 }));

  expect(saidOf(stage, { instance: instanceIdOf('a') })).toEqual([
    'registered db | h1 h1-a',
    'removed db replaced: it is offered as web now | h1 h1-a',
    'registered web | h1 h1-a',
  ]);
});

test('a host that falls silent is a crash, of the server and of all that it held', () => {
  const stage = new ServerStage();
  const [one, other] = [stage.neighbour('1'), stage.neighbour('2')];
  stage.tell(one, '1', put('a'));
  stage.tell(other, '2', put('b'));
  stage.pass(1_000);

  stage.hush(one);
  stage.pass(4_000);

  expect(saidOf(stage, { host: 'h1' as Name })).toEqual([
    'reachable server | h1 h1-a',
    'registered db | h1 h1-a',
    'link-down server silent: it fell silent | h1 h1-a',
    'suspect server | h1 h1-a',
    'crashed server: host h1 fell silent | h1 h1-a',
    'removed db crash: host h1 fell silent | h1 h1-a',
  ]);
});

test('an end that says why it closes a link is quoted: its process goes on, nothing contradicts that', () => {
  const stage = new ServerStage();
  const [silent, broken] = [stage.neighbour('1'), stage.neighbour('2')];
  stage.pass(1_000);

  stage.hear(silent, {
    kind: 'error',
    error: 9,
    reason: 'nothing was heard from the other end for too long',
  });
  stage.close(silent);
  stage.hear(broken, { kind: 'error', error: 1, reason: 'a frame of 0 bytes' });
  stage.close(broken);

  expect(saidOf(stage).filter((text) => text.startsWith('link-down'))).toEqual([
    'link-down server silent: it said: nothing was heard from the other end for too long | h1 h1-a',
    'link-down server closed: it said: a frame of 0 bytes | h2 h2-a',
  ]);
});

test('of a process that ended, and of a server that said goodbye, the rows say so', () => {
  const stage = new ServerStage();
  const [one, other] = [stage.neighbour('1'), stage.neighbour('2')];
  stage.tell(one, '1', put('a'));
  stage.tell(other, '2', put('b'));
  stage.pass(1_000);

  stage.close(one);
  stage.tell(other, '2', { kind: 'bye' });
  stage.pass(4_000);

  expect(saidOf(stage, { host: 'h1' as Name }).slice(-2)).toEqual([
    'crashed server: server h1-a ended | h1 h1-a',
    'removed db crash: server h1-a ended | h1 h1-a',
  ]);
  expect(saidOf(stage, { host: 'h2' as Name }).slice(-2)).toEqual([
    'left server: server h2-a said goodbye | h2 h2-a',
    'removed db deregistered: server h2-a said goodbye | h2 h2-a',
  ]);
});

test('an instance that a net-split cuts off is stale, live again after the heal, or forgotten', () => {
  const stage = new ServerStage({ splitHoldMs: 20_000 });
  const link = stage.neighbour('1');
  stage.origin(link, '2', { links: '1' });
  stage.origin(link, '3', { links: '1' });
  stage.tell(link, '1', { kind: 'up', peer: originOf('2') }, { kind: 'up', peer: originOf('3') });
  const lines = ['2', '3'].map((digit) => ({
    origin: originOf(digit),
    sequence: stage.sequenceOf(digit),
  }));
  stage.hear(link, { kind: 'offer', lines });
  stage.tell(link, '2', put('a'));
  stage.pass(1_000);

  stage.tell(link, '1', down('2', 'silent'), down('3', 'silent'));
  stage.pass(2_000);

  expect(saidOf(stage, { host: 'h2' as Name }).slice(-3)).toEqual([
    'suspect server | h2 h2-a',
    'split server: host h2 is cut off | h2 h2-a',
    'stale db split: host h2 is cut off | h2 h2-a',
  ]);
  stage.pass(20_000);
  expect(saidOf(stage, { host: 'h2' as Name }).slice(-2)).toEqual([
    'forgotten server: the split hold has ended | h2 h2-a',
    'removed db crash: host h2 was cut off, and forgotten: the split hold has ended | h2 h2-a',
  ]);
});

test('an answer has the newest that fit the question, the oldest first, and their ages', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  for (const digit of 'abcde') {
    stage.tell(link, '1', put(digit));
    stage.pass(1_000);
  }
  const db = { service: 'db' as Name };
  const instances = (asked: Asked): string =>
    ask(stage, { ...db, ...asked })
      .rows.map(({ instance }) => instance?.charAt(0))
      .join('');

  expect(instances({})).toBe('abcde');
  expect(instances({ limit: 2 })).toBe('de');
  expect(instances({ limit: 0 })).toBe('');
  expect(instances({ withinMs: 3_000 })).toBe('cde');
  expect(instances({ host: 'h2' as Name })).toBe('');
  expect(instances({ instance: instanceIdOf('b') })).toBe('b');
  expect(ask(stage, db).rows.map(({ ageMs }) => ageMs)).toEqual([
    5_000, 4_000, 3_000, 2_000, 1_000,
  ]);
  const [, , third] = ask(stage, db).rows;
  expect(instances({ after: third?.number ?? 0 })).toBe('de');
  expect(ask(stage).reachesBackMs).toBe(stage.nowMs - 1_000);
});

test('the ring keeps so many rows and no more, and says how far back it reaches', () => {
  const history = new History(10);
  const servers = ['h1-a' as Name];
  const instance = { host: 'h1' as Name, cluster: 'c1' as Name, state: 'live' } as const;
  history.begin(0);
  const note = (atMs: number): void => {
    const registration = registrationOf('a', { port: atMs });
    history.noteChange(atMs, { change: 'added', instance: { ...instance, registration }, servers });
  };
  for (let atMs = 1; atMs <= 10; atMs += 1) note(atMs);
  expect(history.answer(12, { limit: 100 }).reachesBackMs).toBe(12);

  for (let atMs = 11; atMs <= 1_234; atMs += 1) note(atMs);

  const { rows, reachesBackMs } = history.answer(1_240, { limit: 100 });
  expect(rows.map(({ port }) => port)).toEqual([
    1225, 1226, 1227, 1228, 1229, 1230, 1231, 1232, 1233, 1234,
  ]);
  expect(rows[0]?.number).toBe(1_225);
  expect(reachesBackMs).toBe(15);
  expect(history.size).toBe(10);
});

test('a server that is to keep no history has none, and reaches back no time at all', () => {
  const stage = new ServerStage({ historyRows: 0 });
  stage.tell(stage.neighbour('1'), '1', put('a'));
  stage.pass(1_000);

  expect(ask(stage)).toMatchObject({ rows: [], reachesBackMs: 0, more: false });
});
