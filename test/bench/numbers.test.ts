// The figures as docs/performance.md shows them: the table, its place, and the picture of growth.

import { expect, test } from 'vitest';

import { type Numbers, tableOf, withNumbers } from './numbers.ts';
import { plotOf } from './plot.ts';

const results: Numbers['results'] = [
  {
    row: 'reads',
    title: 'Lookups',
    method: '4 s',
    figures: [
      { what: 'one connection', unit: '/s', value: 9_412.3, floor: 8_000, must: '≥ 9,000' },
      { what: 'one change', unit: 'ms', value: 0.512, p99: 12.34 },
    ],
  },
  { row: 'idle', title: 'At rest', method: '10 s', figures: [] },
];
const numbers: Numbers = { version: '1.2.3', machine: 'one machine', isQuick: false, results };

test('the table has each figure beside its floor, and says which row could not be measured', () => {
  const table = tableOf(results);

  expect(table.split('\n')).toEqual([
    '|  | median / 99th percentile | floor | target |',
    '| --- | --- | --- | --- |',
    '| **Lookups**<br>4 s |  |  |  |',
    '| one connection | 9,412 /s | 8,000 | ≥ 9,000 |',
    '| one change | 0.51 / 12.3 ms |  |  |',
    '| **At rest**<br>10 s | _could not be measured_ |  |  |',
  ]);
});

test('the table replaces what stood between the marks, and nothing else', () => {
  const text = 'before\n<!-- BEGIN NUMBERS -->\nold\n<!-- END NUMBERS -->\nafter\n';

  const rendered = withNumbers(withNumbers(text, numbers), numbers);

  expect(rendered).toMatch(
    /^before\n<!-- BEGIN NUMBERS -->\n\nrarangi 1\.2\.3 on one machine:\n\n\|/,
  );
  expect(rendered).toMatch(/\|\n\n<!-- END NUMBERS -->\nafter\n$/);
  expect(rendered).not.toContain('old');
  expect(rendered.match(/one machine/g)).toHaveLength(1);
});

test('a text without marks is not touched: where the table belongs nobody can tell', () => {
  expect(() => withNumbers('no marks here', numbers)).toThrow('BEGIN NUMBERS');
});

test('a number that grows with the size is a straight line in the picture', () => {
  const figures = [100, 200, 400].map((at) => {
    const growth = { of: 'an empty server has all', at };
    return { what: `${String(at)} held`, unit: 'ms', value: 10 * at, growth };
  });

  const picture = plotOf(figures);

  const [, line = ''] =
    /<polyline points="([^"]+)"/.exec(picture.split('An empty server')[1] ?? '') ?? [];
  const points = line.split(' ').map((point) => point.split(',').map(Number));
  const slopes = points.slice(1).map(([x = 0, y = 0], index) => {
    const [fromX = 0, fromY = 0] = points[index] ?? [];
    return (y - fromY) / (x - fromX);
  });
  expect(points).toHaveLength(3);
  expect(slopes[0]).toBeLessThan(0);
  expect(slopes[1]).toBeCloseTo(slopes[0] ?? 0, 1);
});
