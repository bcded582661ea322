// The share of one client, one address or one neighbour is bounded, and one that asks for more is
// told so, with what to do.

import { expect, test } from 'vitest';
import type { ServerOptions } from '../../../../src/core/server/options.ts';
import type { Name, OriginId } from '../../../../src/protocol/ids.ts';
import type { Message } from '../../../../src/protocol/messages.ts';
import { LIMITS } from '../../../../src/core/server/limits.ts';
import {
  factsOf,
  keyOf,
  originOf,
  registerOf,
  registrationOf,
  ServerStage,
} from '../../../support/server-stage.ts';

const environment = 'testing' as Name;
const row = registrationOf('a');
const hello: Message = { kind: 'hello', protocol: 2, role: 'client', environment };

function stageWith(limits: NonNullable<ServerOptions['limits']>): ServerStage {
  return new ServerStage({ limits });
}

function limitsTold(stage: ServerStage): unknown[] {
  const told = stage.notices.filter(({ name }) => name === 'limit-reached');
  return told.map(({ fields }) => fields['limit']);
}

test('at the limit of strangers the oldest goes, and the newcomer is served', () => {
  const stage = new ServerStage();
  const [first, ...others] = Array.from({ length: LIMITS.strangers.max }, (_, at) =>
    stage.accept('tcp', `10.0.${String(at >> 8)}.${String(at & 255)}:1`),
  );

  const newcomer = stage.accept('tcp', '10.9.9.9:1');
  stage.hear(newcomer, hello);

  expect(stage.closed).toEqual([{ connection: first, why: 'overloaded' }]);
  expect(stage.state.sessions.has(newcomer)).toBe(true);
  expect(stage.state.linking.strangers.size).toBe(others.length);
  expect(limitsTold(stage)).toEqual(['strangers']);
});

test('idle strangers from a client’s own address do not keep it out', () => {
  const stage = stageWith({ 'connections-per-address': 5 });
  const strangers = Array.from({ length: 5 }, (_, at) => stage.accept('tcp', `10.0.0.1:${at + 1}`));

  const newcomer = stage.accept('tcp', '10.0.0.1:99');
  stage.hear(newcomer, hello);

  expect(stage.closed).toEqual([{ connection: strangers[0], why: 'overloaded' }]);
  expect(stage.state.sessions.has(newcomer)).toBe(true);
});

test('an address whose connections have all shaken hands gets no more, others do', () => {
  const stage = stageWith({ 'connections-per-address': 2 });
  for (const port of [1, 2]) stage.hear(stage.accept('tcp', `10.0.0.1:${port}`), hello);

  const newcomer = stage.accept('tcp', '10.0.0.1:3');
  const other = stage.accept('tcp', '10.0.0.2:3');

  expect(stage.closed).toEqual([{ connection: newcomer, why: 'overloaded' }]);
  const [error] = stage.take(newcomer);
  expect(error).toMatchObject({ kind: 'error', error: 16 });
  expect(error).toHaveProperty('reason', expect.stringMatching(/2 connections of one address: \w/));
  expect(stage.take(other)).toMatchObject([{ kind: 'welcome' }]);
});

/** A client at the UNIX socket, which all users of the host share. */
function atSocket(stage: ServerStage): number {
  const session = stage.accept('unix', '/run/rarangi/testing.a.sock');
  stage.hear(session, hello);
  return session;
}

test('[R103] at a full socket the session that has been idle longest makes room', () => {
  const stage = stageWith({ 'connections-per-address': 4 });
  const [registered, watching, asking, idle] = [1, 2, 3, 4].map(() => atSocket(stage));
  stage.hear(registered!, registerOf(1, row));
  stage.hear(watching!, { kind: 'watch', request: 1, service: 'db' as Name, known: [] });
  stage.pass(5);
  stage.hear(asking!, { kind: 'list', request: 1 });

  const newcomer = atSocket(stage);

  expect(stage.closed).toEqual([{ connection: idle, why: 'overloaded' }]);
  expect(stage.take(idle!).at(-1)).toMatchObject({ kind: 'error', error: 16 });
  expect([...stage.state.sessions.keys()]).toEqual([registered, watching, asking, newcomer]);
  expect(limitsTold(stage)).toEqual(['connections-per-address']);
});

