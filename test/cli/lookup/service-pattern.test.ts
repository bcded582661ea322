import { expect, test } from 'vitest';

import { isPattern } from '../../../src/answers/glob.ts';
import { matcherOf } from '../../../src/cli/lookup/service-pattern.ts';

const NAMES = ['db', 'db-1', 'db-2', 'db.x', 'web-a', 'web-b', '3d', 'DB'];

test.each([
  ['*', NAMES],
  ['db-*', ['db-1', 'db-2']],
  ['db*', ['db', 'db-1', 'db-2', 'db.x']],
  ['??', ['db', '3d', 'DB']],
  ['db-[12]', ['db-1', 'db-2']],
  ['db-[!1]', ['db-2']],
  ['db-[^1]', ['db-2']],
  ['web-[a-c]', ['web-a', 'web-b']],
  ['[[:digit:]]d', ['3d']],
  ['{db,web}-*', ['db-1', 'db-2', 'web-a', 'web-b']],
  ['db.*', ['db.x']],
  ['*.*', ['db.x']],
  ['d*2', ['db-2']],
  ['x*', []],
  ['{db,web}{-[12],}', ['db', 'db-1', 'db-2']],
  ['{{d,D}{b,B},3?}', ['db', '3d', 'DB']],
  ['*{-a,{-b,.x}}', ['db.x', 'web-a', 'web-b']],
  ['{*1,*2}', ['db-1', 'db-2']],
  ['db{*,}', ['db', 'db-1', 'db-2', 'db.x']],
  ['db[?-]1', ['db-1']],
  ['d[]b]', ['db']],
  ['[![:lower:]]?', ['3d', 'DB']],
])('the pattern %s matches %j', (pattern, wanted) => {
  expect(isPattern(pattern)).toBe(true);
  expect(NAMES.filter(matcherOf(pattern))).toEqual(wanted);
});

test.each([
  'web/*',
  'a b*',
  '*\n',
  '+(a)*',
  '[a',
  'a]*',
  'a}*',
  '[]',
  '[z-a]',
  '[[:vowel:]]*',
  '{a,[}]',
  'a{b,c',
  'web-{1..3}',
  '\\*',
  `${'a'.repeat(256)}*`,
])('%j is neither a name nor a pattern', (pattern) => {
  expect(() => matcherOf(pattern)).toThrow(
    expect.objectContaining({ code: 'RARANGI_USAGE' }) as Error,
  );
});

test('the worst patterns are through with 1,000 names, which no backtracking ever is', () => {
  const names = Array.from({ length: 1_000 }, (_, at) => `${'a'.repeat(124)}${at}`);
  const worst = {
    '*a': 63,
    '*?': 63,
    '{*,a}': 36,
    '{*a,}': 36,
    '*{a,b}': 36,
    '[!b]*': 36,
    '{{,a},*}': 28,
    '{,a}': 50,
  };
  for (const [piece, times] of Object.entries(worst)) {
    const isMatch = matcherOf(`${piece.repeat(times)}b`);
    const start = process.cpuUsage();

    const found = names.filter(isMatch);

    const { user } = process.cpuUsage(start);
    expect({ piece, found, isSlow: user > MICROSECONDS_MAX }).toEqual({
      piece,
      found: [],
      isSlow: false,
    });
  }
});

test('no name is a pattern', () => {
  expect(NAMES.filter(isPattern)).toEqual([]);
});

/** Some ten times as long as it takes. */
const MICROSECONDS_MAX = 8e5;
