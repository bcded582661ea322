// The table of metrics, and how it is written; the dashboard and the alerts that are shipped with it.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { expect, test } from 'vitest';

import { VERSION } from '../../../src/answers/version.ts';
import type { Measured } from '../../../src/doors/metrics/exposition.ts';
import { exposition, formOf } from '../../../src/doors/metrics/exposition.ts';
import { ALL_METRICS } from '../../../src/doors/metrics/table.ts';

const root = resolve(import.meta.dirname, '../../..');

function textOf(path: string): string {
  return readFileSync(resolve(root, path), 'utf8');
}

/** The measures of a server that has done nothing yet. */
function measured(more: Partial<Measured> = {}): Measured {
  const nothing = Object.fromEntries(
    ALL_METRICS.map(({ name, isAsked }) => [name, isAsked === true ? null : []]),
  );
  const lag = { bounds: [0.1, 5], counts: [3, 1, 2], sum: 7.5 };
  return { ...nothing, rarangi_loop_lag_seconds: lag, ...more } as Measured;
}

function samplesIn(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('every series is there before anything was counted, at 0, in either format', () => {
  const text = exposition(measured(), 'text');
  const open = exposition(measured(), 'openmetrics');

  const due = ALL_METRICS.filter(({ isAsked }) => isAsked !== true).flatMap(({ name, always }) =>
    always.map(() => name),
  );
  const samples = samplesIn(text).filter((line) => !line.startsWith('rarangi_loop_lag'));
  expect(samples.map((line) => line.replace(/[{ ].*/, ''))).toEqual(due);
  expect(samples.filter((line) => !line.endsWith(' 0'))).toEqual([]);
  expect(text).toContain('rarangi_instances_removed_total{cause="crash"} 0\n');
  expect(text).toContain('rarangi_lookups_total{door="dns",answer="cannot_tell"} 0\n');
  expect(samplesIn(open)).toEqual(samplesIn(text));
});

test('a server without links and services has 300 series at most', () => {
  expect(samplesIn(exposition(measured(), 'text')).length).toBeLessThanOrEqual(MOST_SERIES);
});

test('a measured series takes the place of its 0, and none is written twice', () => {
  const removed = [
    { labels: ['crash'], value: 3 },
    { labels: ['of a later version'], value: 1 },
  ];

  const lines = samplesIn(
    exposition(measured({ rarangi_instances_removed_total: removed }), 'text'),
  ).filter((line) => line.startsWith('rarangi_instances_removed_total'));

  expect(lines).toContain('rarangi_instances_removed_total{cause="crash"} 3');
  expect(lines).toContain('rarangi_instances_removed_total{cause="of a later version"} 1');
  expect(new Set(lines.map((line) => line.replace(/ .*/, ''))).size).toBe(7);
});

test('a histogram adds its buckets up, and says how many fell beyond all of them', () => {
  const lines = exposition(measured(), 'text').split('\n');

  const own = lines.filter((line) => line.includes('rarangi_loop_lag_seconds'));
  expect(own.slice(1)).toEqual([
    '# TYPE rarangi_loop_lag_seconds histogram',
    'rarangi_loop_lag_seconds_bucket{le="0.1"} 3',
    'rarangi_loop_lag_seconds_bucket{le="5.0"} 4',
    'rarangi_loop_lag_seconds_bucket{le="+Inf"} 6',
    'rarangi_loop_lag_seconds_sum 7.5',
    'rarangi_loop_lag_seconds_count 6',
  ]);
});

test('OpenMetrics names a counter without its ending, and says where it ends', () => {
  const open = exposition(measured(), 'openmetrics');

  expect(open).toContain('# TYPE rarangi_wants counter\nrarangi_wants_total 0\n');
  expect(open.endsWith('\n# EOF\n')).toBe(true);
  expect(formOf('application/openmetrics-text;version=1.0.0,text/plain;q=0.5')).toBe('openmetrics');
  expect([formOf(null), formOf('text/plain'), formOf('*/*')]).toEqual(['text', 'text', 'text']);
});

test("no character of a label's value can end it", () => {
  const rows = [{ labels: ['a"b\\c\nd', 'live'], value: 1 }];

  const text = exposition(measured({ rarangi_service_instances: rows }), 'text');

  expect(text).toContain('{service="a\\"b\\\\c\\nd",state="live"} 1\n');
});

test('no help has what would have to be written otherwise, and counters end as counters do', () => {
  for (const { name, type, help } of ALL_METRICS) {
    expect(help).not.toMatch(/["\\\n]/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
  }
});

test('every metric of dashboard and alerts is in the table, and each of the table is in them', () => {
  const shipped = [
    textOf('packaging/grafana/rarangi.json'),
    ...textOf('packaging/prometheus/rarangi.rules.yml').split('\n').filter(isCode),
  ].join('\n');

  const used = shipped.matchAll(/\b(?:rarangi|process|nodejs)_[a-z_]+\b/g);
  const names = new Set([...used].map(([name]) => name.replace(/_(bucket|sum|count)$/, '')));
  expect([...names].sort()).toEqual(ALL_METRICS.map(({ name }) => name as string).sort());
});

test('a server says the version of its package', () => {
  const { version } = JSON.parse(textOf('package.json')) as { readonly version: string };

  expect(VERSION).toBe(version);
});

function isCode(line: string): boolean {
  return !line.trimStart().startsWith('#');
}

/** The measures of the process, and those of the core's own limits, come on top of these. */
const MOST_SERIES = 270;
