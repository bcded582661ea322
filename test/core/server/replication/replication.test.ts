// Copying logs: the messages on each link, by cursors; and arrivals.

import { expect, test } from 'vitest';
import type { ConnectionId } from '../../../../src/core/input.ts';
import type { InstanceId, Name } from '../../../../src/protocol/ids.ts';
import type { Message, MessageOf } from '../../../../src/protocol/messages.ts';
import { batches, pair, wants } from '../../../support/link-messages.ts';
import {
  factsOf,
  originOf,
  put,
  registerOf,
  registrationOf,
  ServerStage,
} from '../../../support/server-stage.ts';
import { down, up } from '../../../support/server-stage.ts';

function snapshots(messages: Message[]): MessageOf<'snapshot'>[] {
  return messages.filter((message) => message.kind === 'snapshot');
}

function shake(stage: ServerStage, digit: string): ConnectionId {
  const link = stage.accept();
  const environment = 'testing' as Name;
  const peer = { origin: originOf(digit), facts: factsOf(digit) };
  stage.hear(link, { kind: 'hello', protocol: 2, role: 'peer', environment, ...peer });
  return link;
}

test('entries that arrive on one link leave on the other, and not where they came from', () => {
  const { stage, one, two } = pair();

  stage.tell(one, '1', put('a'));
  stage.pass(20);

  expect(batches(stage.take(two))).toEqual(['1 3 put']);
  expect(batches(stage.take(one))).toEqual([]);
});

test('[R10] what came from a neighbour is not sent back to it, though it relies on this server', () => {
  const { stage, one } = pair();
  stage.tell(one, '1', up('3'));
  stage.origin(one, '3', { links: '1' });
  stage.want(one);
  stage.pass(200);
  stage.take(one);

  stage.tell(one, '3', put('a'));
  stage.pass(200);

  const named = stage.take(one).filter(({ kind }) => kind === 'entries' || kind === 'offer');
  expect(named).toEqual([]);
});

test('a neighbour that was split off hears what is here of it before the digest', () => {
  const { stage, one, two } = pair();
  stage.tell(one, '1', put('a'));
  for (const link of [one, two]) stage.hush(link);
  stage.pass(4_000);
  expect(stage.standingOf('1')).toBe('split');

  const anew = shake(stage, '1');

  const sent = stage.take(anew);
  const [doubt, digest] = ['want', 'digest'].map((kind) =>
    sent.findIndex((of) => of.kind === kind),
  );
  expect(wants(sent)).toEqual([`1 ${String(stage.sequenceOf('1'))}`]);
  expect(doubt).toBeLessThan(digest ?? -1);
});

test('the first message on a link is a digest of what can be reached', () => {
  const { stage } = pair();

  const link = shake(stage, '3');

  const digest = stage.take(link).find(({ kind }) => kind === 'digest');
  const lines = ['0', '1', '2'].map((digit) => ({ origin: originOf(digit) }));
  expect(digest).toMatchObject({ complete: true, missing: [], goodbyes: [], lines });
});

test('nothing but the digest is sent before the other end has sent its own', () => {
  const { stage } = pair();
  const link = shake(stage, '3');
  stage.pass(100);
  expect(stage.take(link).map(({ kind }) => kind)).toEqual(['welcome', 'digest']);

  stage.digest(link, { lines: [{ origin: originOf('1'), sequence: stage.sequenceOf('1') }] });
  stage.pass(100);

  expect(batches(stage.take(link)).map((batch) => batch.charAt(0))).toEqual(['0']);
});

test('a gap is asked for once, and what closes it is taken in', () => {
  const { stage, one } = pair();
  const late = { origin: originOf('1'), first: 4, entries: [put('b')] };

  stage.hear(one, { kind: 'entries', batches: [late] });
  stage.hear(one, { kind: 'entries', batches: [late] });
  expect(wants(stage.take(one))).toEqual(['1 2']);
  expect(stage.instances()).toEqual({});
  const whole = { origin: originOf('1'), first: 3, entries: [put('a'), put('b')] };
  stage.hear(one, { kind: 'entries', batches: [whole] });

  expect(stage.instances()).toEqual({ a: 'live', b: 'live' });
});