test('[R103] at a socket a newcomer in its handshake has not waited longer than idle sessions', () => {
  const stage = stageWith({ 'connections-per-address': 3 });
  const idle = [1, 2, 3].map(() => atSocket(stage));
  stage.pass(5);

  const newcomers = [1, 2].map(() => stage.accept('unix', '/run/rarangi/testing.a.sock'));
  for (const newcomer of newcomers) stage.hear(newcomer, hello);

  expect(stage.closed.map(({ connection }) => connection)).toEqual(idle.slice(0, 2));
  expect([...stage.state.sessions.keys()]).toEqual([idle[2], ...newcomers]);
});

test('at a socket whose sessions all hold something a newcomer is refused', () => {
  const stage = stageWith({ 'connections-per-address': 1 });
  const session = atSocket(stage);
  stage.hear(session, registerOf(1, row));

  const newcomer = stage.accept('unix', '/run/rarangi/testing.a.sock');

  expect(stage.closed).toEqual([{ connection: newcomer, why: 'overloaded' }]);
  expect(Object.keys(stage.instances())).toEqual(['a']);
});

test('a connection that is closed leaves its place, however it ends', () => {
  const stage = stageWith({ 'connections-per-address': 2 });
  const ends = [
    (one: number) => stage.close(one),
    (one: number) => stage.hear(one, { kind: 'goaway' }),
    (one: number) => stage.hear(one, { ...hello, environment: 'staging' as Name }),
  ];
  for (const end of ends) {
    const connection = stage.accept('tcp', '10.0.0.1:1');
    if (end !== ends[2]) stage.hear(connection, hello);

    end(connection);
  }

  expect(stage.state.linking.strangers.counts).toEqual([]);
  expect(stage.state.linking.strangers.size).toBe(0);
});

test('at the limit of connections a client is refused, and a server is not', () => {
  const stage = stageWith({ connections: 1 });
  stage.client();

  const refused = stage.accept();
  stage.hear(refused, hello);
  const peer = stage.neighbour('1');

  expect(stage.closed).toEqual([{ connection: refused, why: 'overloaded' }]);
  expect(stage.state.links.has(originOf('1'))).toBe(true);
  expect(peer).toBeGreaterThan(0);
});

test('a registration beyond the limit of all is refused, and one that is there may change', () => {
  const stage = stageWith({ registrations: 1 });
  const session = stage.client();
  const register = (digit: string, revision: number): void => {
    const registration = registrationOf(digit, { revision });
    stage.hear(session, registerOf(revision, registration));
  };
  register('a', 1);
  stage.take(session);

  register('b', 2);
  register('a', 3);

  expect(stage.take(session)).toMatchObject([
    { kind: 'error', error: 12, request: 2 },
    { kind: 'done', request: 3 },
  ]);
  expect(Object.keys(stage.instances())).toEqual(['a']);
});

/** An instance that takes some 16 kB. */
function large(digit: string, revision = 1): ReturnType<typeof registrationOf> {
  const tags = Array.from({ length: 15 }, (_, at) => ({
    key: `t${String(at)}` as Name,
    value: 'x'.repeat(1_024),
  }));
  return registrationOf(digit, { revision, tags });
}

function answersTo(stage: ServerStage, session: number, ...digits: string[]): unknown[] {
  stage.take(session);
  for (const digit of digits) {
    stage.hear(session, registerOf(1, large(digit)));
  }
  return stage.take(session).map((message) => {
    return message.kind === 'error' ? message.reason : message.kind;
  });
}

