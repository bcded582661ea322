// A watch that outlives servers: its events, none of them twice.

import { expect, test } from 'vitest';
import type { WatchReport } from '../../../src/core/client/watcher.ts';
import { Watcher } from '../../../src/core/client/watcher.ts';
import type { ConnectionId } from '../../../src/core/input.ts';
import type { Name } from '../../../src/protocol/ids.ts';
import type { MessageOf } from '../../../src/protocol/messages.ts';
import type { Instance } from '../../../src/protocol/records.ts';
import { instanceOf, Stage } from '../../support/stage.ts';

type Change = MessageOf<'change'>['change'];

function watch(addresses: string[], tags: Record<string, string> = {}): Stage<WatchReport> {
  return watchWithCore(addresses, tags).stage;
}

function watchWithCore(addresses: string[], tags: Record<string, string> = {}) {
  const environment = 'testing' as Name;
  const service = 'db' as Name;
  const random = () => 0.5;
  const watcher = new Watcher({ environment, addresses, service, wanted: { tags }, random });
  return { watcher, stage: new Stage<WatchReport>(watcher) };
}

function tell(
  stage: Stage<WatchReport>,
  connection: ConnectionId,
  ...given: [change: Change, instance: Instance][]
): void {
  for (const [change, instance] of given) {
    stage.hear(connection, { kind: 'change', request: 1, change, instance });
  }
}

function sync(stage: Stage<WatchReport>, connection: ConnectionId, complete = true): void {
  stage.hear(connection, { kind: 'change', request: 1, change: 'synced', complete, missing: [] });
}

/** A watch of two servers, the first of which has told of these. */
function watched(...instances: Instance[]): Watched {
  return watchedWithTags({}, ...instances);
}

interface Watched {
  readonly stage: Stage<WatchReport>;
  readonly first: ConnectionId;
}

function watchedWithTags(tags: Record<string, string>, ...instances: Instance[]): Watched {
  const stage = watch(['a:1', 'b:1'], tags);
  const first = stage.greet('a:1');
  for (const instance of instances) tell(stage, first, ['present', instance]);
  sync(stage, first);
  told(stage);
  return { stage, first };
}

/** The server at a:1 is lost, and its sibling at b:1 takes its place. */
function nextServer(stage: Stage<WatchReport>, first: ConnectionId): ConnectionId {
  stage.close(first);
  stage.fail('a:1');
  return stage.greet('b:1', { origin: '2' });
}

/** The reports since the last call, as words: the change, and the digit of the instance. */
function told(stage: Stage<WatchReport>): string[] {
  return stage.takeReports().map((report) => {
    if (report.kind !== 'change') return report.kind;
    const cause = report.cause === undefined ? '' : ` ${report.cause}`;
    return `${report.change} ${report.instance.registration.instance.charAt(0)}${cause}`;
  });
}

test('the present set is told, then the mark, then every change', () => {
  const stage = watch(['a:1']);
  const server = stage.greet('a:1');

  tell(stage, server, ['present', instanceOf('1')]);
  sync(stage, server);
  tell(stage, server, ['added', instanceOf('2')], ['updated', instanceOf('2', { revision: 2 })]);
  tell(stage, server, ['stale', instanceOf('1', { state: 'stale' })], ['live', instanceOf('1')]);
  const removed = { kind: 'change', request: 1, change: 'removed', cause: 'crash' } as const;
  stage.hear(server, { ...removed, instance: instanceOf('1') });

  expect(told(stage)).toEqual([
    'present 1',
    'synced',
    'added 2',
    'updated 2',
    'stale 1',
    'live 1',
    'removed 1 crash',
  ]);
});

test('on the sibling the watch goes on without repeating anything', () => {
  const { stage, first } = watched(instanceOf('1'), instanceOf('2'));

  const second = nextServer(stage, first);
  const asked = stage.take(second);
  tell(stage, second, ['present', instanceOf('2')], ['present', instanceOf('3')]);
  sync(stage, second);
  stage.pass(2_000);

  expect(asked).toMatchObject([{ kind: 'watch', known: ['1'.repeat(32), '2'.repeat(32)] }]);
  expect(told(stage)).toEqual(['added 3', 'removed 1 unknown']);
});

test('an instance that the next server has told of is in doubt no more, though it is not through', () => {
  const { stage, first } = watched(instanceOf('1'), instanceOf('2'));

  const second = nextServer(stage, first);
  tell(stage, second, ['present', instanceOf('1')]);
  stage.pass(1_000);
  tell(stage, second, ['present', instanceOf('2')]);
  sync(stage, second);

  expect(told(stage)).toEqual(['stale 2', 'live 2']);
});

