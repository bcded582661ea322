// Lazy links: an origin that comes twice is pruned, a pruned one is offered, and an offered
// one is wanted if it does not come.

import { expect, test } from 'vitest';
import type { ConnectionId } from '../../../../../src/core/input.ts';
import type { Line } from '../../../../../src/protocol/records.ts';
import { batches, offers, pair, prunes, wants } from '../../../../support/link-messages.ts';
import {
  down,
  originOf,
  put,
  registerOf,
  registrationOf,
  ServerStage,
  up,
} from '../../../../support/server-stage.ts';

test('an entry that another link has brought already makes this one lazy, and is said once', () => {
  const { stage, one, two } = pair();
  stage.origin(one, '3', { host: 'h3', links: '1' });
  stage.pass(50);
  stage.take(two);

  const again = { origin: originOf('3'), first: 1, entries: [up('1')] };
  stage.hear(two, { kind: 'entries', batches: [again] });
  stage.hear(two, { kind: 'entries', batches: [again] });
  stage.pass(50);

  expect(prunes(stage.take(two))).toEqual(['3']);
  expect(prunes(stage.take(one))).toEqual([]);
});

test('the link of an origin itself is never lazy for it', () => {
  const { stage, one, two } = pair();

  stage.tell(two, '1', put('a'));
  stage.tell(one, '1', put('b'));
  stage.hear(one, {
    kind: 'entries',
    batches: [{ origin: originOf('1'), first: 3, entries: [put('a')] }],
  });
  stage.pass(50);

  expect(prunes(stage.take(one))).toEqual([]);
});

test('on a lazy link news is offered, and sent when it is wanted', () => {
  const { stage, one, two } = pair();
  const origin = originOf('1');

  stage.hear(two, { kind: 'prune', origins: [origin] });
  stage.tell(one, '1', put('a'));
  stage.pass(50);
  const offered = stage.take(two);
  stage.hear(two, { kind: 'want', lines: [{ origin, sequence: 2 }] });
  stage.pass(50);

  expect(batches(offered)).toEqual([]);
  expect(offers(offered)).toEqual(['1 3']);
  expect(batches(stage.take(two))).toEqual(['1 3 put']);
});

test('an offer on a lazy link is wanted only if the entries do not come by another', () => {
  const { stage, one, two } = pair();
  stage.origin(one, '3', { host: 'h3', links: '1' });
  const origin = originOf('3');
  stage.hear(two, { kind: 'entries', batches: [{ origin, first: 1, entries: [up('1')] }] });
  stage.pass(50);
  stage.take(two);

  stage.hear(two, { kind: 'offer', lines: [{ origin, sequence: 3 }] });
  stage.tell(one, '3', put('a'));
  stage.pass(400);
  const whileItComes = wants(stage.take(two));
  stage.hear(two, { kind: 'offer', lines: [{ origin, sequence: 4 }] });
  stage.pass(400);

  expect(whileItComes).toEqual([]);
  expect(wants(stage.take(two))).toEqual(['3 3']);
});

test('a neighbour that was asked and has nothing newer does not keep others from being asked', () => {
  const stage = new ServerStage();
  const links = ['1', '2', '4'].map((digit) => stage.neighbour(digit, {}, '3'));
  stage.origin(links[0]!, '3', { host: 'h3', links: '124' });
  stage.pass(50);
  const line = { origin: originOf('3'), sequence: stage.sequenceOf('3') };
  for (const link of links.slice(1)) stage.hear(link, { kind: 'offer', lines: [line] });
  stage.close(links[0]!);
  stage.pass(50);
  const isOfThree = (want: string): boolean => want.startsWith('3 ');
  const asked = links.slice(1).map((link) => wants(stage.take(link)).filter(isOfThree).length);

  const [first, second] = asked[0] === 1 ? [links[1]!, links[2]!] : [links[2]!, links[1]!];
  stage.hear(first, { kind: 'offer', lines: [line] });
  stage.hear(second, { kind: 'offer', lines: [{ ...line, sequence: line.sequence + 1 }] });
  stage.pass(200);

  expect(new Set(asked)).toEqual(new Set([0, 1]));
  expect(wants(stage.take(second))).toEqual([`3 ${String(line.sequence)}`]);
});

test('a neighbour may not make the link lazy for what this server alone can say', () => {
  const { stage, one } = pair();
  const client = stage.client();

  stage.hear(one, { kind: 'prune', origins: [stage.state.self.id] });
  stage.hear(client, registerOf(1, registrationOf('a')));
  stage.pass(50);

  expect(batches(stage.take(one)).join()).toContain('put');
});

/** A server with two neighbours that are linked to each other; behind the first there is a third. */
function triangle(): ReturnType<typeof pair> {
  const stage = new ServerStage();
  const one = stage.neighbour('1', {}, '23');
  const two = stage.neighbour('2', {}, '1');
  stage.origin(one, '3', { host: 'h3', links: '1' });
  stage.pass(50);
  return { stage, one, two };
}

test('a neighbour that is linked to the source of news is only offered it', () => {
  const { stage, one, two } = triangle();
  stage.take(two);

  stage.tell(one, '3', put('a'));
  stage.pass(50);

  const sent = stage.take(two);
  expect(batches(sent)).toEqual([]);
  expect(offers(sent)).toEqual([`3 ${String(stage.sequenceOf('3'))}`]);
});

