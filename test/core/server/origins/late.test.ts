// Late news of an instance: if the instance has ended, it is not believed at once; if another still
// answers for it, it is.

import { expect, test } from 'vitest';
import { comeBack, mesh, silence } from '../../../support/mesh.ts';
import {
  down,
  factsOf,
  instanceIdOf,
  originOf,
  put,
  ServerStage,
  up,
} from '../../../support/server-stage.ts';

const closed = { kind: 'delete', instance: instanceIdOf('a'), cause: 'closed' } as const;

test('[R98] what another log has let go is believed only when it has stood for a second', () => {
  const stage = new ServerStage();
  const [one, other] = [stage.neighbour('1', {}, '2'), stage.neighbour('2', {}, '1')];
  stage.tell(one, '1', put('a'));
  stage.tell(one, '1', closed);

  stage.tell(other, '2', put('a'));
  stage.pass(999);
  expect(stage.instances()).toEqual({});
  stage.pass(1);

  expect(stage.instances()).toEqual({ a: 'live' });
});

test('[R98] a log that has let an instance go itself is believed when it names it again', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  stage.tell(link, '1', put('a'));
  stage.tell(link, '1', closed);

  stage.tell(link, '1', put('a'));

  expect(stage.instances()).toEqual({ a: 'live' });
});

test('[R113] an end that its log has taken back casts no doubt on others', () => {
  const stage = new ServerStage();
  const [one, other] = [stage.neighbour('1', {}, '2'), stage.neighbour('2', {}, '1')];
  stage.tell(one, '1', put('a'));
  stage.tell(one, '1', closed);
  stage.tell(other, '2', put('a'));

  stage.tell(one, '1', put('a'));
  stage.tell(one, '1', { kind: 'bye' });

  expect(stage.instances()).toEqual({ a: 'live' });
});

test('[R113] an end in the history of a log that was never in reach casts no doubt', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('3', {}, '12');
  const facts = factsOf('1');
  stage.tell(link, '1', { kind: 'facts', facts }, up('3'), put('a'), closed);

  stage.origin(link, '2', { host: 'h1', side: 'b', links: '3' });
  stage.tell(link, '2', put('a'));

  expect(stage.instances()).toEqual({ a: 'live' });
});

test('[R98] five seconds after the end of an instance another log is believed at once', () => {
  const stage = new ServerStage();
  const links = [stage.neighbour('1', {}, '2'), stage.neighbour('2', {}, '1')] as const;
  stage.tell(links[0], '1', put('a'));
  stage.tell(links[0], '1', closed);
  for (let ms = 0; ms <= 5_000; ms += 500) {
    for (const link of links) stage.hear(link, { kind: 'ping' });
    stage.pass(500);
  }

  stage.tell(links[1], '2', put('a'));

  expect(stage.instances()).toEqual({ a: 'live' });
});

test('[R98] a server that starts anew is believed of what its former life still answers for', () => {
  const stage = new ServerStage();
  const [leaving, other] = [stage.neighbour('1', {}, '2'), stage.neighbour('2', {}, '1')];
  stage.tell(leaving, '1', put('a'));
  stage.tell(other, '2', put('a'));
  stage.tell(other, '2', closed);
  stage.tell(leaving, '1', { kind: 'bye' });
  expect(Object.keys(stage.instances())).toEqual(['a']);

  const again = stage.neighbour('3', { host: 'h1' }, '2');
  stage.tell(again, '3', put('a'));

  expect(stage.instances()).toEqual({ a: 'live' });
});

test('[R113] an end from within a cut casts no doubt on where the instance went meanwhile', () => {
  const { stage, links } = mesh('123');
  const other = stage.neighbour('4', { host: 'h1', side: 'b' }, '123');
  stage.tell(links['1']!, '1', put('a'));
  silence(stage, { ...links, 4: other }, '124');
  stage.pass(60_000);
  for (const digit of '124') comeBack(stage, links, digit);
  expect(stage.instances()).toMatchObject({ a: 'live' });

  stage.tell(links['3']!, '1', closed);
  stage.tell(links['3']!, '4', put('a'));

  expect(stage.instances()).toMatchObject({ a: 'live' });
});

test('[R124] what a log has named and let go since it is back is over', () => {
  const { stage, links } = mesh('123');
  const other = stage.neighbour('4', { host: 'h1', side: 'b' }, '123');
  silence(stage, { ...links, 4: other }, '124');
  stage.pass(60_000);
  for (const digit of '124') comeBack(stage, links, digit);

  stage.tell(links['3']!, '1', put('a'));
  expect(stage.instances()).toMatchObject({ a: 'live' });
  stage.tell(links['3']!, '1', closed);
  stage.tell(links['3']!, '4', put('a'));

  expect(stage.instances()).not.toHaveProperty('a');
});

/** A host whose server B fell silent, and was taken for crashed, before server A let go of `a`. */
function endedAfterCrash() {
  const stage = new ServerStage();
  const [one, far] = [stage.neighbour('1', {}, '23'), stage.neighbour('3', {}, '12')];
  const other = stage.neighbour('2', { host: 'h1', side: 'b' }, '13');
  for (const [link, digit] of [
    [one, '1'],
    [other, '2'],
  ] as const) {
    stage.tell(link, digit, put('a'), put('b'));
  }
  stage.hush(other);
  stage.pass(1_200);
  for (const [link, digit] of [
    [one, '1'],
    [far, '3'],
  ] as const) {
    stage.tell(link, digit, down('2', 'silent'));
  }
  stage.pass(500);
  expect(stage.standingOf('2')).toBe('crashed');
  stage.tell(one, '1', closed);
  expect(stage.instances()).toEqual({ b: 'live' });
  return { stage, one, far };
}

test('[R108] what ended after a server was taken for crashed is not stale if that was a net-split', () => {
  const { stage, one, far } = endedAfterCrash();

  stage.hush(one, far);
  stage.pass(2_000);

  expect(stage.standingOf('2')).toBe('split');
  expect(stage.instances()).toEqual({ b: 'stale' });
});

test('[R108] a crashed server that returns answers for what ended meanwhile after a second', () => {
  const { stage, far } = endedAfterCrash();

  stage.tell(far, '3', up('2'));
  stage.hear(far, {
    kind: 'offer',
    lines: [{ origin: originOf('2'), sequence: stage.sequenceOf('2') }],
  });
  expect(stage.standingOf('2')).toBe('reachable');
  expect(stage.instances()).toEqual({ b: 'live' });
  stage.pass(1_000);

  expect(stage.instances()).toEqual({ a: 'live', b: 'live' });
});
