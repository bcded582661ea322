import { expect, test } from 'vitest';

import { randomId } from '../../../src/io/machine/random-id.ts';

test('ids have 128 bits in lower-case hexadecimal digits, and each is another one', () => {
  const ids = Array.from({ length: 1_000 }, randomId);

  expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(1_000);
});
