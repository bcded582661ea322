// The law of an account: it is the sum of the contents of the maps that charge it, in whatever
// order they came and went.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Account, ChargedMap } from '../../src/core/kit/account.ts';

const change = fc.oneof(
  fc.record({ map: fc.nat(2), key: fc.nat(4), bytes: fc.nat(1_000) }),
  fc.record({ map: fc.nat(2), key: fc.nat(4) }),
  fc.record({ map: fc.nat(2) }),
);

function sumOf(maps: readonly ChargedMap<number, number>[]): number {
  return maps.flatMap((map) => [...map.values()]).reduce((sum, bytes) => sum + bytes, 0);
}

test('an account is the sum of what is held, and so is the one that it is part of', () => {
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const whole = new Account();
      const [one, two] = [new Account(whole), new Account(whole)];
      const maps = [one, one, two].map((account) => {
        return new ChargedMap<number, number>(account, (bytes) => bytes);
      });

      for (const { map: at, ...what } of changes) {
        const map = maps[at]!;
        if ('bytes' in what) map.set(what.key, what.bytes);
        else if ('key' in what) map.delete(what.key);
        else map.clear();
      }

      expect(one.bytes).toBe(sumOf(maps.slice(0, 2)));
      expect(two.bytes).toBe(sumOf(maps.slice(2)));
      expect(whole.bytes).toBe(sumOf(maps));
    }),
  );
});
