// Crash or net-split: one host vanishing is a crash, several at once are a net-split; and a log that
// is not reachable proves nothing.

import { expect, test } from 'vitest';
import type { Name } from '../../../../src/protocol/ids.ts';
import { comeBack, mesh, silence } from '../../../support/mesh.ts';
import { down, factsOf, originOf, put, ServerStage, up } from '../../../support/server-stage.ts';
import { instanceIdOf } from '../../../support/server-stage.ts';

test('an origin that stops being reachable is suspect, and still live', () => {
  const { stage, links } = mesh('12');

  stage.tell(links['2']!, '2', down('1', 'closed'));
  stage.close(links['1']!);

  expect(stage.standingOf('1')).toBe('suspect');
  expect(stage.instances()).toEqual({ '1': 'suspect', '2': 'live' });
  expect(stage.takeNotices()).toEqual(['link-down', 'origin-suspect', 'view-incomplete']);
});

test('an origin that is lost on one path only is not suspect', () => {
  const { stage, links } = mesh('12');

  stage.close(links['1']!);

  expect(stage.instances()).toEqual({ '1': 'live', '2': 'live' });
});

test('a link that only one end claims does not count', () => {
  const { stage, links } = mesh('12');
  stage.close(links['1']!);

  stage.tell(links['2']!, '2', down('1', 'silent'));

  expect(stage.standingOf('1')).toBe('suspect');
});

test('one silent host is a crash after the grace: gone from all answers', () => {
  const { stage, links } = mesh('123');
  silence(stage, links, '1');

  stage.pass(499);
  expect(stage.instances()).toHaveProperty('1', 'suspect');
  stage.pass(1);

  expect(stage.instances()).toEqual({ '2': 'live', '3': 'live' });
  expect(stage.takeNotices()).toContain('origin-crashed');
  expect(stage.state.view.isComplete).toBe(true);
});

test('a crashed origin is kept for five seconds, and then forgotten', () => {
  const { stage, links } = mesh('123');
  silence(stage, links, '1');

  stage.pass(5_499);
  expect(stage.standingOf('1')).toBe('crashed');
  stage.pass(1);

  expect(stage.standingOf('1')).toBeUndefined();
});

test('two hosts that fall silent together are a net-split: stale, and the view incomplete', () => {
  const { stage, links } = mesh('1234');

  silence(stage, links, '12');
  stage.pass(500);

  expect(stage.instances()).toEqual({ '1': 'stale', '2': 'stale', '3': 'live', '4': 'live' });
  expect(stage.state.view.missing).toEqual(['h1', 'h2']);
});

test('a cut that does not fall in one instant is a net-split all the same', () => {
  const { stage, links } = mesh('1234');
  silence(stage, links, '1');
  stage.pass(1_000);
  expect(stage.standingOf('1')).toBe('crashed');

  silence(stage, links, '2');
  stage.pass(500);

  expect(stage.instances()).toEqual({ '1': 'stale', '2': 'stale', '3': 'live', '4': 'live' });
});

test('hosts that fall silent more than five seconds apart are two crashes', () => {
  const { stage, links } = mesh('1234');
  silence(stage, links, '1');
  stage.pass(6_000);

  silence(stage, links, '2');
  stage.pass(500);

  expect(stage.instances()).toEqual({ '3': 'live', '4': 'live' });
});

test('[R118] links that were given up a moment before do not make a net-split of two ends', () => {
  const { stage, links } = mesh('123');
  stage.tell(links['3']!, '3', down('1', 'released'), down('2', 'released'));
  for (const digit of '12') stage.close(links[digit]!);

  stage.pass(600);

  expect(stage.instances()).toEqual({ '3': 'live' });
});

test('two processes that ended at once are crashes: their sockets were closed', () => {
  const { stage, links } = mesh('1234');

  for (const digit of '12') {
    for (const reporter of '34') stage.tell(links[reporter]!, reporter, down(digit, 'closed'));
    stage.close(links[digit]!);
  }
  stage.pass(500);

  expect(stage.instances()).toEqual({ '3': 'live', '4': 'live' });
});

