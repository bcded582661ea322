// The events that servers saw, as lines and as JSON: times are made from ages.

import { expect, test } from 'vitest';
import {
  historyAnswerOf,
  historyFacts,
  historyLines,
  historyVerdict,
} from '../../src/answers/history.ts';
import type { InstanceId, Name } from '../../src/protocol/ids.ts';
import type { EventRow } from '../../src/protocol/records.ts';

const ID = '0123456789abcdef'.repeat(2) as InstanceId;

const REMOVED: EventRow = {
  number: 7,
  ageMs: 1_518,
  event: 'removed',
  host: 'h3' as Name,
  cluster: 'ams' as Name,
  servers: ['h3-a' as Name],
  service: 'web' as Name,
  instance: ID,
  address: '10.0.0.7',
  port: 8000,
  cause: 'closed',
  detail: 'its connection ended',
};

const CRASHED: EventRow = {
  number: 8,
  ageMs: 1_040,
  event: 'crashed',
  host: 'h4' as Name,
  cluster: 'ams' as Name,
  servers: ['h4-a' as Name, 'h4-b' as Name],
  service: null,
  instance: null,
  address: null,
  port: null,
  detail: 'host h4 fell silent',
};

const NOW_MS = 12_000;
const secondsOf = (agoMs: number): string => ((NOW_MS - agoMs) / 1000).toFixed(3);

test('a row says when, what, of whom, why, and where; times are made from ages', () => {
  const answer = historyAnswerOf({ rows: [REMOVED, CRASHED], reachesBackMs: 9_000 }, secondsOf);

  expect(historyLines(answer.rows, secondsOf)).toEqual([
    '10.482  web  10.0.0.7:8000   removed   closed: its connection ended           h3 (h3-a)',
    '10.960  -    -               crashed   host h4 fell silent                    h4 (h4-a, h4-b)',
  ]);
});

test('as JSON a row has the keys of what there is', () => {
  const answer = historyAnswerOf({ rows: [REMOVED, CRASHED], reachesBackMs: 9_000 }, secondsOf);

  expect(historyFacts(answer)).toEqual({
    reachesBackTo: '3.000',
    rows: [
      {
        time: '10.482',
        ageMs: 1_518,
        event: 'removed',
        service: 'web',
        instance: ID,
        address: '10.0.0.7:8000',
        host: 'h3',
        cluster: 'ams',
        server: 'h3-a',
        cause: 'closed',
        detail: 'its connection ended',
      },
      {
        time: '10.960',
        ageMs: 1_040,
        event: 'crashed',
        host: 'h4',
        cluster: 'ams',
        server: 'h4-a, h4-b',
        detail: 'host h4 fell silent',
      },
    ],
  });
});

test('none is certain only if the server reaches back as far as was asked for', () => {
  const none = { rows: [], reachesBackMs: 9_000 };

  expect(historyVerdict(none, undefined)).toBe('none');
  expect(historyVerdict(none, 9_000)).toBe('none');
  expect(historyVerdict(none, 9_001)).toBe('uncertain');
  expect(historyVerdict({ rows: [], reachesBackMs: 0 }, undefined)).toBe('uncertain');
  const { rows } = historyAnswerOf({ rows: [REMOVED], reachesBackMs: 1 }, secondsOf);
  expect(historyVerdict({ rows, reachesBackMs: 1 }, 9_000)).toBe('found');
});
