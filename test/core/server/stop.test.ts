// Going away on purpose: clients first, then the sibling, then goodbye.

import { expect, test } from 'vitest';
import type { ConnectionId } from '../../../src/core/input.ts';
import type { Name } from '../../../src/protocol/ids.ts';
import {
  factsOf,
  instanceIdOf,
  keyOf,
  originOf,
  put,
  registerOf,
  registrationOf,
  ServerStage,
} from '../../support/server-stage.ts';

interface Scene {
  readonly stage: ServerStage;
  readonly sibling: ConnectionId;
  readonly other: ConnectionId;
  readonly session: ConnectionId;
}

/** A server with a sibling, a neighbour elsewhere, and a client that holds an instance. */
function scene(): Scene {
  const stage = new ServerStage({ host: 'h0', side: 'a' });
  const sibling = stage.neighbour('1', { host: 'h0', side: 'b' }, '2');
  const other = stage.neighbour('2', {}, '1');
  const session = stage.client();
  stage.hear(session, registerOf(1, registrationOf('a')));
  stage.pass(100);
  for (const connection of [sibling, other, session]) stage.take(connection);
  stage.takeNotices();
  return { stage, sibling, other, session };
}

const HELLO = {
  kind: 'hello',
  protocol: 2,
  role: 'peer',
  environment: 'testing' as Name,
} as const;

function saysBye(stage: ServerStage, link: ConnectionId): boolean {
  return stage
    .take(link)
    .some(
      (message) =>
        message.kind === 'entries' &&
        message.batches.some(
          ({ origin, entries }) => origin === originOf('0') && entries.at(-1)?.kind === 'bye',
        ),
    );
}

test('[R77] clients are told first, and once', () => {
  const { stage, session } = scene();

  stage.give({ kind: 'stop' });
  stage.give({ kind: 'stop' });

  expect(stage.take(session)).toEqual([{ kind: 'goaway' }]);
  expect(stage.takeNotices()).toEqual(['server-stopping']);
});

test('a client that comes while the server stops is told as well', () => {
  const { stage } = scene();
  stage.give({ kind: 'stop' });

  const late = stage.client();

  expect(stage.take(late).at(-1)).toEqual({ kind: 'goaway' });
});

test('[R77] the server leaves when its sibling holds all that it holds', () => {
  const { stage, sibling, other } = scene();
  stage.give({ kind: 'stop' });
  stage.pass(500);
  expect(stage.isStopped).toBe(false);

  stage.tell(sibling, '1', put('a'));

  expect(stage.isStopped).toBe(true);
  expect(saysBye(stage, sibling)).toBe(true);
  expect(saysBye(stage, other)).toBe(true);
});

test('[R77] a sibling that holds an older revision is waited for', () => {
  const { stage, sibling, session } = scene();
  stage.tell(sibling, '1', put('a'));
  const registration = { ...registrationOf('a'), revision: 2 };
  stage.hear(session, registerOf(2, registration));

  stage.give({ kind: 'stop' });
  stage.pass(500);
  const wasStopped = stage.isStopped;
  stage.tell(sibling, '1', { kind: 'put', registration });

  expect([wasStopped, stage.isStopped]).toEqual([false, true]);
});

test('[R128] what the sibling had and has let go since ends with its session, in any order', () => {
  const instance = instanceIdOf('a');
  const gone = { kind: 'delete', instance, cause: 'closed' } as const;
  const letGo = ({ stage, sibling }: Scene): void => stage.tell(sibling, '1', gone);
  const close = ({ stage, session }: Scene): void => stage.close(session);
  const told = (then: readonly ((at: Scene) => void)[]): unknown[] => {
    const at = scene();
    // Another instance, which the sibling does not have, keeps the server.
    at.stage.hear(at.stage.client(), registerOf(1, registrationOf('b')));
    at.stage.give({ kind: 'stop' });
    at.stage.tell(at.sibling, '1', put('a'));
    return then.map((step) => {
      step(at);
      return Object.keys(at.stage.instances());
    });
  };

  expect(told([close, letGo])).toEqual([['a', 'b'], ['b']]);
  expect(told([letGo, close])).toEqual([['a', 'b'], ['b']]);
});

test('[R128] what a sibling had that is lost is kept for the next one', () => {
  const { stage, sibling, session } = scene();
  stage.hear(stage.client(), registerOf(1, registrationOf('b')));
  stage.give({ kind: 'stop' });
  stage.tell(sibling, '1', put('a'));
  stage.close(session);
  stage.close(sibling);

  stage.neighbour('3', { host: 'h0', side: 'b' });

  expect(Object.keys(stage.instances())).toEqual(['a', 'b']);
});

test('[R77] the sibling is waited for two seconds at most', () => {
  const { stage, other } = scene();
  stage.give({ kind: 'stop' });

  stage.pass(1_999);
  expect(stage.isStopped).toBe(false);
  stage.pass(1);

  expect(stage.isStopped).toBe(true);
  expect(saysBye(stage, other)).toBe(true);
});

test('[R90] a server without a listening sibling leaves as soon as it knows that', () => {
  const stage = new ServerStage({ host: 'h0', side: 'a', siblings: ['10.0.0.1:17311'] });
  const session = stage.client();
  stage.hear(session, registerOf(1, registrationOf('a')));
  stage.give({ kind: 'undialled', address: '10.0.0.1:17311', reason: 'timed out' });
  stage.dialled = [];

  stage.give({ kind: 'stop' });
  const [wasStopped, { dialled }] = [stage.isStopped, stage];
  stage.give({
    ...{ kind: 'undialled', address: '10.0.0.1:17311', reason: 'connection refused' },
    isDeserted: true,
  });

  expect([wasStopped, dialled, stage.isStopped]).toEqual([false, ['10.0.0.1:17311'], true]);
});