test('a neighbour that asked for it all the same is sent it from then on', () => {
  const { stage, one, two } = triangle();
  stage.tell(one, '3', put('a'));
  stage.pass(50);
  const sequence = stage.sequenceOf('3');
  stage.take(two);

  stage.hear(two, { kind: 'want', lines: [{ origin: originOf('3'), sequence: sequence - 1 }] });
  stage.pass(5);
  stage.tell(one, '3', put('b'));
  stage.pass(5);

  expect(batches(stage.take(two))).toEqual([
    `3 ${String(sequence)} put`,
    `3 ${String(sequence + 1)} put`,
  ]);
});

test('an origin that the asked neighbour has lost is asked of the next that lists it, at once', () => {
  const stage = new ServerStage();
  const one = stage.neighbour('1', {}, '3');
  const two = stage.neighbour('2', {}, '3');
  stage.origin(one, '3', { host: 'h3', links: '12' });
  stage.pass(50);
  stage.take(two);

  stage.close(one);
  const asked = wants(stage.take(two));
  stage.tell(two, '2', down('3', 'closed'));
  const four = stage.neighbour('4');
  stage.take(four);
  const sequence = stage.sequenceOf('3');
  stage.digest(four, { lines: [{ origin: originOf('3'), sequence: sequence + 1 }] });

  expect(asked).toContain(`3 ${String(sequence)}`);
  expect(wants(stage.take(four))).toEqual([`3 ${String(sequence)}`]);
});

test('a question on a link that is replaced is asked on the new one, at once', () => {
  const { stage, one } = pair();
  const line = { origin: originOf('3'), sequence: 5 };
  stage.hear(one, { kind: 'offer', lines: [line] });
  const asked = wants(stage.take(one));

  const again = stage.neighbour('1');
  stage.take(again);
  stage.digest(again, { lines: [line] });

  expect(asked).toEqual(['3 0']);
  expect(wants(stage.take(again))).toEqual(['3 0']);
});

test('[R17] a neighbour that has lost what it was asked for is asked no longer', () => {
  const { stage, one, two } = pair();
  const line = { origin: originOf('3'), sequence: 5 };
  stage.hear(one, { kind: 'offer', lines: [line] });
  stage.take(two);

  stage.hear(one, { kind: 'want', lines: [{ origin: originOf('3'), sequence: 0 }] });
  const { asked } = stage.state.links.get(originOf('1'))!.progress.counts;
  stage.hear(two, { kind: 'offer', lines: [line] });

  expect(asked).toBe(0);
  expect(wants(stage.take(two))).toEqual(['3 0']);
});

/** A server between two neighbours, both measured; it has asked the first, and both fall silent. */
function asking(): ReturnType<typeof pair> & { readonly line: Line } {
  const stage = new ServerStage();
  const [one, two] = ['1', '2'].map((digit) => {
    const connection = stage.neighbour(digit);
    const [stamp = 0] = stage.pings(connection);
    stage.pass(20);
    stage.hear(connection, { kind: 'pong', stamp });
    return connection;
  }) as [ConnectionId, ConnectionId];
  stage.pass(50);
  const line = { origin: originOf('3'), sequence: 5 };
  stage.hear(one, { kind: 'offer', lines: [line] });
  expect(wants(stage.take(one))).toContain('3 0');
  stage.hush(one, two);
  stage.take(two);
  return { stage, one, two, line };
}

test('[R122] a neighbour that was asked and falls silent keeps no other from being asked', () => {
  const { stage, two, line } = asking();

  stage.hear(two, { kind: 'offer', lines: [line] });
  stage.pass(165);
  const inTime = wants(stage.take(two));
  stage.hear(two, { kind: 'offer', lines: [line] });
  stage.pass(10);
  stage.hear(two, { kind: 'offer', lines: [line] });

  expect(inTime).toEqual([]);
  expect(wants(stage.take(two))).toEqual(['3 0']);
});

test('[R122] what was offered meanwhile is asked for, though it is offered only once', () => {
  const { stage, two, line } = asking();

  stage.hear(two, { kind: 'offer', lines: [line] });
  stage.pass(350);

  expect(wants(stage.take(two))).toEqual(['3 0']);
});

test('[R122] a neighbour that is asked and heard has a second to answer', () => {
  const { stage, one, two, line } = asking();

  stage.hear(two, { kind: 'offer', lines: [line] });
  for (let passed = 0; passed < 900; passed += 100) {
    stage.give({ kind: 'heard', connection: one });
    stage.pass(100);
  }
  const inTime = wants(stage.take(two));
  stage.pass(300);

  expect(inTime).toEqual([]);
  expect(wants(stage.take(two))).toEqual(['3 0']);
});

test('[R122] so has one whose round trip was never measured', () => {
  const { stage, one, two } = pair();
  const line = { origin: originOf('3'), sequence: 5 };

  stage.hear(one, { kind: 'offer', lines: [line] });
  stage.hush(one);
  stage.hear(two, { kind: 'offer', lines: [line] });
  stage.pass(900);

  expect(wants(stage.take(two))).toEqual([]);
});
