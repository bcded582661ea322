// The questions about events go to one life of one server, in one session.

import { expect, test } from 'vitest';
import type { Stop, ConnectionInput } from '../../../src/core/client/effect.ts';
import { type AskNext, Follower, type FollowReport } from '../../../src/core/client/follower.ts';
import type { Name, OriginId } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/messages.ts';
import { Stage } from '../../support/stage.ts';

type Following = Stage<FollowReport, ConnectionInput | Stop | AskNext>;

function follow(): Following {
  const origin = '1'.repeat(32) as OriginId;
  const environment = 'testing' as Name;
  return new Stage(new Follower({ environment, address: 'a:1', origin, timeoutMs: 2_000 }));
}

function ask(stage: Following, after: number): void {
  stage.give({ kind: 'next', question: { kind: 'history', limit: 100, after } });
}

function events(request: number, numbers: readonly number[], more = false): Message {
  const place = { host: 'h1' as Name, cluster: 'c1' as Name, servers: ['h1-1' as Name] };
  const none = { service: null, instance: null, address: null, port: null };
  const rows = numbers.map((number) => ({
    ...{ number, ageMs: 0, event: 'left' as const, ...place, ...none },
  }));
  return { kind: 'events', request, rows, reachesBackMs: 1, more };
}

/** The numbers of the rows of each answer, or that the server is lost. */
function told(stage: Following): unknown[] {
  return stage
    .takeReports()
    .map((report) =>
      report.kind === 'lost' ? 'lost' : report.events.rows.map(({ number }) => number),
    );
}

test('all questions go over one connection, and parts make one answer', () => {
  const stage = follow();
  ask(stage, 7);
  const connection = stage.greet('a:1');
  expect(stage.take(connection)).toEqual([{ kind: 'history', request: 1, limit: 100, after: 7 }]);

  stage.hear(connection, events(1, [8], true));
  stage.hear(connection, events(1, [9]));
  ask(stage, 9);
  stage.hear(connection, events(1, [1]));
  stage.hear(connection, events(2, []));

  expect(stage.take(connection)).toEqual([{ kind: 'history', request: 2, limit: 100, after: 9 }]);
  expect(told(stage)).toEqual([[8, 9], []]);
  expect(stage.dialled).toEqual(['a:1']);
});

test.each<[string, (stage: Following) => void]>([
  ['it cannot be dialled', (stage) => stage.fail('a:1')],
  ['its connection ends', (stage) => stage.close(stage.greet('a:1'))],
  ['another life is at its address', (stage) => stage.greet('a:1', { origin: '2' })],
  ['it serves another environment', (stage) => stage.greet('a:1', { environment: 'staging' })],
  [
    'it is silent',
    (stage) => {
      stage.greet('a:1');
      stage.pass(2_000);
    },
  ],
  [
    'it does not grant it',
    (stage) =>
      stage.hear(stage.greet('a:1'), { kind: 'error', request: 1, error: 12, reason: 'no' }),
  ],
])('a server is lost once %s, and stays so', (_, lose) => {
  const stage = follow();
  ask(stage, 7);

  lose(stage);
  expect(told(stage)).toEqual(['lost']);
  ask(stage, 7);

  expect(told(stage)).toEqual(['lost']);
  expect(stage.dialled).toEqual(['a:1']);
});

test('a loss between two questions is told with the next, and the end leaves nothing', () => {
  const stage = follow();
  ask(stage, 7);
  const connection = stage.greet('a:1');
  stage.hear(connection, events(1, [8]));
  stage.close(connection);
  expect(told(stage)).toEqual([[8]]);

  ask(stage, 8);
  expect(told(stage)).toEqual(['lost']);
  stage.give({ kind: 'stop' });

  expect(stage.isStopped).toBe(true);
});