test('the bytes of one session are bounded, and those that it gives up are free again', () => {
  const stage = stageWith({ 'bytes-per-session': 40_000 });
  const session = stage.client();

  const reason = 'the limit is 40000 bytes of one session: open another session';
  expect(answersTo(stage, session, 'a', 'b', 'c')).toEqual(['done', 'done', reason]);
  expect(limitsTold(stage)).toEqual(['bytes-per-session']);
  expect(answersTo(stage, session, 'b')).toEqual(['done']);
  const instance = registrationOf('a').instance;
  const key = keyOf(instance);
  stage.hear(session, { kind: 'deregister', request: 2, instance, cause: 'deregistered', key });
  expect(answersTo(stage, session, 'c', 'd')).toEqual(['done', reason]);
  expect(answersTo(stage, stage.client(), 'd')).toEqual(['done']);
});

test('the bytes of all clients are bounded, as the operator says, until one goes', () => {
  const stage = stageWith({ bytes: 40_000 });
  const [one, other] = [stage.client(), stage.client()];

  const reason =
    'the limit is 40000 bytes that clients hold: register at another host, or raise --max-bytes of this server';
  expect(answersTo(stage, one, 'a', 'b')).toEqual(['done', 'done']);
  expect(answersTo(stage, other, 'c')).toEqual([reason]);
  stage.close(one);
  expect(answersTo(stage, other, 'c', 'd', 'e')).toEqual(['done', 'done', reason]);
  expect(stage.state.clients.held.bytes).toBeLessThan(40_000);
});

test('a session that takes an instance over takes its bytes along', () => {
  const stage = stageWith({ bytes: 20_000, 'bytes-per-session': 20_000 });
  const [one, other] = [stage.client(), stage.client()];

  expect(answersTo(stage, one, 'a')).toEqual(['done']);
  expect(answersTo(stage, other, 'a')).toEqual(['done']);
  stage.close(one);
  expect(answersTo(stage, other, 'b')).not.toEqual(['done']);
  stage.close(other);
  expect(stage.state.clients.held.bytes).toBe(0);
});

test('the own log grows no larger than others take in', () => {
  const stage = stageWith({ 'bytes-per-log': 40_000 });

  const reason = 'the limit is 40000 bytes of the log of one server: register at another host';
  expect(answersTo(stage, stage.client(), 'a', 'b')).toEqual(['done', 'done']);
  expect(answersTo(stage, stage.client(), 'c')).toEqual([reason]);
});

test('watches count as well, with all that the client names', () => {
  const stage = stageWith({ 'bytes-per-session': 40_000 });
  const session = stage.client();
  const known = Array.from({ length: 1_000 }, (_, at) => {
    return at.toString(16).padStart(32, '0') as never;
  });
  const watch = (request: number): unknown[] => {
    stage.take(session);
    stage.hear(session, { kind: 'watch', request, service: 'db' as Name, known });
    return stage.take(session).map(({ kind }) => kind);
  };

  expect(watch(1)).toEqual(['change']);
  expect(watch(2)).toEqual(['change']);
  expect(watch(3)).toEqual(['error']);
  stage.hear(session, { kind: 'unwatch', request: 1 });
  expect(watch(3)).toEqual(['change']);
});

test('one session watches a service sixteen times at most, and others as well', () => {
  const stage = new ServerStage();
  const session = stage.client();
  const watch = (request: number, service: string): unknown[] => {
    stage.take(session);
    stage.hear(session, { kind: 'watch', request, service: service as Name, known: [] });
    return stage.take(session).map(({ kind }) => kind);
  };
  for (let request = 1; request <= 16; request += 1) watch(request, 'db');

  expect(watch(17, 'db')).toEqual(['error']);
  expect(watch(17, 'web')).toEqual(['change']);
  expect(watch(1, 'db')).toEqual(['change']);
  expect(limitsTold(stage)).toEqual(['watches-of-one-service']);
});

test('connections that few open files limit are more with more of these, and with no flag', () => {
  const stage = new ServerStage({ limits: { connections: 1 }, areFilesFew: true });
  stage.client();

  const second = stage.accept('tcp', '10.0.0.2:1');
  stage.hear(second, hello);

  const [error] = stage.take(second).filter(({ kind }) => kind === 'error');
  const [told] = stage.notices.filter(({ name }) => name === 'limit-reached');
  for (const text of [error, told?.fields].map((one) => JSON.stringify(one))) {
    expect(text).toContain('LimitNOFILE=');
    expect(text).not.toContain('--max-connections');
  }
});

