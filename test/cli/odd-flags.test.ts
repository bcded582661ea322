import { expect, test } from 'vitest';

import { refuseLoneFlags } from '../../src/cli/odd-flags.ts';

const NEEDED = { pace: ['check', 'file'] };
const TYPED = [{ type: 'flag', flag: 'pace', input: '--pace' }] as const;

test.each([{}, { check: 'none' }, { check: false }])(
  'a flag without one that it needs is refused: %j',
  (flags) => {
    expect(() => {
      refuseLoneFlags({ raw: [...TYPED], flags }, NEEDED);
    }).toThrow('--pace means nothing without --check or --file');
  },
);

test('a flag is not alone when the other one came from its variable', () => {
  expect(() => {
    refuseLoneFlags({ raw: [...TYPED], flags: { check: 'tcp' } }, NEEDED);
  }).not.toThrow();
});