test('a sibling that lags behind takes no update back', () => {
  const { stage, first } = watched(instanceOf('1', { revision: 2 }));

  const second = nextServer(stage, first);
  tell(stage, second, ['present', instanceOf('1', { revision: 1 })]);
  sync(stage, second);
  tell(stage, second, ['updated', instanceOf('1', { revision: 2 })]);

  expect(told(stage)).toEqual([]);
});

test('an instance that one server let go comes back from another as live only, not as stale', () => {
  const { stage, first } = watched(instanceOf('1', { revision: 2 }), instanceOf('2'));
  tell(stage, first, ['removed', instanceOf('1', { revision: 2 })], ['removed', instanceOf('2')]);
  told(stage);

  const sleeper = nextServer(stage, first);
  tell(stage, sleeper, ['present', instanceOf('1', { state: 'stale' })]);
  tell(stage, sleeper, ['present', instanceOf('2', { state: 'stale' })]);
  sync(stage, sleeper, false);
  expect(told(stage)).toEqual([]);

  tell(stage, sleeper, ['live', instanceOf('1')], ['removed', instanceOf('2')]);
  const [report] = stage.reports;
  expect(report).toMatchObject({ change: 'added', instance: { registration: { revision: 2 } } });
  expect(told(stage)).toEqual(['added 1']);
});

test('a server that has let go what it finds split off afterwards tells it as stale', () => {
  const { stage, first } = watched(instanceOf('1'));
  tell(stage, first, ['removed', instanceOf('1')], ['added', instanceOf('1', { state: 'stale' })]);

  expect(told(stage)).toEqual(['removed 1 unknown', 'added 1']);
});

test('a sibling that lags behind does not bring back what matches no longer', () => {
  const { stage, first } = watchedWithTags({ zone: 'a' }, instanceOf('1', { tags: { zone: 'a' } }));
  tell(stage, first, ['updated', instanceOf('1', { revision: 2, tags: { zone: 'b' } })]);
  expect(told(stage)).toEqual(['removed 1 replaced']);

  const second = nextServer(stage, first);
  tell(stage, second, ['present', instanceOf('1', { tags: { zone: 'a' } })]);
  sync(stage, second);

  expect(told(stage)).toEqual([]);
});

test('an incomplete view makes stale what it lacks, and a complete one removes it', () => {
  const { stage, first } = watched(instanceOf('1'));

  const second = nextServer(stage, first);
  sync(stage, second, false);
  expect(told(stage)).toEqual([]);
  for (let pings = 0; pings < 10; pings += 1) {
    stage.hear(second, { kind: 'ping' });
    stage.pass(1_000);
  }
  expect(told(stage)).toEqual(['stale 1']);
  stage.hear(second, { kind: 'change', request: 1, change: 'view', complete: true, missing: [] });

  expect(told(stage)).toEqual(['removed 1 unknown']);
});

test('known instances are stale when no server is found, and live again with the next one', () => {
  const stage = watch(['127.0.0.1:1']);
  const first = stage.greet('127.0.0.1:1');
  tell(stage, first, ['present', instanceOf('1')]);
  sync(stage, first);
  told(stage);

  stage.close(first);
  for (let tries = 0; tries < 10; tries += 1) {
    stage.fail('127.0.0.1:1');
    stage.pass(200);
  }
  expect(told(stage)).toEqual(['stale 1']);
  const second = stage.greet('127.0.0.1:1', { origin: '2' });
  tell(stage, second, ['present', instanceOf('1')]);
  sync(stage, second);

  expect(told(stage)).toEqual(['live 1']);
});

test('a server of this host is found again within half a second', () => {
  const stage = watch(['127.0.0.1:1']);
  for (let tries = 0; tries < 50; tries += 1) {
    stage.fail('127.0.0.1:1');
    stage.pass(400);
  }
  stage.takeDialled();

  stage.fail('127.0.0.1:1');
  stage.pass(400);

  expect(stage.takeDialled()).toEqual(['127.0.0.1:1']);
});

test('the watch moves on before a server that says goodbye is gone', () => {
  const stage = watch(['a:1', 'b:1']);
  const first = stage.greet('a:1');
  sync(stage, first);
  stage.takeDialled();

  stage.hear(first, { kind: 'goaway' });
  expect(stage.takeDialled()).toEqual(['b:1']);
  const second = stage.greet('b:1', { origin: '2' });

  expect(stage.closed).toEqual([first]);
  expect(stage.take(second)).toMatchObject([{ kind: 'watch' }]);
});

test('a far server is asked for every 2 s at least, however long it was away', () => {
  const stage = watch(['far:1']);
  for (let tries = 0; tries < 20; tries += 1) {
    stage.fail('far:1');
    stage.pass(2_000);
  }
  stage.fail('far:1');
  stage.takeDialled();

  stage.pass(2_000);

  expect(stage.takeDialled()).toEqual(['far:1']);
});

