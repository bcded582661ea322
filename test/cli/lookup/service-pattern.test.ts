import { expect, test } from 'vitest';

import { isPattern, matcherOf } from '../../../src/cli/lookup/service-pattern.ts';

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
  'a{b,c',
  'web-{1..3}',
  '\\*',
  `${'a'.repeat(256)}*`,
])('%j is neither a name nor a pattern', (pattern) => {
  expect(() => matcherOf(pattern)).toThrow(
    expect.objectContaining({ code: 'RARANGI_USAGE' }) as Error,
  );
});

test('no name is a pattern', () => {
  expect(NAMES.filter(isPattern)).toEqual([]);
});
