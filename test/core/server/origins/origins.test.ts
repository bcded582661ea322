// The memory of origins that are gone: goodbyes, and only they, and not for ever.

import { expect, test } from 'vitest';
import type { OriginId } from '../../../../src/protocol/ids.ts';
import {
  factsOf,
  originOf,
  put,
  registrationOf,
  ServerStage,
} from '../../../support/server-stage.ts';

const HOUR_MS = 3_600_000;

function idOf(index: number): OriginId {
  return `e${index.toString(16).padStart(31, '0')}` as OriginId;
}

test('goodbyes are remembered for an hour', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  stage.tell(link, '5', { kind: 'bye' });

  stage.pass(HOUR_MS - 1_000);
  stage.tell(link, '6', { kind: 'bye' });
  expect(stage.state.past.goodbyes.size).toBe(2);
  stage.pass(2_000);
  stage.tell(link, '7', { kind: 'bye' });

  expect([...stage.state.past.goodbyes.keys()]).toEqual([originOf('6'), originOf('7')]);
});

test('goodbyes of strangers are remembered in a bounded number, the first', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');

  stage.digest(link, { goodbyes: Array.from({ length: 65_540 }, (_, index) => idOf(index)) });

  expect(stage.state.past.goodbyes.size).toBe(65_536);
  expect(stage.state.past.goodbyes.has(idOf(0))).toBe(true);
  expect(stage.state.past.goodbyes.has(idOf(65_539))).toBe(false);
});

test('an origin that was dropped without a goodbye may return as it was', () => {
  const stage = new ServerStage();
  const master = stage.neighbour('1', {}, '2');
  stage.origin(master, '2', { links: '1' });
  stage.tell(master, '2', put('a'));
  const count = stage.sequenceOf('2');
  stage.hush(master);
  stage.pass(2 * HOUR_MS);
  expect(stage.instances()).toEqual({});

  const again = stage.neighbour('3', {}, '2');
  const { facts } = stage.state.origins.get(originOf('3'))!.log;
  stage.hear(again, {
    kind: 'snapshot',
    origin: originOf('2'),
    sequence: count,
    part: 0,
    facts: { ...facts, name: 'h2-a' as typeof facts.name, host: 'h2' as typeof facts.host },
    links: [originOf('3')],
    registrations: [put('a')].flatMap((entry) => {
      return entry.kind === 'put' ? [entry.registration] : [];
    }),
    more: false,
  });

  expect(stage.instances()).toEqual({ a: 'live' });
});

test('the state of a server that forgot all others is as small as at its birth', () => {
  const stage = new ServerStage();
  const links = ['1', '2', '3'].map((digit) => stage.neighbour(digit));
  for (const [index, link] of links.entries()) {
    stage.tell(link, String(index + 1), put(String(index + 1)));
  }

  for (const link of links) stage.close(link);
  stage.pass(HOUR_MS);

  expect(stage.state.origins.size).toBe(1);
  expect(stage.state.connections.size).toBe(0);
  expect(stage.state.links.size).toBe(0);
  expect(stage.state.catalogue.servicesCount).toBe(0);
});

test('an instance that an origin is first heard to hold counts in that step, in reach or not', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  stage.tell(link, '1', put('a', { revision: 1 }));
  const revision = (): number | undefined => {
    return stage.state.catalogue.instancesOf('db')[0]?.registration.revision;
  };
  const before = revision();

  stage.hear(link, {
    kind: 'snapshot',
    origin: originOf('2'),
    sequence: 1,
    part: 0,
    facts: factsOf('2'),
    links: [],
    registrations: [registrationOf('a', { revision: 2 })],
    more: false,
  });

  expect(before).toBe(1);
  expect(stage.standingOf('2')).toBe('new');
  expect(revision()).toBe(2);
  expect(stage.instances()).toEqual({ a: 'live' });
});

// It took minutes as long as each was looked for in a list.
test('a log that changes sixty thousand links at once holds nobody up', () => {
  const stage = new ServerStage();
  const link = stage.neighbour('1');
  const origin = originOf('1');
  const head = { kind: 'snapshot', origin, part: 0, facts: factsOf('1'), more: false } as const;
  const idsFrom = (first: number): OriginId[] => {
    return [originOf('0'), ...Array.from({ length: 60_000 }, (_, index) => idOf(first + index))];
  };

  for (const [sequence, first] of [
    [10, 0],
    [11, 100_000],
  ] as const) {
    const links = idsFrom(first);
    stage.hear(link, { ...head, sequence, links, registrations: [] });
  }

  expect(stage.state.origins.get(origin)?.log.links.has(idOf(100_000))).toBe(true);
});
