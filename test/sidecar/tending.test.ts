import { expect, test } from 'vitest';

import { LIFE } from '../../src/sidecar/tending.ts';

test('from every state the end is reached, and nothing leads out of it', () => {
  const { ended, ...others } = LIFE;

  expect(Object.values(others).map(({ end }) => end)).toEqual(['ended', 'ended', 'ended']);
  expect(ended).toEqual({});
});
