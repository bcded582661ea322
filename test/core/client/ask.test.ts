// One question, and every way in which servers may fail to answer it.

import { expect, test } from 'vitest';
import type { Outcome, Question } from '../../../src/core/client/ask.ts';
import { Ask } from '../../../src/core/client/ask.ts';
import type { InstanceId, Name } from '../../../src/protocol/ids.ts';
import type { Message, MessageOf } from '../../../src/protocol/messages.ts';
import type { Instance } from '../../../src/protocol/records.ts';
import { instanceOf, Stage } from '../../support/stage.ts';

const LOOKUP: Question = { kind: 'lookup', service: 'db' as Name, wanted: {} };

function ask(addresses: string[], question: Question = LOOKUP): Stage<Outcome> {
  const environment = 'testing' as Name;
  return new Stage(new Ask({ environment, addresses, question, timeoutMs: 2_000 }));
}

function answer(instances: Instance[], complete = true, more = false): Message {
  return { kind: 'instances', request: 1, complete, missing: [], instances, more };
}

function found(stage: Stage<Outcome>): string {
  const [outcome] = stage.reports;
  if (outcome?.kind !== 'answered') return outcome?.kind ?? 'open';
  if (outcome.answer.kind !== 'instances') return outcome.answer.kind;
  const digits = outcome.answer.instances.map(({ registration }) => registration.instance[0]);
  return `${digits.join('')} ${outcome.answer.complete ? 'complete' : 'incomplete'}`;
}

test('the first server that finds something is believed, and nobody else is asked', () => {
  const stage = ask(['a:1', 'b:1']);

  const connection = stage.greet('a:1');
  expect(stage.take(connection)).toEqual([{ kind: 'lookup', request: 1, service: 'db' }]);
  stage.hear(connection, answer([instanceOf('1')]));

  expect(found(stage)).toBe('1 complete');
  expect(stage.dialled).toEqual(['a:1']);
  expect(stage.closed).toEqual([connection]);
  expect(stage.isStopped).toBe(true);
});

test('a server that is silent for a quarter of a second is not waited for', () => {
  const stage = ask(['a:1', 'b:1']);

  stage.connect('a:1');
  stage.pass(249);
  expect(stage.takeDialled()).toEqual(['a:1']);
  stage.pass(1);

  expect(stage.takeDialled()).toEqual(['b:1']);
});

test('a dial that fails makes room for the next address at once', () => {
  const stage = ask(['a:1', 'b:1', 'c:1']);

  stage.fail('a:1');
  stage.close(stage.connect('b:1'));

  expect(stage.dialled).toEqual(['a:1', 'b:1', 'c:1']);
  expect(stage.nowMs).toBe(1_000);
});

test('none is said only after the other server was asked', () => {
  const stage = ask(['a:1', 'b:1']);

  stage.hear(stage.greet('a:1'), answer([]));
  expect(found(stage)).toBe('open');
  stage.hear(stage.greet('b:1', { origin: '2' }), answer([]));

  expect(found(stage)).toBe(' complete');
});

test('an instance of the second server beats the none of the first', () => {
  const stage = ask(['a:1', 'b:1']);

  stage.hear(stage.greet('a:1'), answer([], false));
  stage.hear(stage.greet('b:1', { origin: '2' }), answer([instanceOf('7')]));

  expect(found(stage)).toBe('7 complete');
});

test('an incomplete answer stands when nobody has a better one', () => {
  const stage = ask(['a:1', 'b:1']);

  stage.hear(stage.greet('a:1'), answer([instanceOf('3')], false));
  stage.fail('b:1');

  expect(found(stage)).toBe('3 incomplete');
});

test('an incomplete answer stands when the other server stays silent', () => {
  const stage = ask(['a:1', 'b:1']);

  stage.hear(stage.greet('a:1'), answer([instanceOf('3')], false));
  stage.connect('b:1');
  stage.pass(2_000);

  expect(found(stage)).toBe('3 incomplete');
});

test('a none that is only not synced yet is asked for again, until somebody knows', () => {
  const stage = ask(['a:1', 'b:1']);
  stage.hear(stage.greet('a:1'), answer([], false));
  stage.fail('b:1');
  const first = found(stage);
  stage.takeDialled();

  stage.pass(50);
  const again = stage.takeDialled();
  stage.hear(stage.greet('a:1'), answer([instanceOf('1')]));

  expect([first, again, found(stage)]).toEqual(['open', ['a:1'], '1 complete']);
});

