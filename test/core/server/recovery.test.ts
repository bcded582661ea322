// The bulkhead: an error of our own code costs only the connection whose input it was handling. The
// bugs are planted: src knows nothing of them.

import { expect, test } from 'vitest';
import type { ConnectionId } from '../../../src/core/input.ts';
import type { Name } from '../../../src/protocol/ids.ts';
import type { Edit } from '../../sim/mutations/mutant.ts';
import { mutantCores } from '../../sim/mutations/mutant.ts';
import {
  down,
  factsOf,
  originOf,
  put,
  registerOf,
  registrationOf,
  ServerStage,
  up,
} from '../../support/server-stage.ts';

/** Throws once an instance at port 6666 has an owner: half of the work is done. */
const CLIENT: Edit = [
  'sessions#handleRegister',
  'state.clients.owners.set(instance, session.connection.id);',
  `state.clients.owners.set(instance, session.connection.id);
if (registration.port === 6666) throw new Error('planted');`,
];

/** Throws in the midst of an entry: the log has it, the catalogue has not. */
const PEER: Edit = [
  'origins#applyEntry',
  'origin.log.apply(entry);',
  `origin.log.apply(entry);
if (entry.kind === 'put' && entry.registration.port === 6666) throw new Error('planted');`,
];

/** Throws whenever links are written to while there is an instance at port 7777. */
const SETTLING: Edit = [
  'flush#flushLinks',
  'sendWants(state);',
  `sendWants(state);
for (const { port } of state.self.log.registrations.values()) {
  if (port === 7777 && state.nowMs < 6_000_000) throw new Error('planted');
}`,
];

/** Throws at the facts of a server that was dialled. */
const WELCOME: Edit = [
  'links#handleWelcome',
  'target.origin = welcome.origin;',
  `throw new Error('planted');`,
];

function stageWith(edit: Edit): ServerStage {
  return new ServerStage({}, mutantCores([edit]).server);
}

function register(stage: ServerStage, session: ConnectionId, digit: string, port = 5432): void {
  const registration = registrationOf(digit, { port });
  stage.hear(session, registerOf(1, registration));
}

function faults(stage: ServerStage): number {
  return stage.notices.filter(({ name }) => name === 'fault').length;
}

test('a handler that throws half way costs the client that it served, and no other', () => {
  const stage = stageWith(CLIENT);
  const link = stage.neighbour('1');
  stage.tell(link, '1', put('b'));
  const honest = stage.client();
  register(stage, honest, 'a');
  const watching = stage.client();
  const service = 'db' as Name;
  stage.hear(watching, { kind: 'watch', request: 5, service, known: [] });
  const bad = stage.client();
  stage.take(watching);

  register(stage, bad, 'c', 6666);

  expect(stage.closed).toEqual([{ connection: bad, why: 'fault' }]);
  expect(faults(stage)).toBe(1);
  expect(stage.instances()).toEqual({ a: 'live', b: 'live' });
  expect(stage.take(watching)).toEqual([]);
  register(stage, honest, 'd');
  expect(stage.instances()).toEqual({ a: 'live', b: 'live', d: 'live' });
  expect(stage.take(watching)).toMatchObject([{ change: 'added' }]);
  expect(stage.standingOf('1')).toBe('reachable');
  stage.pass(30_000);
  expect([stage.standingOf('1'), stage.state.sessions.size]).toEqual(['reachable', 2]);
});

test('a fault says where it was, in one line', () => {
  const stage = stageWith(CLIENT);

  register(stage, stage.client(), 'c', 6666);

  const [fault] = stage.notices.filter(({ name }) => name === 'fault');
  expect(fault?.fields['reason']).toMatch(/planted at .*handleRegister/);
  expect(fault?.fields['reason']).not.toContain('\n');
});