test('a gap that was closed does not keep the next one from being asked for', () => {
  const { stage, one } = pair();
  const origin = originOf('1');
  stage.hear(one, { kind: 'entries', batches: [{ origin, first: 4, entries: [put('b')] }] });
  stage.hear(one, { kind: 'entries', batches: [{ origin, first: 3, entries: [put('a')] }] });
  stage.take(one);

  stage.hear(one, { kind: 'entries', batches: [{ origin, first: 6, entries: [put('c')] }] });

  expect(wants(stage.take(one))).toEqual(['1 3']);
});

test('entries that are known already change nothing', () => {
  const { stage, one, two } = pair();
  stage.tell(one, '1', put('a'));
  stage.pass(20);
  stage.take(two);

  const again = { origin: originOf('1'), first: 3, entries: [put('a')] };
  stage.hear(two, { kind: 'entries', batches: [again] });
  stage.pass(20);

  expect(stage.state.origins.get(originOf('1'))?.log.sequence).toBe(3);
  expect(batches(stage.take(two))).toEqual([]);
});

test('no other server writes the log of this one', () => {
  const { stage, one } = pair();
  const before = stage.state.self.log.sequence;

  const batch = { origin: originOf('0'), first: before + 1, entries: [put('a')] };
  stage.hear(one, { kind: 'entries', batches: [batch] });

  expect(stage.state.self.log.sequence).toBe(before);
  expect(stage.instances()).toEqual({});
});

test('a neighbour that lags further than the tail gets a snapshot, then what follows', () => {
  const { stage, one, two } = pair();
  stage.give({ kind: 'congested', connection: two });
  for (let revision = 1; revision <= 3_000; revision += 1) {
    stage.tell(one, '1', put('a', { revision }));
  }
  expect(stage.take(two)).toEqual([]);

  stage.give({ kind: 'drained', connection: two });
  stage.tell(one, '1', put('b'));
  stage.pass(20);

  const sent = stage.take(two);
  const [snapshot] = snapshots(sent);
  expect(snapshot).toMatchObject({ origin: originOf('1'), part: 0, more: false });
  expect(snapshot?.registrations.map(({ revision }) => revision)).toContain(3_000);
  expect(stage.state.links.get(originOf('2'))?.progress.cursorOf(originOf('1'))).toBe(3_003);
});

test('a snapshot goes in parts that fit a frame, one after another', () => {
  const stage = new ServerStage();
  const one = stage.neighbour('1');
  const tags = Array.from({ length: 10 }, (_, index) => {
    return { key: `k${String(index)}` as Name, value: 'v'.repeat(1_000) };
  });
  for (let index = 0; index < 1_200; index += 1) {
    const instance = index.toString(16).padStart(32, '0') as InstanceId;
    const registration = registrationOf('a', { instance, tags: index < 60 ? tags : [] });
    stage.tell(one, '1', { kind: 'put', registration });
  }
  for (let revision = 2; revision < 2_100; revision += 1) {
    stage.tell(one, '1', put('f', { revision }));
  }

  const link = shake(stage, '2');
  stage.digest(link);
  stage.hear(link, { kind: 'want', lines: [{ origin: originOf('1'), sequence: 0 }] });
  stage.pass(50);

  const parts = snapshots(stage.take(link)).filter(({ origin }) => origin === originOf('1'));
  expect(parts.length).toBeGreaterThan(2);
  expect(parts.map(({ part }) => part)).toEqual(parts.map((_, index) => index));
  expect(parts.map(({ more }) => more)).toEqual(parts.map((_, index) => index < parts.length - 1));
  expect(parts.flatMap(({ registrations }) => registrations)).toHaveLength(1_201);
});