test.each<[string, Partial<MessageOf<'instances'>>]>([
  ['that misses a host', { missing: ['h4' as Name], why: 'unsynced' }],
  ['whose instances do not match', { instances: [instanceOf('3', { cluster: 'c2' as Name })] }],
])('an answer %s and that is not synced yet is asked for again', (_, given) => {
  const wanted = { cluster: 'c1' };
  const stage = ask(['a:1'], { kind: 'lookup', service: 'db' as Name, wanted });
  stage.hear(stage.greet('a:1'), { ...answer([], false), ...given } as Message);
  stage.takeDialled();

  stage.pass(50);
  expect(stage.takeDialled()).toEqual(['a:1']);
  stage.hear(stage.greet('a:1'), answer([instanceOf('1')]));

  expect(found(stage)).toBe('1 complete');
});

test('an answer that misses a host for another reason is not asked for again', () => {
  const stage = ask(['a:1']);

  stage.hear(stage.greet('a:1'), { ...answer([], false), why: 'limit' } as Message);

  expect(found(stage)).toBe(' incomplete');
});

test('a server that comes to know why it cannot tell is believed at once', () => {
  const stage = ask(['a:1']);
  stage.hear(stage.greet('a:1'), answer([], false));
  stage.pass(50);

  stage.hear(stage.greet('a:1'), { ...answer([], false), why: 'split' } as Message);

  expect(stage.reports).toMatchObject([{ kind: 'answered', answer: { why: 'split' } }]);
});

test('an empty list of services that is only not synced yet is asked for again', () => {
  const stage = ask(['a:1'], { kind: 'list' });
  const list = { kind: 'services', request: 1, missing: [], more: false } as const;
  stage.hear(stage.greet('a:1'), { ...list, complete: false, services: [], why: 'unsynced' });
  const first = found(stage);

  stage.pass(50);
  const services = [{ name: 'db' as Name, live: 1, stale: 0 }];
  stage.hear(stage.greet('a:1'), { ...list, complete: true, services });

  expect([first, found(stage)]).toEqual(['open', 'services']);
});

test('an instance that no server knows until the time is over is answered as it is', () => {
  const stage = ask(['a:1']);
  stage.hear(stage.greet('a:1'), answer([], false));

  stage.pass(2_000);

  expect(found(stage)).toBe(' incomplete');
});

test('a live instance beats a stale one of another server', () => {
  const stage = ask(['a:1', 'b:1']);

  stage.hear(stage.greet('a:1'), answer([instanceOf('1', { state: 'stale' })], false));
  stage.hear(stage.greet('b:1', { origin: '2' }), answer([instanceOf('2')], false));

  expect(found(stage)).toBe('2 incomplete');
});

test('instances that do not match count as none', () => {
  const wanted = { tags: { role: 'primary' } };
  const stage = ask(['a:1', 'b:1'], { kind: 'lookup', service: 'db' as Name, wanted });

  stage.hear(stage.greet('a:1'), answer([instanceOf('1')]));
  expect(found(stage)).toBe('open');
  const matching = instanceOf('2', { tags: { role: 'primary' } });
  stage.hear(stage.greet('b:1', { origin: '2' }), answer([matching]));

  expect(found(stage)).toBe('2 complete');
});

test('the parts of a long answer are put together', () => {
  const stage = ask(['a:1']);

  const connection = stage.greet('a:1');
  stage.hear(connection, answer([instanceOf('1')], true, true));
  stage.hear(connection, answer([instanceOf('2')]));

  expect(found(stage)).toBe('12 complete');
});

test('two addresses of one server are one opinion', () => {
  const stage = ask(['/run/a.sock', '127.0.0.1:1']);

  stage.hear(stage.greet('/run/a.sock', { transport: 'unix' }), answer([]));
  const second = stage.greet('127.0.0.1:1');

  expect(found(stage)).toBe(' complete');
  expect(stage.take(second)).toEqual([]);
});

test('a server of another environment is a refusal that names both', () => {
  const stage = ask(['a:1', 'b:1']);

  stage.greet('a:1', { environment: 'production' });
  stage.fail('b:1');

  expect(stage.reports).toMatchObject([
    { kind: 'refused', refusal: { address: 'a:1', ours: 'testing', theirs: 'production' } },
  ]);
});

test('a server that answers is better than one that refuses', () => {
  const stage = ask(['a:1', 'b:1']);

  stage.greet('a:1', { environment: 'production' });
  stage.hear(stage.greet('b:1'), answer([instanceOf('1')]));

  expect(found(stage)).toBe('1 complete');
});

test('nobody there is unreachable, and said without waiting', () => {
  const stage = ask(['a:1', 'b:1']);

  stage.fail('a:1');
  stage.fail('b:1', 'no such file');

  expect(stage.reports).toEqual([
    {
      kind: 'unreachable',
      attempts: [
        { address: 'a:1', reason: 'connection refused' },
        { address: 'b:1', reason: 'no such file' },
      ],
    },
  ]);
  expect(stage.isStopped).toBe(true);
});

