// The knowledge of the page, from the events of the feed, and its sentence.

import { expect, test } from 'vitest';
import type { EventInfo } from '../../src/answers/history.ts';
import type { FeedServer, FeedStatus } from '../../src/doors/http/feed.ts';
import { clustersOf, type Fleet, NameOrder, NO_FLEET, withEvent } from '../../src/page/fleet.ts';
import { clockText, durationText, namesText, stateSentence } from '../../src/page/sentences.ts';

function serverOf(name: string, given: Partial<FeedServer> = {}): FeedServer {
  const [host = '', side = ''] = name.split('-');
  return {
    name,
    side: side === 'b' ? 'b' : 'a',
    host,
    cluster: 'ams',
    role: 'leaf',
    state: 'reachable',
    registrations: 0,
    self: false,
    links: [],
    ...given,
  };
}

function peers(
  fleet: Fleet,
  servers: readonly FeedServer[],
  given: { whole?: boolean; gone?: string[] } = {},
): Fleet {
  const { whole = false, gone = [] } = given;
  return withEvent(fleet, { event: 'peers', whole, servers, gone }, 0);
}

test('hosts are those of the servers that are told of, and the others stay the same objects', () => {
  const first = peers(NO_FLEET, [serverOf('h1-a'), serverOf('h1-b'), serverOf('h2-a')]);

  const next = peers(first, [serverOf('h2-a', { state: 'split' })], { gone: ['h1-b'] });
  const last = peers(next, [serverOf('h2-a', { state: 'reachable' })]);

  expect(next.hosts.get('h1')?.servers.map(({ name }) => name)).toEqual(['h1-a']);
  expect(next.hosts.get('h2')?.servers.map(({ state }) => state)).toEqual(['split']);
  expect(last.hosts.get('h1')).toBe(next.hosts.get('h1'));
  expect(last.hosts.get('h2')).not.toBe(next.hosts.get('h2'));
});

test('a feed that begins again replaces all that was known', () => {
  const before = peers(NO_FLEET, [serverOf('h1-a'), serverOf('h9-a')]);

  const after = peers(before, [serverOf('h1-a')], { whole: true });

  expect([...after.hosts.keys()]).toEqual(['h1']);
});

test('h2 comes before h10, in whatever order they were told of', () => {
  const servers = ['h10-a', 'h2-a', 'h1-a'].map((name) => serverOf(name));
  const other = serverOf('h3-a', { cluster: 'aba' });

  const clusters = clustersOf(peers(NO_FLEET, [...servers, other]).hosts);

  expect(clusters.map(([name, hosts]) => [name, hosts.map((host) => host.name)])).toEqual([
    ['aba', ['h3']],
    ['ams', ['h1', 'h2', 'h10']],
  ]);
});

test('what happened stands by its age, the newest first, whatever the clock of the server says', () => {
  const row = (ageMs: number): EventInfo => ({
    time: '1999-01-01T00:00:00.000Z',
    ageMs,
    event: 'registered',
    host: 'h1',
    cluster: 'ams',
    server: 'h1-a',
  });
  const told = { event: 'history', reachesBackTo: '' } as const;

  const first = withEvent(NO_FLEET, { ...told, whole: true, rows: [row(900), row(500)] }, 10_000);
  const next = withEvent(first, { ...told, whole: false, rows: [row(20)] }, 11_000);

  expect(next.happenings.map(({ atMs }) => atMs)).toEqual([10_980, 9_500, 9_100]);
});

test('the order of names is found again when there are other names, and only then', () => {
  const order = new NameOrder();
  const namesOf = (...names: string[]): string[] =>
    order.rowsOf(new Map(names.map((name) => [name, { name }]))).map(({ name }) => name);

  expect(namesOf('h10', 'h2')).toEqual(['h2', 'h10']);
  expect(namesOf('h10', 'h2')).toEqual(['h2', 'h10']);
  expect(namesOf('h10', 'h1')).toEqual(['h1', 'h10']);
  expect(namesOf('h10')).toEqual(['h10']);
  expect(namesOf('h3', 'h10', 'h2')).toEqual(['h2', 'h3', 'h10']);
  const changed = { name: 'h2', state: 'split' };
  expect(
    order.rowsOf(
      new Map([
        ['h2', changed],
        ['h3', { name: 'h3', state: '' }],
        ['h10', { name: 'h10', state: '' }],
      ]),
    )[0],
  ).toBe(changed);
});

const WELL: FeedStatus = {
  event: 'status',
  environment: 'production',
  state: 'healthy',
  complete: true,
  missing: [],
  missingCount: 0,
  reasons: [],
  server: { ...serverOf('h1-a'), origin: '0', addresses: [], links: 1 },
  servers: { reachable: 4, suspect: 0, split: 0, gone: 0 },
  masters: { reachable: 2, known: 2 },
  services: 1,
  instances: { live: 3, stale: 0 },
  away: [],
};

test('a fleet that is well says how much there is', () => {
  const sentence = stateSentence(WELL, { nowMs: 0, toldMs: 0 });

  expect(sentence).toBe('All is well: 4 servers in reach, 1 service with 3 instances.');
});

test('a split says who is cut off, since when, and what becomes of what they hold', () => {
  const away = [
    { host: 'h3', state: 'split', agoMs: 300_000, leftMs: 600_000 },
    { host: 'h4', state: 'split', agoMs: 299_000, leftMs: 601_000 },
  ] as const;
  const status: FeedStatus = {
    ...WELL,
    state: 'split',
    complete: false,
    why: 'split',
    instances: { live: 3, stale: 14 },
    away,
  };

  const sentence = stateSentence(status, { nowMs: 12_000, toldMs: 0 });

  expect(sentence).toBe(
    'Net-split for 5 min 12 s: h3 and h4 are cut off. ' +
      `Their 14 instances are kept as stale until ${clockText(601_000)}, then dropped.`,
  );
});

test('a split of one host says what is there in the singular', () => {
  const away = [{ host: 'h3', state: 'split', agoMs: 12_000, leftMs: 600_000 }] as const;
  const instances = { live: 3, stale: 1 };

  const sentence = stateSentence({ ...WELL, instances, away }, { nowMs: 0, toldMs: 0 });

  expect(sentence).toContain('h3 is cut off. Its one instance is kept as stale until ');
});

test('a fault is told with its remedy', () => {
  const reasons = [{ code: 'no-master', message: 'there is no master', hint: 'start one' }];

  const sentence = stateSentence({ ...WELL, state: 'degraded', reasons }, { nowMs: 0, toldMs: 0 });

  expect(sentence).toBe('There is no master: start one.');
});

test.each([
  [0, '0 s'],
  [59_999, '59 s'],
  [312_000, '5 min 12 s'],
  [12_000_000, '3 h 20 min'],
])('%d ms is %s', (milliseconds, text) => {
  expect(durationText(milliseconds)).toBe(text);
});

test('five names are said, and how many more there are', () => {
  expect(namesText(['h1'])).toBe('h1');
  expect(namesText(['h1', 'h2', 'h3'])).toBe('h1, h2 and h3');
  expect(namesText(['1', '2', '3', '4', '5', '6', '7'])).toBe('1, 2, 3, 4, 5 and 2 more');
});