test('a snapshot that arrives in parts replaces the state whole and at once', () => {
  const { stage, one } = pair();
  stage.tell(one, '1', put('a'), put('b'));
  const facts = factsOf('1');
  const part = { kind: 'snapshot', origin: originOf('1'), sequence: 9, facts } as const;
  const first = [registrationOf('b')];

  stage.hear(one, { ...part, part: 0, links: [originOf('0')], registrations: first, more: true });
  expect(stage.instances()).toEqual({ a: 'live', b: 'live' });
  const second = [registrationOf('c')];
  stage.hear(one, { ...part, part: 1, links: [], registrations: second, more: false });

  expect(stage.instances()).toEqual({ b: 'live', c: 'live' });
});

test('[R19] a snapshot with a part missing is thrown away', () => {
  const { stage, one } = pair();
  stage.tell(one, '1', put('a'));
  const facts = factsOf('1');
  const part = { kind: 'snapshot', origin: originOf('1'), sequence: 9, facts } as const;
  const registrations = [registrationOf('c')];

  stage.hear(one, { ...part, part: 0, links: [originOf('0')], registrations, more: true });
  stage.hear(one, { ...part, part: 2, links: [], registrations, more: false });

  expect(stage.instances()).toEqual({ a: 'live' });
});

test('a snapshot that is older than what is known changes nothing', () => {
  const { stage, one } = pair();
  stage.tell(one, '1', put('a'), put('b'));
  const facts = factsOf('1');

  const old = { kind: 'snapshot', origin: originOf('1'), sequence: 2, facts, part: 0 } as const;
  stage.hear(one, { ...old, links: [], registrations: [], more: false });

  expect(stage.instances()).toEqual({ a: 'live', b: 'live' });
});

test('a snapshot says of a link that is gone from it that it was lost', () => {
  const { stage, one, two } = pair();
  stage.tell(one, '1', up('2'));
  stage.tell(two, '2', up('1'));
  const facts = factsOf('1');

  const part = { kind: 'snapshot', origin: originOf('1'), sequence: 9, facts, part: 0 } as const;
  stage.hear(one, { ...part, links: [originOf('0')], registrations: [], more: false });

  const losses = stage.state.origins.get(originOf('2'))?.losses;
  expect(losses?.get(originOf('1'))).toMatchObject({ loss: 'silent' });
});

test('a neighbour that asks for an origin from the beginning gets it, if it can be reached', () => {
  const { stage, one, two } = pair();

  stage.hear(two, { kind: 'want', lines: [{ origin: originOf('1'), sequence: 0 }] });
  stage.pass(20);
  expect(stage.take(two).map(({ kind }) => kind)).toContain('snapshot');
  stage.close(one);
  stage.take(two);
  stage.hear(two, { kind: 'want', lines: [{ origin: originOf('1'), sequence: 0 }] });
  stage.pass(20);

  expect(batches(stage.take(two)).filter((batch) => batch.startsWith('1'))).toEqual([]);
});

test('a neighbour that asks for an origin at an equal sequence is told that it can be reached', () => {
  const { stage, two } = pair();
  const lines = [{ origin: originOf('1'), sequence: stage.sequenceOf('1') }];

  stage.hear(two, { kind: 'want', lines });
  stage.pass(20);

  expect(stage.take(two)).toContainEqual({ kind: 'offer', lines });
});

test('an offer of something newer is asked for', () => {
  const { stage, one } = pair();

  stage.hear(one, { kind: 'offer', lines: [{ origin: originOf('1'), sequence: 7 }] });

  expect(wants(stage.take(one))).toEqual(['1 2']);
});

test('a goodbye is passed on before the log is dropped, and remembered', () => {
  const { stage, one, two } = pair();
  stage.origin(one, '5', { links: '1' });
  stage.tell(one, '1', up('5'));
  stage.tell(one, '5', put('a'));
  stage.pass(20);
  stage.take(two);

  stage.tell(one, '5', { kind: 'bye' });
  expect(batches(stage.take(two))).toEqual(['5 4 bye']);
  expect(stage.state.origins.has(originOf('5'))).toBe(false);
  const link = shake(stage, '3');
  const digest = stage.take(link).find(({ kind }) => kind === 'digest');

  expect(digest).toMatchObject({ goodbyes: [originOf('5')] });
});