test('a stranger at the port counts as not reached', () => {
  const stage = ask(['a:1']);

  const connection = stage.connect('a:1');
  stage.hear(connection, { kind: 'goaway' });

  expect(stage.reports).toMatchObject([{ kind: 'unreachable' }]);
  expect(stage.closed).toEqual([connection]);
});

test('at a socket that has been silent for the time of a handshake is a server that hangs', () => {
  const addresses = ['/run/a.sock'];
  const settings = { environment: 'testing' as Name, question: LOOKUP, timeoutMs: 10_000 };
  const stage = new Stage(new Ask({ ...settings, addresses }));

  stage.connect('/run/a.sock', 'unix');
  stage.pass(2_000);

  expect(stage.reports).toMatchObject([{ kind: 'unanswered' }]);
});

test('a server that says why it closes, and does not answer, refuses', () => {
  const stage = ask(['a:1']);

  const connection = stage.greet('a:1');
  stage.hear(connection, { kind: 'error', error: 3, reason: 'hello: it is odd' });
  stage.close(connection);

  const denied = { kind: 'denied', address: 'a:1', why: 'malformed-message' };
  expect(stage.reports).toEqual([{ ...denied, reason: 'hello: it is odd' }]);
});

test('a server that greets and then says nothing has left the question unanswered', () => {
  const stage = ask(['a:1']);

  stage.greet('a:1');
  stage.pass(2_000);

  expect(stage.reports).toMatchObject([{ kind: 'unanswered' }]);
});

test('dials that hang until the time is over are unreachable', () => {
  const stage = ask(['a:1', 'b:1']);

  stage.pass(1_999);
  expect(stage.reports).toEqual([]);
  stage.pass(1);

  expect(stage.reports).toMatchObject([{ kind: 'unreachable' }]);
});

test('the servers are told by whichever server answers first', () => {
  const stage = ask(['a:1', 'b:1'], { kind: 'peers' });

  const connection = stage.greet('a:1');
  const servers = { kind: 'servers', request: 1, complete: false, missing: [] } as const;
  stage.hear(connection, { ...servers, servers: [], more: false });

  expect(found(stage)).toBe('servers');
});

test('a request that is not granted says why', () => {
  const token = '5'.repeat(32) as InstanceId;
  const stage = ask(['a:1'], { kind: 'forget', host: 'h9' as Name, token });

  const connection = stage.greet('a:1');
  stage.hear(connection, { kind: 'error', error: 12, reason: 'h9 is not split', request: 1 });

  expect(stage.reports).toEqual([
    { kind: 'denied', address: 'a:1', why: 'refused', reason: 'h9 is not split' },
  ]);
});

const HISTORY: Question = { kind: 'history', limit: 9 };

function events(reachesBackMs: number): Message {
  return { kind: 'events', request: 1, rows: [], reachesBackMs, more: false };
}

test('of what happened every server is asked, and that one believed which reaches back further', () => {
  const stage = ask(['a:1', 'b:1', 'c:1'], HISTORY);

  stage.hear(stage.greet('a:1'), events(3_000));
  expect(stage.reports).toEqual([]);
  stage.hear(stage.greet('b:1', { origin: '2' }), events(9_000));
  stage.hear(stage.greet('c:1', { origin: '3' }), events(5_000));

  expect(stage.reports).toMatchObject([
    { kind: 'answered', address: 'b:1', origin: '2'.repeat(32), answer: { reachesBackMs: 9_000 } },
  ]);
});

test('a server that is too old for a question is a refusal, unless another one answers', () => {
  const unknown = { kind: 'error', error: 5, reason: 'message kind 25 is not known here' } as const;
  const alone = ask(['a:1'], HISTORY);
  alone.hear(alone.greet('a:1'), { ...unknown, request: 1 });
  const beside = ask(['a:1', 'b:1'], HISTORY);
  beside.hear(beside.greet('a:1'), { ...unknown, request: 1 });
  beside.hear(beside.greet('b:1', { origin: '2' }), events(1));

  const reason = 'the server is older than this program, and does not know history';
  expect(alone.reports).toEqual([
    { kind: 'denied', address: 'a:1', why: 'unknown-message', reason },
  ]);
  expect(beside.reports).toMatchObject([{ kind: 'answered', address: 'b:1' }]);
});

test('an end that is asked for closes everything and reports nothing', () => {
  const stage = ask(['a:1']);

  const connection = stage.greet('a:1');
  stage.give({ kind: 'stop' });

  expect(stage.closed).toEqual([connection]);
  expect(stage.reports).toEqual([]);
  expect(stage.isStopped).toBe(true);
});