test('a message of a neighbour that makes us throw costs its link, and it is kept out for 5 minutes', () => {
  const stage = stageWith(PEER);
  const bad = stage.neighbour('1');
  const good = stage.neighbour('2');
  stage.tell(good, '2', put('b'));
  stage.tell(bad, '1', put('a'));
  expect(stage.instances()).toEqual({ a: 'live', b: 'live' });
  stage.take(good);

  stage.tell(bad, '1', put('c', { port: 6666 }));

  expect(stage.closed).toEqual([{ connection: bad, why: 'fault' }]);
  expect(stage.instances()).toEqual({ b: 'live' });
  expect(stage.standingOf('2')).toBe('reachable');
  const asked = stage.take(good).filter(({ kind }) => kind === 'want');
  const nothing = { origin: originOf('1'), sequence: 0 };
  expect(asked).toContainEqual({ kind: 'want', lines: expect.arrayContaining([nothing]) as never });
  stage.neighbour('1');
  expect(stage.state.links.has(originOf('1'))).toBe(false);
  stage.pass(5 * 60_000);
  stage.neighbour('1');
  expect(stage.state.links.has(originOf('1'))).toBe(true);
});

test('[R118] a link that is closed for a bug of ours is no sign that the other process has ended', () => {
  const stage = stageWith(PEER);
  const good = stage.neighbour('2');
  const bad = stage.neighbour('1');
  stage.take(good);

  stage.tell(bad, '1', put('c', { port: 6666 }));
  const { id: origin, log } = stage.state.self;
  stage.hear(good, { kind: 'want', lines: [{ origin, sequence: log.sequence - 1 }] });
  stage.pass(200);

  const entries = stage.take(good).flatMap((one) => (one.kind === 'entries' ? one.batches : []));
  expect(entries.flatMap((batch) => batch.entries)).toContainEqual(down('1', 'released'));
  // But something is wrong with it, as the operator hears.
  expect(stage.takeNotices()).toContain('link-down');
});

test.each([
  [
    'a message that is longer than a frame',
    (stage: ServerStage, to: ConnectionId) => {
      const unsent = { message: { kind: 'ping' }, to: [to] } as const;
      stage.give({
        kind: 'faulted',
        connection: null,
        unsent,
        isTooLong: true,
        reason: 'too long',
      });
    },
  ],
  [
    'a breach of the protocol',
    (stage: ServerStage, from: ConnectionId) => {
      stage.hear(from, { kind: 'goaway' });
    },
  ],
])('[R118] nor is one that is closed because of %s', (_, end) => {
  const stage = new ServerStage();
  const other = stage.neighbour('2');
  const link = stage.neighbour('1');
  stage.take(other);

  end(stage, link);
  stage.pass(200);

  const entries = stage.take(other).flatMap((one) => (one.kind === 'entries' ? one.batches : []));
  expect(entries.flatMap((batch) => batch.entries)).toContainEqual(down('1', 'released'));
  expect(stage.takeNotices()).toContain('link-down');
});

test('the sibling is kept out for a second only', () => {
  const stage = stageWith(PEER);
  const sibling = { host: 'h0', side: 'b' as const };
  const bad = stage.neighbour('1', sibling);

  stage.tell(bad, '1', put('c', { port: 6666 }));
  stage.pass(1_100);
  stage.neighbour('1', sibling);

  expect(stage.state.links.has(originOf('1'))).toBe(true);
});

test('a log that came by the link at fault is taken from another neighbour that has it', () => {
  const stage = stageWith(PEER);
  const good = stage.neighbour('2', {}, '3');
  const bad = stage.neighbour('1', {}, '3');
  stage.origin(bad, '3', { links: '12' });
  stage.tell(bad, '3', put('d'));
  expect(stage.instances()).toEqual({ d: 'live' });

  stage.tell(bad, '1', put('c', { port: 6666 }));
  const [facts, links] = [
    { kind: 'facts' as const, facts: stage.state.options.facts },
    [up('1'), up('2')],
  ];
  const entries = [
    { ...facts, facts: { ...facts.facts, host: 'h3' as Name, name: 'h3-a' as Name } },
  ];
  const batch = { origin: originOf('3'), first: 1, entries: [...entries, ...links, put('d')] };
  stage.hear(good, { kind: 'entries', batches: [batch] });

  expect(stage.standingOf('3')).toBe('reachable');
  expect(stage.instances()).toEqual({ d: 'live' });
});