test('a neighbour that still brings an origin that said goodbye is told so', () => {
  const { stage, one, two } = pair();
  stage.tell(one, '5', { kind: 'bye' });
  stage.take(two);

  const facts = factsOf('5');
  const entries = [{ kind: 'facts', facts } as const, put('a')];
  stage.hear(two, { kind: 'entries', batches: [{ origin: originOf('5'), first: 1, entries }] });

  expect(batches(stage.take(two))).toEqual(['5 3 bye']);
  expect(stage.instances()).toEqual({});
});

test('a neighbour that offers an origin that said goodbye is told so, and nothing of it is asked for', () => {
  const { stage, one, two } = pair();
  stage.tell(one, '5', { kind: 'bye' });
  stage.take(two);

  stage.hear(two, { kind: 'offer', lines: [{ origin: originOf('5'), sequence: 7 }] });

  const sent = stage.take(two);
  expect(batches(sent)).toEqual(['5 8 bye']);
  expect(wants(sent)).toEqual([]);
});

test('a goodbye that a digest brings is news as well', () => {
  const { stage, one, two } = pair();

  stage.digest(one, { goodbyes: [originOf('2')] });

  expect(batches(stage.take(two)).at(-1)).toBe('2 3 bye');
  expect(stage.standingOf('2')).toBeUndefined();
});

test('every ten seconds what changed is checked, with one hash of all', () => {
  const { stage, one } = pair();
  stage.tell(one, '1', put('a'));
  stage.take(one);

  stage.pass(10_000);
  const [first] = stage.take(one).filter(({ kind }) => kind === 'check');
  stage.pass(10_000);
  const [second] = stage.take(one).filter(({ kind }) => kind === 'check');

  expect(first).toMatchObject({ count: 3, lines: [{}, { sequence: 3 }, {}] });
  expect(second).toMatchObject({ count: 3, lines: [] });
});

test('the hash of all is made of the hashes and the sequences of the lines', () => {
  const { stage, one } = pair();
  stage.take(one);

  stage.pass(10_000);

  const [check] = stage.take(one).flatMap((sent) => (sent.kind === 'check' ? [sent] : []));
  const parts = check?.lines.map(({ hash, sequence }) => Math.imul(hash ^ sequence, 0x9e3779b1));
  expect(parts).toHaveLength(3);
  expect(check?.hash).toBe((parts ?? []).reduce((all, part) => all ^ part, 0) >>> 0);
});

test('a state that differs at an equal sequence is told of and asked for anew', () => {
  const { stage, one, two } = pair();
  const line = { origin: originOf('1'), sequence: stage.sequenceOf('1'), hash: 7 };

  stage.hear(two, { kind: 'check', lines: [line], count: 3, hash: 7 });

  expect(stage.takeNotices()).toEqual(['state-differs']);
  expect(wants(stage.take(one))).toEqual(['1 0']);
  expect(wants(stage.take(two))).toEqual([]);
});

test('[R30] an origin that a check names and that is not known is asked for', () => {
  const { stage, two } = pair();
  const line = { origin: originOf('7'), sequence: 4, hash: 7 };

  stage.hear(two, { kind: 'check', lines: [line], count: 4, hash: 7 });

  expect(wants(stage.take(two))).toEqual(['7 0']);
});

test('a neighbour whose hash of all differs twice gets a line for every origin', () => {
  const { stage, one } = pair();
  stage.pass(10_000);
  stage.take(one);

  for (let round = 0; round < 2; round += 1) {
    stage.hear(one, { kind: 'check', lines: [], count: 2, hash: 7 });
  }
  stage.pass(10_000);

  const [check] = stage.take(one).filter(({ kind }) => kind === 'check');
  expect(check?.kind === 'check' && check.lines.length).toBe(3);
});