test('[R54] why links were lost is remembered when the dead are back for a moment', () => {
  const { stage, links } = mesh('1234');
  for (const digit of '12') {
    for (const reporter of '34') stage.tell(links[reporter]!, reporter, down(digit, 'closed'));
    stage.close(links[digit]!);
  }

  // What comes late by way of 3, which then ends as well and so reports nothing more.
  for (const digit of '12') {
    stage.tell(links['3']!, '3', up(digit));
    stage.tell(links['3']!, digit, put(digit));
    expect(stage.standingOf(digit)).toBe('reachable');
  }
  stage.tell(links['4']!, '4', down('3', 'closed'));
  stage.close(links['3']!);
  stage.pass(2_500);

  expect(['1', '2'].map((digit) => stage.standingOf(digit))).toEqual(['crashed', 'crashed']);
});

test('a server that closes a socket for silence says so: that is no crash', () => {
  const { stage, links } = mesh('1234');
  const reason = 'nothing was heard from the other end for too long';

  for (const digit of '12') {
    for (const reporter of '34') stage.tell(links[reporter]!, reporter, down(digit, 'silent'));
    stage.hear(links[digit]!, { kind: 'error', error: 9, reason });
    stage.close(links[digit]!);
  }
  stage.pass(500);

  expect(stage.instances()).toMatchObject({ '1': 'stale', '2': 'stale' });
});

test('a server that can reach no other host at all calls it a split, whatever the count', () => {
  const { stage, links } = mesh('1');

  silence(stage, links, '1');
  stage.pass(2_000);

  expect(stage.instances()).toEqual({ '1': 'stale' });
  expect(stage.state.view.isComplete).toBe(false);
});

test('a server whose host still answers has crashed, however many fell silent', () => {
  const stage = new ServerStage();
  const kept = stage.neighbour('1', { host: 'h1', side: 'a' }, '2');
  const sibling = stage.neighbour('2', { host: 'h1', side: 'b' }, '1');
  const other = stage.neighbour('3');
  stage.tell(sibling, '2', put('a'));
  stage.tell(other, '3', put('b'));

  stage.hush(sibling, other);
  stage.pass(1_200);
  stage.tell(kept, '1', down('2', 'silent'));
  stage.pass(500);

  expect(stage.standingOf('2')).toBe('crashed');
});

test('a loss that no reachable server reports has two seconds: it is in the paths', () => {
  const stage = new ServerStage();
  const master = stage.neighbour('1', {}, '23');
  stage.neighbour('4');
  stage.origin(master, '2', { links: '1' });
  stage.origin(master, '3', { links: '1' });
  stage.tell(master, '2', put('a'));

  stage.close(master);
  stage.pass(1_900);
  expect(stage.instances()).toEqual({ a: 'suspect' });
  stage.pass(100);

  expect(stage.standingOf('2')).toBe('split');
});

for (const [reporter, whose] of [
  ['2', 'its own'],
  ['5', 'that of another one'],
] as const) {
  test(`[R120] nor is it reported by a log that is lost in the same step: ${whose}`, () => {
    const stage = new ServerStage();
    const master = stage.neighbour('1', {}, '25');
    stage.neighbour('4');
    stage.origin(master, '2', { host: 'h2', side: 'a', links: '13' });
    stage.origin(master, '3', { host: 'h2', side: 'b', links: '25' });
    stage.origin(master, '5', { links: '13' });
    stage.tell(master, '2', put('a'));
    stage.tell(master, reporter, down('3', 'closed'));

    stage.close(master);
    stage.pass(1_900);

    expect(stage.instances()).toEqual({ a: 'suspect' });
  });
}