test('a state that goes on throwing however it is built anew makes the server stop in order', () => {
  const stage = stageWith(SETTLING);
  const session = stage.client();
  const link = stage.neighbour('1');
  stage.take(link);

  register(stage, session, 'a', 7777);
  const isStopping = stage.state.life.isStopping;
  stage.pass(2_000);

  expect([isStopping, stage.isStopped, stage.hasFailed]).toEqual([true, true, true]);
  expect(stage.take(session)).toContainEqual({ kind: 'goaway' });
  const entries = stage.take(link).flatMap((one) => (one.kind === 'entries' ? one.batches : []));
  expect(entries.at(-1)?.entries).toEqual([{ kind: 'bye' }]);
  expect(faults(stage)).toBeLessThan(8);
});

test('a server that fails logs a bug a second, however many different ones it meets', () => {
  const stage = stageWith(SETTLING);
  register(stage, stage.client(), 'a', 7777);
  stage.takeNotices();

  for (let bug = 0; bug < 100; bug += 1) {
    const reason = `bug ${String(bug)}`;
    stage.give({ kind: 'faulted', connection: null, unsent: null, isTooLong: false, reason });
  }

  expect(stage.state.life.isFailing).toBe(true);
  expect(faults(stage)).toBeLessThanOrEqual(1);
});

test.each([
  [
    'reachability#refreshReachability',
    'state.reach.loose.size === 0 && state.reach.grown.size === 0',
  ],
  ['recovery#recovered', 'const links = [...old.links.values()];'],
  ['view#refreshView', '!isViewDue(state) || isTooSoon(state)'],
  ['policy#wantedAddresses', 'addAll(wanted, state.addresses.siblings);'],
  ['flush#flushLinks', 'sendWants(state);'],
  ['stop#isReadyToLeave', 'const siblings = siblingsOf(state);'],
] as const)('a server in which %s throws for ever says goodbye all the same', (where, what) => {
  const planted = (code: string): string => {
    const bug = `((): never => { throw new Error('planted'); })()`;
    const isBad = `[...state.self.log.registrations.values()].some(({ port }) => port === 7777)`;
    if (where.startsWith('recovery')) return `if (old.origins.size > 0) ${bug};${code}`;
    if (code.endsWith(';')) return `if (${isBad}) ${bug};${code}`;
    return `(${isBad} ? ${bug} : ${code})`;
  };
  const edits: Edit[] = [[where, what, planted(what)]];
  if (where.startsWith('recovery')) edits.push(SETTLING);
  const stage = new ServerStage({}, mutantCores(edits).server);
  const session = stage.client();
  const link = stage.neighbour('1');
  stage.take(link);

  register(stage, session, 'a', 7777);
  if (/^(stop|policy)/.test(where)) stage.give({ kind: 'stop' });
  stage.pass(2_000);

  expect([stage.isStopped, stage.hasFailed]).toEqual([true, true]);
  expect(stage.take(session)).toContainEqual({ kind: 'goaway' });
  const entries = stage.take(link).flatMap((one) => (one.kind === 'entries' ? one.batches : []));
  expect(entries.at(-1)?.entries).toEqual([{ kind: 'bye' }]);
});

