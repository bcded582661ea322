// A client that asks too fast, or does not read, is not read for a while; its silence means nothing
// meanwhile.

import { expect, test } from 'vitest';
import { LIMITS } from '../../../../src/core/server/limits.ts';
import { CREDIT_MAX, fullestSessions } from '../../../../src/core/server/sessions/throttle.ts';
import type { Message } from '../../../../src/protocol/messages.ts';
import { registerOf, registrationOf, ServerStage } from '../../../support/server-stage.ts';

const ping: Message = { kind: 'ping' };

test('a session that sends too fast is not read until it has earned what it sent', () => {
  const stage = new ServerStage();
  const session = stage.client();

  for (let count = 0; count <= CREDIT_MAX; count += 1) stage.hear(session, ping);
  const wasPaused = stage.paused.has(session);
  stage.pass(10);

  expect(wasPaused).toBe(true);
  expect(stage.paused.has(session)).toBe(false);
  expect(stage.notices.at(-1)).toMatchObject({ fields: { limit: 'messages-per-second' } });
});

test('a session at the permitted rate is never paused', () => {
  const stage = new ServerStage();
  const session = stage.client();

  for (let second = 0; second < 5; second += 1) {
    for (let count = 0; count < 19_000; count += 1) stage.hear(session, ping);
    stage.pass(1_000);
  }

  expect(stage.notices.map(({ name }) => name)).not.toContain('limit-reached');
});

test('long answers cost more than short ones', () => {
  const stage = new ServerStage();
  const session = stage.client();
  for (let at = 0; at < 1_000; at += 1) {
    const instance = at.toString(16).padStart(32, '0') as never;
    const registration = registrationOf('a', { instance });
    stage.hear(session, registerOf(at, registration));
  }
  stage.pass(5_000);

  // Fifty and one for each.
  for (let count = 0; count <= CREDIT_MAX / 51; count += 1) {
    stage.hear(session, { kind: 'lookup', request: count, service: 'db' as never });
  }

  expect(stage.paused.has(session)).toBe(true);
});

test('a client that does not read is not read, and read again when it has caught up', () => {
  const stage = new ServerStage();
  const session = stage.client('unix');

  stage.give({ kind: 'congested', connection: session });
  stage.pass(LIMITS['unread-ms'].max - 1);
  const wasPaused = stage.paused.has(session);
  stage.give({ kind: 'drained', connection: session });
  stage.pass(20_000);

  expect(wasPaused).toBe(true);
  expect(stage.paused.has(session)).toBe(false);
  expect(stage.closed).toEqual([]);
});

test('a client that never reads is closed, and its registrations are gone', () => {
  const stage = new ServerStage();
  const session = stage.client();
  const registration = registrationOf('a');
  stage.hear(session, registerOf(1, registration));

  stage.give({ kind: 'congested', connection: session });
  stage.pass(LIMITS['unread-ms'].max);

  expect(stage.closed).toEqual([{ connection: session, why: 'overloaded' }]);
  expect(stage.instances()).toEqual({});
});

test('a client that is swamped is closed at once, a neighbour too', () => {
  const stage = new ServerStage();
  const session = stage.client();
  const link = stage.neighbour('1');
  const unwrittenBytes = LIMITS['unread-bytes'].max + 1;

  for (const connection of [session, link]) {
    stage.give({ kind: 'congested', connection, unwrittenBytes });
  }

  expect(stage.closed.map(({ connection }) => connection)).toEqual([session, link]);
  expect(stage.state.links.size).toBe(0);
});

test('a client that does not read is not silent', () => {
  const stage = new ServerStage();
  const session = stage.accept();
  stage.hear(session, {
    kind: 'hello',
    protocol: 2,
    role: 'client',
    environment: 'testing' as never,
  });

  stage.give({ kind: 'congested', connection: session });
  stage.pass(10_000);

  expect(stage.state.sessions.has(session)).toBe(true);
});

test('of all that have too much unread together the fullest sessions go, and no link', () => {
  const stage = new ServerStage();
  const [small, large, larger] = [stage.client(), stage.client(), stage.client()];
  const link = stage.neighbour('1');
  const { max } = LIMITS['unread-bytes-in-all'];
  const fullest = (least: number) =>
    fullestSessions(
      stage.state,
      new Map([
        [small, least],
        [link, max],
        [large, max * 0.4],
        [larger, max * 0.5],
      ]),
    );

  expect(fullest(max * 0.1)).toEqual([]);
  expect(fullest(max * 0.2)).toEqual([larger]);
  expect(fullest(max * 0.39)).toEqual([larger, large]);
});

test('a client closed because all have too much unread is told so, logged once and counted', () => {
  const stage = new ServerStage();
  const sessions = [stage.client(), stage.client()];

  for (const connection of sessions) {
    stage.give({ kind: 'congested', connection, isTooMuchInAll: true });
  }

  expect(stage.closed.map(({ connection }) => connection)).toEqual(sessions);
  const told = stage.notices.filter(({ name }) => name === 'limit-reached');
  expect(told).toMatchObject([{ fields: { limit: 'unread-bytes-in-all' } }]);
  expect([...stage.state.tally.of('limit-reached')]).toEqual([
    { labels: ['unread-bytes-in-all'], times: 2 },
  ]);
});
