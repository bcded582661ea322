// A watch by both its halves: the core of a watcher on sessions with the cores of servers.

import { expect, test } from 'vitest';
import type { ConnectionId } from '../../../../src/core/input.ts';
import type { WatchReport } from '../../../../src/core/client/watcher.ts';
import { Watcher } from '../../../../src/core/client/watcher.ts';
import type { Name } from '../../../../src/protocol/ids.ts';
import type { Message } from '../../../../src/protocol/messages.ts';
import { instanceIdOf, put, registrationOf, ServerStage } from '../../../support/server-stage.ts';
import { Stage } from '../../../support/stage.ts';

interface Wire {
  readonly server: ServerStage;
  readonly near: ConnectionId;
  readonly far: ConnectionId;
}

function watcher(addresses: string[]): Stage<WatchReport> {
  const environment = 'testing' as Name;
  const service = 'db' as Name;
  const wanted = { tags: {} };
  return new Stage(new Watcher({ environment, addresses, service, wanted, random: () => 0.5 }));
}

/** Carries messages between the two until neither has any. */
function carry(stage: Stage<WatchReport>, { server, near, far }: Wire): void {
  for (;;) {
    const there = stage.sent.filter(({ connection }) => connection === near);
    stage.sent = stage.sent.filter(({ connection }) => connection !== near);
    const back = server.take(far);
    if (there.length + back.length === 0) return;
    for (const { message } of there) server.hear(far, message);
    for (const message of back) stage.hear(near, message);
  }
}

function join(stage: Stage<WatchReport>, server: ServerStage, address: string): Wire {
  const wire = { server, near: stage.connect(address, 'unix'), far: server.accept('unix') };
  carry(stage, wire);
  return wire;
}

/** The first server goes away, and the watch to the other. */
function move(stage: Stage<WatchReport>, from: Wire, server: ServerStage): Wire {
  stage.close(from.near);
  stage.fail('a:1');
  return join(stage, server, 'b:1');
}

function told(stage: Stage<WatchReport>): string[] {
  return stage.takeReports().map((report) => {
    if (report.kind !== 'change') return report.kind;
    const cause = report.cause === undefined ? '' : ` ${report.cause}`;
    return `${report.change} ${report.instance.registration.instance.charAt(0)}${cause}`;
  });
}

/** A server that has a neighbour which holds these. */
function serverWith(...digits: string[]): { server: ServerStage; link: ConnectionId } {
  const server = new ServerStage();
  const link = server.neighbour('1');
  server.tell(link, '1', ...digits.map((digit) => put(digit)));
  return { server, link };
}

function gone(digit: string, cause: 'closed' | 'deregistered' | 'unhealthy') {
  return { kind: 'delete', instance: instanceIdOf(digit), cause } as const;
}

test('a watch tells the present set, then every change with its cause', () => {
  const { server, link } = serverWith('a');
  const stage = watcher(['a:1']);
  const wire = join(stage, server, 'a:1');

  server.tell(link, '1', put('b'), put('b', { revision: 2 }), gone('a', 'unhealthy'));
  carry(stage, wire);

  expect(told(stage)).toEqual([
    'present a',
    'synced',
    'added b',
    'updated b',
    'removed a unhealthy',
  ]);
});

test('a watch that moves to another server repeats nothing and learns why what is gone is gone', () => {
  const stage = watcher(['a:1', 'b:1']);
  const first = join(stage, serverWith('a', 'b', 'c').server, 'a:1');
  const { server: second, link } = serverWith('a', 'b', 'c');
  told(stage);

  second.tell(link, '1', gone('b', 'deregistered'), gone('c', 'unhealthy'), put('d'));
  move(stage, first, second);
  stage.pass(2_000);

  expect(told(stage)).toEqual(['added d', 'removed b deregistered', 'removed c unhealthy']);
});

test('an instance that a complete server never heard of is gone, for an unknown reason, if it does not come back', () => {
  const stage = watcher(['a:1', 'b:1']);
  const first = join(stage, serverWith('a', 'b').server, 'a:1');
  told(stage);

  move(stage, first, serverWith('a').server);
  stage.pass(900);
  const early = told(stage);
  stage.pass(200);

  expect(early).toEqual([]);
  expect(told(stage)).toEqual(['removed b unknown']);
});

test('an incomplete server takes nothing back: it is stale until the view is complete', () => {
  const stage = watcher(['a:1', 'b:1']);
  const first = join(stage, serverWith('a', 'b').server, 'a:1');
  const { server: second, link } = serverWith('a', 'b');
  second.hear(link, { kind: 'view', complete: false, missing: ['h7' as Name] });
  second.tell(link, '1', gone('b', 'deregistered'));
  told(stage);

  const wire = move(stage, first, second);
  stage.pass(2_000);
  expect(told(stage)).toEqual(['stale b']);
  second.hear(link, { kind: 'view', complete: true, missing: [] });
  carry(stage, wire);

  expect(told(stage)).toEqual(['removed b deregistered']);
});

