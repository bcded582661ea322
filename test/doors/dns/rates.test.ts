import { expect, test } from 'vitest';
import { QueryRates } from '../../../src/doors/dns/rates.ts';

function verdictsOf(rates: QueryRates, count: number, nowMs: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let times = 0; times < count; times += 1) {
    const verdict = rates.take('10.0.0.1', nowMs);
    counts[verdict] = (counts[verdict] ?? 0) + 1;
  }
  return counts;
}

test('a thousand queries a second pass; beyond that every other one, and it is told once', () => {
  const rates = new QueryRates();

  expect(verdictsOf(rates, 1_000, 0)).toEqual({ pass: 1_000 });
  expect(verdictsOf(rates, 100, 500)).toEqual({ pass: 50, drop: 49, told: 1 });
  expect(rates.take('10.0.0.2', 500)).toBe('pass');
  expect(verdictsOf(rates, 1_100, 1_000)).toEqual({ pass: 1_050, drop: 50 });
  expect(verdictsOf(rates, 1_100, 61_000)).toEqual({ pass: 1_050, drop: 49, told: 1 });
});