test('frozen logs do not vouch for each other: a heal brings no dead back', () => {
  const stage = new ServerStage();
  const master = stage.neighbour('1', {}, '2');
  stage.neighbour('4');
  stage.origin(master, '2', { links: '1' });
  stage.tell(master, '2', put('a'));
  stage.hush(master);
  stage.pass(10_000);
  expect(stage.instances()).toEqual({ a: 'stale' });

  const again = stage.accept();
  const environment = 'testing' as Name;
  const peer = { origin: originOf('1'), facts: factsOf('1') };
  stage.hear(again, { kind: 'hello', protocol: 2, role: 'peer', environment, ...peer });
  stage.digest(again, { lines: [{ origin: originOf('1'), sequence: stage.sequenceOf('1') }] });

  expect(stage.standingOf('1')).toBe('reachable');
  expect(stage.instances()).toEqual({ a: 'stale' });
});

test('a split origin is live again when a neighbour offers it', () => {
  const { stage, links } = mesh('123');
  silence(stage, links, '12');
  stage.pass(500);
  expect(stage.instances()).toEqual({ '1': 'stale', '2': 'stale', '3': 'live' });

  comeBack(stage, links, '1');

  expect(stage.instances()).toEqual({ '1': 'live', '2': 'stale', '3': 'live' });
});

test('an offer counts no more when its sender has lost that origin, and others are asked', () => {
  const { stage, links } = mesh('1234');
  silence(stage, links, '12');
  stage.pass(500);
  const lines = [{ origin: originOf('1'), sequence: stage.sequenceOf('1') }];
  stage.hear(links['3']!, { kind: 'offer', lines });
  stage.take(links['4']!);

  stage.hear(links['3']!, { kind: 'want', lines });
  const asked = stage.take(links['4']!);
  stage.tell(links['3']!, '3', up('1'));

  expect(asked).toContainEqual({ kind: 'want', lines });
  expect(stage.instances()).toHaveProperty('1', 'stale');
});

test('nor does the log of one that was never in reach', () => {
  const { stage, links } = mesh('12');
  stage.origin(links['1']!, '5', { links: '1' });
  const lines = [{ origin: originOf('5'), sequence: stage.sequenceOf('5') }];
  stage.take(links['2']!);

  stage.hear(links['1']!, { kind: 'want', lines });
  const asked = stage.take(links['2']!);
  stage.tell(links['1']!, '1', up('5'));

  expect(asked).toContainEqual({ kind: 'want', lines });
  expect(stage.standingOf('5')).toBe('new');
});

test('[R113] nor does it show that a server ended: of a net-split it makes no crash', () => {
  const { stage, links } = mesh('123');
  stage.origin(links['1']!, '5', { links: '17' });
  stage.tell(links['1']!, '1', up('5'));
  expect(stage.standingOf('5')).toBe('reachable');

  stage.tell(links['3']!, '7', { kind: 'facts', facts: factsOf('7') }, down('5', 'closed'));
  silence(stage, links, '1');
  stage.pass(2_500);

  expect(['1', '5'].map((digit) => stage.standingOf(digit))).toEqual(['split', 'split']);
});

test('[R113] nor that it fell silent: of two processes that ended it makes no net-split', () => {
  const { stage, links } = mesh('1234');
  for (const digit of '12') stage.tell(links[digit]!, digit, up('7'));

  stage.tell(links['3']!, '7', { kind: 'facts', facts: factsOf('7') });
  for (const digit of '12') {
    stage.tell(links['3']!, '7', down(digit, 'silent'));
    for (const reporter of '34') stage.tell(links[reporter]!, reporter, down(digit, 'closed'));
    stage.close(links[digit]!);
  }
  stage.pass(500);

  expect(['1', '2'].map((digit) => stage.standingOf(digit))).toEqual(['crashed', 'crashed']);
});

test('a split origin is dropped when its host is back without it', () => {
  const { stage, links } = mesh('123');
  silence(stage, links, '12');
  stage.pass(500);

  stage.origin(links['3']!, '5', { host: 'h1', links: '3' });
  stage.tell(links['3']!, '3', up('5'));
  stage.pass(499);
  expect(stage.instances()).toHaveProperty('1', 'stale');
  stage.pass(1);

  expect(stage.instances()).toEqual({ '2': 'stale', '3': 'live' });
  expect(stage.takeNotices()).toContain('origin-forgotten');
});