test('an instance that comes back before the view is complete is not taken for gone', () => {
  const { server, link } = serverWith('b');
  server.hear(link, { kind: 'view', complete: false, missing: ['h7' as Name] });
  server.tell(link, '1', gone('b', 'deregistered'));
  const session = server.client();
  const known = [instanceIdOf('b')];
  server.hear(session, { kind: 'watch', request: 1, service: 'db' as Name, known });

  server.tell(link, '1', put('b', { revision: 2 }));
  server.hear(link, { kind: 'view', complete: true, missing: [] });

  expect(changes(server.take(session))).toEqual(['synced', 'added b', 'view']);
});

test('a removal that was told as a change is not told again when the view is complete', () => {
  const { server, link } = serverWith('b');
  server.hear(link, { kind: 'view', complete: false, missing: ['h7' as Name] });
  const session = server.client();
  const known = [instanceIdOf('b')];
  server.tell(link, '1', gone('b', 'closed'));
  server.hear(session, { kind: 'watch', request: 1, service: 'db' as Name, known });

  server.tell(link, '1', put('b', { revision: 2 }));
  server.tell(link, '1', gone('b', 'unhealthy'));
  server.hear(link, { kind: 'view', complete: true, missing: [] });

  expect(changes(server.take(session))).toEqual(['synced', 'added b', 'removed b', 'view']);
});

test('the removal of what is back is forgotten', () => {
  const { server, link } = serverWith('b');

  server.tell(link, '1', gone('b', 'closed'));
  expect(server.state.clients.removals.size).toBe(1);
  server.tell(link, '1', put('b', { revision: 2 }));

  expect(server.state.clients.removals.size).toBe(0);
});

test('removals are remembered in a bounded number, the latest', () => {
  const { server, link } = serverWith();
  const ids = Array.from({ length: 4_097 }, (_, index) =>
    index.toString(16).padStart(32, '0'),
  ) as ReturnType<typeof instanceIdOf>[];
  for (const instance of ids) {
    const registration = registrationOf('a', { instance });
    server.tell(link, '1', { kind: 'put', registration });
    server.tell(link, '1', { kind: 'delete', instance, cause: 'closed' });
  }

  expect(server.state.clients.removals.size).toBe(4_096);
  expect(server.state.clients.removals.has(ids[0]!)).toBe(false);
  expect(server.state.clients.removals.has(ids.at(-1)!)).toBe(true);
});

test('of very large ones fewer are remembered: what was removed is no way to fill the memory', () => {
  const { server, link } = serverWith();
  const tags = Array.from({ length: 15 }, (_, at) => {
    return { key: `t${String(at)}` as Name, value: 'x'.repeat(1_000) };
  });
  for (let index = 0; index < 1_000; index += 1) {
    const instance = index.toString(16).padStart(32, '0') as ReturnType<typeof instanceIdOf>;
    server.tell(link, '1', { kind: 'put', registration: registrationOf('a', { instance, tags }) });
    server.tell(link, '1', { kind: 'delete', instance, cause: 'closed' });
  }

  const { removals, heldByRemovals } = server.state.clients;
  expect(heldByRemovals.bytes).toBeLessThanOrEqual(4 * 1_024 * 1_024);
  expect(removals.size).toBeGreaterThan(200);
  expect(removals.has(instanceIdOf('0'))).toBe(false);
});

test('only the watched service is told of, and nothing after the watch is ended', () => {
  const { server, link } = serverWith('a');
  const session = server.client();
  server.hear(session, { kind: 'watch', request: 3, service: 'db' as Name, known: [] });

  server.tell(link, '1', put('b', { service: 'web' as Name }), put('c'));
  server.hear(session, { kind: 'unwatch', request: 3 });
  server.tell(link, '1', put('d'));

  expect(changes(server.take(session))).toEqual(['present a', 'synced', 'added c']);
});

test('a session that watches a service once hears first, and one message serves all requests of a number', () => {
  const { server, link } = serverWith('a');
  const watching = [3, 1, 2].map((times) => {
    const session = server.client();
    for (let request = 1; request <= times; request += 1) {
      server.hear(session, { kind: 'watch', request, service: 'db' as Name, known: [] });
    }
    return session;
  });
  server.takeAll();

  server.tell(link, '1', put('b'));

  const told = server.takeAll().filter(({ message }) => message.kind === 'change');
  expect(told.map(({ connection }) => watching.indexOf(connection))).toEqual([1, 2, 0, 2, 0, 0]);
  expect(new Set(told.map(({ message }) => message)).size).toBe(3);
});

function changes(messages: Message[]): string[] {
  return messages.flatMap((message) => {
    if (message.kind !== 'change') return [];
    const digit = message.instance?.registration.instance.charAt(0);
    return digit === undefined ? message.change : `${message.change} ${digit}`;
  });
}
