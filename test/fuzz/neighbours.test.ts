// The fuzzer of neighbours for a moment: `npm run fuzz` runs it for long. That it finds what it is
// there for shows in planted.soak.test.ts.

import { expect, test } from 'vitest';
import { Chance } from './chance.ts';
import { neighbourTarget } from './neighbour-target.ts';
import { Campaign } from './target.ts';

test('fuzzed with seed 1, neighbours hold their invariants', () => {
  const campaign = new Campaign(neighbourTarget());
  campaign.run(100, new Chance(1));

  expect(campaign.tally.findings).toEqual([]);
  expect(campaign.tally.executions).toBeGreaterThan(100);
});