test('neighbours that lack the same get one message', () => {
  const { stage } = pair();
  const session = stage.client();

  const effects = stage.server.step({
    kind: 'received',
    connection: session,
    message: registerOf(1, registrationOf('a')),
    nowMs: stage.nowMs,
  });

  const sends = effects.filter(
    (effect) => effect.kind === 'send' && effect.message.kind === 'entries',
  );
  expect(sends).toHaveLength(1);
  expect(sends[0]?.kind === 'send' && sends[0].connections.length).toBe(2);
});

test('a newer connection by the same dialler replaces the older, without a loss', () => {
  const { stage, one, two } = pair();
  stage.tell(one, '1', put('a'));

  const again = shake(stage, '1');
  stage.digest(again);

  expect(stage.closed).toEqual([{ connection: one, why: 'duplicate' }]);
  expect(stage.state.links.get(originOf('1'))?.connection.id).toBe(again);
  expect(stage.instances()).toEqual({ a: 'live' });
  expect(stage.takeNotices()).not.toContain('link-down');
  expect(batches(stage.take(two)).join()).not.toContain('down');
});

test('[R12] what the other end had is forgotten with the connection', () => {
  const { stage, one } = pair();
  const cursor = (): number | undefined =>
    stage.state.links.get(originOf('1'))?.progress.cursorOf(originOf('2'));
  stage.want(one);
  const before = cursor();

  shake(stage, '1');

  expect([before, cursor()]).toEqual([expect.any(Number), 0]);
  expect(before).toBeGreaterThan(0);
});

test('of two diallers the lower origin keeps its connection', () => {
  const { stage, one } = pair();

  const ours = stage.reach('10.0.0.1:17310');
  const origin = originOf('1');
  const facts = factsOf('1');
  const environment = 'testing' as Name;
  stage.hear(ours, { kind: 'welcome', protocols: [2], environment, origin, facts });
  expect(stage.closed).toEqual([{ connection: one, why: 'duplicate' }]);
  const theirs = shake(stage, '1');

  expect(stage.take(theirs).at(-1)).toMatchObject({ kind: 'error', error: 10 });
  expect(stage.state.links.get(origin)?.connection.id).toBe(ours);
});

test('a server that has said goodbye, and this server itself, get no link', () => {
  const { stage, one } = pair();
  stage.tell(one, '5', { kind: 'bye' });

  const gone = shake(stage, '5');
  const self = shake(stage, '0');

  expect(stage.closed).toEqual([
    { connection: gone, why: 'left' },
    { connection: self, why: 'self' },
  ]);
});

test('a peer of another environment is refused with both names', () => {
  const stage = new ServerStage();
  const link = stage.accept();
  const environment = 'staging' as Name;
  const peer = { origin: originOf('1'), facts: factsOf('1') };

  stage.hear(link, { kind: 'hello', protocol: 2, role: 'peer', environment, ...peer });

  const reason = 'this server serves environment testing, not staging';
  expect(stage.take(link).at(-1)).toMatchObject({ error: 6, reason, environment: 'testing' });
  expect(stage.notices).toContainEqual({
    name: 'refused-environment',
    fields: { address: 'remote', theirs: 'staging', ours: 'testing' },
  });
});

test('a peer says who it is', () => {
  const stage = new ServerStage();
  const link = stage.accept();

  const environment = 'testing' as Name;
  stage.hear(link, { kind: 'hello', protocol: 2, role: 'peer', environment });

  expect(stage.closed).toEqual([{ connection: link, why: 'malformed-message' }]);
});

test('[R67] a lost link is written to the log, with how it was lost', () => {
  const { stage, one, two } = pair();

  stage.close(one);
  stage.pass(20);

  const sent = stage.take(two).flatMap((message) => {
    return message.kind === 'entries' ? message.batches.flatMap(({ entries }) => entries) : [];
  });
  expect(sent).toEqual([down('1', 'closed')]);
});