test('a limit that is reached again and again is told once a minute, with how often', () => {
  const stage = stageWith({ registrations: 1 });
  const session = stage.client();
  const registerNew = (digit: string): void => {
    stage.hear(session, registerOf(1, registrationOf(digit)));
  };
  for (const digit of 'abcdef') registerNew(digit);
  const soon = stage.notices.filter(({ name }) => name === 'limit-reached');

  stage.pass(60_000);
  registerNew('b');

  expect(soon.map(({ fields }) => fields['times'])).toEqual([1]);
  const last = stage.notices.filter(({ name }) => name === 'limit-reached').at(-1);
  expect(last?.fields).toMatchObject({ limit: 'registrations', max: 1, times: 5 });
});

test('a neighbour that speaks of too many origins is closed, and what it opened is gone', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  const lines = Array.from({ length: LIMITS['origins-per-link'].max + 1 }, (_, at) => ({
    origin: `5${at.toString(16).padStart(31, '0')}` as never,
    sequence: 1,
  }));

  stage.hear(link, { kind: 'offer', lines });

  expect(stage.closed).toEqual([{ connection: link, why: 'overloaded' }]);
  expect(stage.state.links.size).toBe(0);
});

test('[R110] servers that others make up close no link, and more than enough are not taken in', () => {
  const max = 64;
  const stage = new ServerStage({ limits: { 'origins-per-link': max } });
  const good = stage.neighbour('1');
  const madeUp = (at: number): OriginId => `5${at.toString(16).padStart(31, '0')}` as OriginId;
  for (const [digit, first] of [
    ['2', 0],
    ['3', 40],
  ] as const) {
    const bad = stage.neighbour(digit);
    const batches = Array.from({ length: 40 }, (_, index) => ({
      origin: madeUp(first + index),
      first: 1,
      entries: [{ kind: 'facts', facts: factsOf('5') } as const],
    }));
    stage.hear(bad, { kind: 'entries', batches });
  }

  stage.origin(good, '6', { links: '1' });
  stage.tell(good, '1', { kind: 'up', peer: originOf('6') }, { kind: 'up', peer: originOf('7') });
  stage.pass(1_000);

  expect(stage.closed).toEqual([]);
  expect(stage.state.origins.size).toBe(max);
  expect(stage.state.view.isComplete).toBe(false);
  expect(limitsTold(stage)).toEqual(['origins-per-link']);
});

test('[R110] a neighbour that changes its 60,000 links for others is not closed', () => {
  const stage = new ServerStage();
  const bad = stage.neighbour('1');
  const facts = factsOf('1');
  for (const turn of [1, 2, 3]) {
    const links = Array.from({ length: 60_000 }, (_, at) => {
      return `${String(turn)}${at.toString(16).padStart(31, '0')}` as OriginId;
    });
    const head = { kind: 'snapshot', origin: originOf('1'), sequence: 10 + turn, part: 0 } as const;
    stage.hear(bad, { ...head, facts, links, registrations: [], more: false });
    stage.pass(1_000);
  }

  expect(stage.closed).toEqual([]);
  expect(stage.state.reach.unheard.size).toBeLessThanOrEqual(LIMITS['origins-per-link'].max);
});

test('a neighbour whose snapshot has more registrations than any server is closed', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  const facts = factsOf('5');
  const head = { kind: 'snapshot', origin: originOf('5'), sequence: 9, facts, links: [] } as const;
  const { max } = LIMITS['registrations-per-log'];
  const registrations = Array.from({ length: max }, () => row);

  stage.hear(link, { ...head, part: 0, registrations, more: true });
  const atLimit = [...stage.closed];
  stage.hear(link, { ...head, part: 1, registrations: [row], more: true });

  expect(atLimit).toEqual([]);
  expect(stage.closed).toEqual([{ connection: link, why: 'overloaded' }]);
  expect(limitsTold(stage)).toEqual(['registrations-per-log']);
  expect(stage.state.origins.has(originOf('5'))).toBe(false);
});