test('a server that falls silent is left, even on a socket', () => {
  const stage = watch(['/run/a.sock']);
  const first = stage.greet('/run/a.sock', { transport: 'unix' });
  stage.takeDialled();

  stage.pass(4_100);

  expect(stage.closed).toEqual([first]);
});

test('the silence in which this process slept is not held against the server', () => {
  const stage = watch(['a:1']);
  const first = stage.greet('a:1');

  stage.sleep(60_000);
  stage.hear(first, { kind: 'pong', stamp: 1 });
  stage.pass(2_000);

  expect(stage.closed).toEqual([]);
});

test('knowledge is vouched for as of the ping that came back, not as of the pong', () => {
  const { stage, watcher } = watchWithCore(['a:1']);
  const first = stage.greet('a:1');
  const openedMs = stage.nowMs;
  const before = watcher.vouchedMs();

  sync(stage, first);
  const synced = watcher.vouchedMs();
  stage.pass(700);
  stage.hear(first, { kind: 'pong', stamp: openedMs + 500 });
  const echoed = watcher.vouchedMs();
  stage.sleep(60_000);
  stage.hear(first, { kind: 'ping' });
  const slept = watcher.vouchedMs();
  stage.hear(first, { kind: 'pong', stamp: stage.nowMs + 1_000_000 });

  expect([before, synced, echoed, slept].map((atMs) => atMs - openedMs)).toEqual([
    -Infinity,
    0,
    500,
    500,
  ]);
  expect(watcher.vouchedMs()).toBe(stage.nowMs);
});

test('with every address refusing there is nothing to wait for', () => {
  const stage = watch(['a:1', 'b:1']);

  stage.greet('a:1', { environment: 'staging' });
  stage.greet('b:1', { environment: 'staging' });

  expect(stage.reports).toMatchObject([{ kind: 'refused', refusal: { theirs: 'staging' } }]);
  expect(stage.isStopped).toBe(true);
});

test('an instance whose tags match no longer is removed', () => {
  const stage = watch(['a:1'], { role: 'primary' });
  const server = stage.greet('a:1');
  tell(stage, server, ['present', instanceOf('1', { tags: { role: 'primary' } })]);
  tell(stage, server, ['present', instanceOf('2')]);
  sync(stage, server);

  tell(stage, server, ['updated', instanceOf('1', { revision: 2 })]);

  expect(told(stage)).toEqual(['present 1', 'synced', 'removed 1 replaced']);
});

test('an end that is asked for leaves no deadline behind', () => {
  const stage = watch(['a:1']);
  const server = stage.greet('a:1');

  stage.give({ kind: 'stop' });
  stage.pass(60_000);

  expect(stage.closed).toEqual([server]);
  expect(stage.isStopped).toBe(true);
});

test('it rests between rounds in which nobody was found, and not once there is a server', () => {
  const { watcher, stage } = watchWithCore(['a:1', 'b:1']);

  stage.fail('a:1');
  const isRestingHalfway = watcher.isResting();
  stage.fail('b:1');
  const isRestingAfter = watcher.isResting();
  stage.pass(1_000);
  const isRestingInTheNextRound = watcher.isResting();
  stage.greet('a:1');

  expect([isRestingHalfway, isRestingAfter, isRestingInTheNextRound]).toEqual([false, true, false]);
  expect(watcher.isResting()).toBe(false);
});

test('a server without room is left alone until the next round, and says why there is no session', () => {
  const { watcher, stage } = watchWithCore(['a:1', 'b:1']);
  const dialled = [stage.takeDialled()];

  turnAway(stage, 'a:1', '1');
  dialled.push(stage.takeDialled());
  turnAway(stage, 'b:1', '2');
  dialled.push(stage.takeDialled());

  const denied = { why: 'overloaded', reason: 'it is full', isOurs: false };
  expect(dialled).toEqual([['a:1'], ['b:1'], []]);
  expect([watcher.isResting(), watcher.view().wasConnected]).toEqual([true, false]);
  expect(watcher.denials()).toEqual([
    { address: 'a:1', ...denied },
    { address: 'b:1', ...denied },
  ]);

  stage.pass(1_000);
  sync(stage, stage.greet('a:1'));

  expect(watcher.denials()).toEqual([]);
});

function turnAway(stage: Stage<WatchReport>, address: string, origin: string): void {
  const connection = stage.greet(address, { origin });
  stage.hear(connection, { kind: 'error', error: 16, reason: 'it is full' });
  stage.close(connection);
}