test('a split origin is dropped when the hold ends', () => {
  const { stage, links } = mesh('123');
  silence(stage, links, '12');

  stage.pass(899_000);
  expect(stage.instances()).toHaveProperty('1', 'stale');
  stage.pass(2_000);

  expect(stage.instances()).toEqual({ '3': 'live' });
});

test('a split origin is dropped when its goodbye arrives, and never comes back', () => {
  const { stage, links } = mesh('123');
  silence(stage, links, '12');
  stage.pass(500);

  stage.tell(links['3']!, '1', { kind: 'bye' });
  const batch = { origin: originOf('1'), first: 1 };
  const facts = factsOf('1');
  stage.hear(links['3']!, {
    kind: 'entries',
    batches: [{ ...batch, entries: [{ kind: 'facts', facts }, put('1')] }],
  });

  expect(stage.standingOf('1')).toBeUndefined();
  expect(stage.takeNotices()).toContain('origin-left');
});

test('[R81] the host of what left while it was split off is missing for a grace', () => {
  const { stage, links } = mesh('123');
  silence(stage, links, '12');
  stage.pass(500);

  stage.tell(links['3']!, '1', { kind: 'bye' });
  const said = [stage.state.self.log.missing.hosts];
  expect([stage.state.view.isComplete, stage.state.view.missing]).toEqual([false, ['h1', 'h2']]);
  stage.pass(500);
  said.push(stage.state.self.log.missing.hosts);

  expect(said).toEqual([['h1', 'h2'], ['h2']]);
  expect(stage.state.view.missing).toEqual(['h2']);
});

test('a split host is dropped, and passed on, when an operator forgets it', () => {
  const { stage, links } = mesh('123');
  silence(stage, links, '12');
  stage.pass(500);
  const session = stage.client();
  stage.take(session);
  stage.take(links['3']!);
  const forget = { kind: 'forget', request: 4, host: 'h1' as Name } as const;
  const message = { ...forget, token: instanceIdOf('e') };

  stage.hear(session, message);
  stage.hear(session, { ...message, request: 5 });

  expect(stage.take(session)).toEqual([
    { kind: 'done', request: 4, count: 1 },
    { kind: 'done', request: 5, count: 0 },
  ]);
  const passed = stage.take(links['3']!).filter(({ kind }) => kind === 'forget');
  expect(passed).toEqual([message]);
  expect(stage.instances()).toEqual({ '2': 'stale', '3': 'live' });
});

test('a host that is reachable is not forgotten', () => {
  const { stage } = mesh('12');
  const session = stage.client();
  const host = 'h1' as Name;
  const token = instanceIdOf('e');

  stage.hear(session, { kind: 'forget', request: 4, host, token });

  expect(stage.instances()).toEqual({ '1': 'live', '2': 'live' });
});

test('a log first heard of while unreachable is not live, and forgotten after a while', () => {
  const { stage, links } = mesh('12');

  stage.origin(links['1']!, '5', { links: '9' });
  stage.tell(links['1']!, '5', put('a'));
  expect(stage.instances()).not.toHaveProperty('a');
  stage.pass(2_000);

  expect(stage.standingOf('5')).toBeUndefined();
});

test('[R15] a neighbour is told at once that what became suspect is wanted', () => {
  const { stage, links } = mesh('12');
  stage.take(links['2']!);

  stage.tell(links['2']!, '2', down('1', 'closed'));
  stage.close(links['1']!);

  const lines = [{ origin: originOf('1'), sequence: stage.sequenceOf('1') }];
  expect(stage.take(links['2']!)).toContainEqual({ kind: 'want', lines });
});

test('[R14] a neighbour is told that nothing is left of what was dropped', () => {
  const { stage, links } = mesh('123');
  silence(stage, links, '12');
  stage.take(links['3']!);

  stage.pass(15 * 60 * 1_000 + 500);

  const lines = ['1', '2'].map((digit) => ({ origin: originOf(digit), sequence: 0 }));
  expect(stage.take(links['3']!)).toContainEqual({ kind: 'want', lines });
});