test('[R90] a server whose sibling has just started links to it and waits for it', () => {
  const stage = new ServerStage({ host: 'h0', side: 'a', siblings: ['10.0.0.1:17311'] });
  const session = stage.client();
  stage.hear(session, registerOf(1, registrationOf('a')));
  stage.give({ kind: 'stop' });

  const sibling = stage.neighbour('1', { host: 'h0', side: 'b' });
  stage.pass(500);
  const wasStopped = stage.isStopped;
  stage.tell(sibling, '1', put('a'));

  expect([wasStopped, stage.isStopped]).toEqual([false, true]);
});

test('[R91] what a server held that left is in doubt for a grace, then gone', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('2');
  stage.tell(link, '2', put('a'));
  stage.tell(link, '2', { kind: 'bye' });

  const states = [stage.instances()];
  stage.pass(499);
  states.push(stage.instances());
  stage.pass(1);
  states.push(stage.instances());

  expect(states).toEqual([{ a: 'suspect' }, { a: 'suspect' }, {}]);
});

test('[R91] the word of another server ends that doubt', () => {
  const stage = new ServerStage();
  const leaving = stage.neighbour('2', { host: 'h2', side: 'a' });
  stage.tell(leaving, '2', put('a'));
  stage.tell(leaving, '2', { kind: 'bye' });
  const sibling = stage.neighbour('3', { host: 'h2', side: 'b' });

  stage.tell(sibling, '3', put('a'));
  const taken = stage.instances();
  const instance = instanceIdOf('a');
  stage.tell(sibling, '3', { kind: 'delete', instance, cause: 'closed' });

  expect([taken, stage.instances()]).toEqual([{ a: 'live' }, {}]);
  expect(stage.state.past.departed.size).toBe(0);
});

test('[R106] meanwhile it vouches for its view to no neighbour', () => {
  const stage = new ServerStage();
  const leaving = stage.neighbour('2');
  const old = stage.neighbour('3');
  stage.tell(leaving, '2', put('a'));
  stage.take(old);
  stage.tell(leaving, '2', { kind: 'bye' });

  const begun = stage.neighbour('4');
  const meanwhile = [...vouchedTo(stage, old), ...vouchedTo(stage, begun)];
  stage.pass(500);

  expect(meanwhile).toEqual([false, false]);
  expect([...vouchedTo(stage, old), ...vouchedTo(stage, begun)]).toEqual([true, true]);
  expect(stage.state.view.isComplete).toBe(true);
});

function vouchedTo(stage: ServerStage, link: ConnectionId): boolean[] {
  return stage.take(link).flatMap((message) => {
    return message.kind === 'digest' || message.kind === 'view' ? [message.complete] : [];
  });
}

test('a server without a sibling leaves at once', () => {
  const stage = new ServerStage();
  const other = stage.neighbour('2');
  stage.take(other);

  stage.give({ kind: 'stop' });

  expect(stage.isStopped).toBe(true);
  expect(saysBye(stage, other)).toBe(true);
});

test('[R77] clients that go because they were told to take nothing along', () => {
  const { stage, session } = scene();
  stage.give({ kind: 'stop' });

  stage.close(session);

  expect(stage.instances()).toEqual({ a: 'live' });
});

test('a registration given up while the server stops is gone at once', () => {
  const { stage, session } = scene();
  stage.give({ kind: 'stop' });
  const instance = instanceIdOf('a');

  stage.hear(session, {
    kind: 'deregister',
    request: 2,
    instance,
    cause: 'deregistered',
    key: keyOf(instance),
  });

  expect(stage.instances()).toEqual({});
});
test('[R90] a linked sibling of which nothing is known yet is one, though its old address is free', () => {
  const stage = new ServerStage({ host: 'h0', side: 'a', siblings: ['10.0.0.1:17311'] });
  const session = stage.client();
  stage.hear(session, registerOf(1, registrationOf('a')));
  const facts = factsOf('1', { host: 'h0', side: 'b', address: '10.0.0.1:18000' });
  const link = stage.accept();
  stage.hear(link, { ...HELLO, origin: originOf('1'), facts });

  stage.give({ kind: 'stop' });
  stage.give({
    ...{ kind: 'undialled', address: '10.0.0.1:17311', reason: 'connection refused' },
    isDeserted: true,
  });
  stage.pass(500);
  const wasStopped = stage.isStopped;
  stage.origin(link, '1', { host: 'h0', side: 'b', links: '0' });
  stage.tell(link, '1', put('a'));

  expect([wasStopped, stage.isStopped]).toEqual([false, true]);
});

test('[R90] a server that holds nothing leaves at once, whatever its sibling does', () => {
  const stage = new ServerStage({ host: 'h0', side: 'a', siblings: ['10.0.0.1:17311'] });

  stage.give({ kind: 'stop' });

  expect(stage.isStopped).toBe(true);
});

test('from the goodbye on nothing more is written to the log', () => {
  const { stage, sibling, session } = scene();
  stage.give({ kind: 'stop' });
  stage.tell(sibling, '1', put('a'));
  const { sequence } = stage.state.self.log;

  stage.hear(session, registerOf(3, registrationOf('b')));
  stage.close(sibling);

  expect(stage.state.self.log.sequence).toBe(sequence);
});

test('[R90] a stopping server dials its sibling alone, and takes up no other link', () => {
  const { stage, sibling } = scene();
  stage.give({ kind: 'stop' });
  stage.dialled = [];

  stage.close(sibling);
  stage.neighbour('5');
  stage.pass(100);

  expect(stage.dialled).toEqual(['10.0.0.1:17310']);
  expect(stage.state.links.has(originOf('5'))).toBe(false);
});