test('an address is dialled again after a second, then ever later, at most 5 minutes', () => {
  const stage = new ServerStage({ peers: ['10.0.0.1:1'] }, mutantCores([WELCOME]).server);
  const waits: number[] = [];
  for (let count = 0; count < 11; count += 1) {
    const facts = factsOf('1');
    const bad = stage.reach('10.0.0.1:1');
    stage.dialled = [];
    const sinceMs = stage.nowMs;
    const said = { protocols: [2], environment: 'testing' as Name, origin: originOf('1') };
    stage.hear(bad, { kind: 'welcome', ...said, facts });
    while (stage.dialled.length === 0 && stage.nowMs - sinceMs < 900_000) stage.pass(500);
    waits.push((stage.nowMs - sinceMs) / 1_000);
  }

  expect(waits.slice(0, 9)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256]);
  expect(Math.max(...waits)).toBeLessThanOrEqual(300.5);
  expect(faults(stage)).toBe(11);
});

test('a question for after a net-split is still asked then', () => {
  const throwing: Edit = [
    'sessions#handleRegister',
    'const { request } = message;',
    `const { request } = message;
if (message.registration.port === 6666) throw new Error('planted');`,
  ];
  const stage = stageWith(throwing);
  const [one, two, three] = ['1', '2', '3'].map((digit) => stage.neighbour(digit));
  stage.tell(three!, '3', put('c'));
  stage.hush(one!, two!, three!);
  stage.pass(8_000);
  expect(['1', '2', '3'].map((digit) => stage.standingOf(digit))).toEqual([
    'split',
    'split',
    'split',
  ]);
  for (const digit of ['1', '2']) comeBack(stage, digit);
  expect(stage.standingOf('3')).toBe('split');

  register(stage, stage.client(), 'c', 6666);
  expect(faults(stage)).toBe(1);
  stage.pass(6_000);

  expect(stage.standingOf('3')).not.toBe('split');
});

/** A server that was split off dials in again, and has what it had. */
function comeBack(stage: ServerStage, digit: string): void {
  const connection = stage.accept('tcp', `10.0.0.${digit}:17310`);
  const environment = 'testing' as Name;
  const [origin, facts] = [originOf(digit), factsOf(digit)];
  stage.hear(connection, { kind: 'hello', protocol: 2, role: 'peer', environment, origin, facts });
  stage.keep(connection);
  stage.digest(connection, { lines: [{ origin, sequence: stage.sequenceOf(digit) }] });
  stage.tell(connection, digit, up('0'));
}

test('a timer that throws once is done again; everything goes on', () => {
  const once: Edit = [
    'checks#sendChecks',
    'const { count, hash } = combinedHash(state);',
    `const { count, hash } = combinedHash(state);
if (state.life.faultsCount === 0) throw new Error('planted');`,
  ];
  const stage = stageWith(once);
  const link = stage.neighbour('1');
  stage.tell(link, '1', put('a'));
  const session = stage.client();

  stage.pass(60_000);

  expect(faults(stage)).toBe(1);
  expect([stage.closed, stage.isStopped]).toEqual([[], false]);
  expect(stage.instances()).toEqual({ a: 'live' });
  expect(stage.standingOf('1')).toBe('reachable');
  expect(stage.take(link).some(({ kind }) => kind === 'check')).toBe(true);
  expect(stage.state.sessions.has(session)).toBe(true);
});

test('a timer that throws again within a minute makes the server stop in order', () => {
  const twice: Edit = [
    'checks#sendChecks',
    'const { count, hash } = combinedHash(state);',
    `const { count, hash } = combinedHash(state);
if (state.life.faultsCount < 2) throw new Error('planted');`,
  ];
  const stage = stageWith(twice);
  const link = stage.neighbour('1');
  const session = stage.client();

  stage.pass(30_000);

  expect(faults(stage)).toBe(2);
  expect(stage.isStopped).toBe(true);
  expect(stage.take(session)).toContainEqual({ kind: 'goaway' });
  const entries = stage.take(link).flatMap((one) => (one.kind === 'entries' ? one.batches : []));
  expect(entries.at(-1)?.entries).toEqual([{ kind: 'bye' }]);
});
