// The fuzzers for a moment, with a new seed each time: `npm run fuzz` runs them for long.

import { expect, test } from 'vitest';
import { codecTarget, frameTarget } from './bytes-targets.ts';
import { Chance } from './chance.ts';
import { clientTarget } from './client-target.ts';
import { dnsTarget } from './dns-target.ts';
import { serverTarget } from './server-target.ts';
import { Campaign } from './target.ts';

const seed = Date.now() % 2 ** 32;

test.for([
  [frameTarget.name, new Campaign<never>(frameTarget as never), 2_000],
  [codecTarget.name, new Campaign<never>(codecTarget as never), 2_000],
  [serverTarget.name, new Campaign<never>(serverTarget as never), 300],
  [dnsTarget.name, new Campaign<never>(dnsTarget as never), 2_000],
  [clientTarget.name, new Campaign<never>(clientTarget as never), 500],
] as const)(`fuzzed with seed ${String(seed)}, %s hold their invariants`, ([, campaign, times]) => {
  campaign.run(times, new Chance(seed));

  expect(campaign.tally.findings).toEqual([]);
  expect(campaign.tally.executions).toBeGreaterThan(times);
});

test('a fuzzer finds what is planted, and says with which input', () => {
  const campaign = new Campaign<Uint8Array>({
    ...codecTarget,
    run: (bytes) => {
      if (bytes.length === 1) throw new Error('planted');
      return codecTarget.run(bytes);
    },
  });

  campaign.run(1_000, new Chance(1));

  expect(campaign.tally.findings).toMatchObject([
    {
      input: expect.stringMatching(/^..$/) as string,
      error: expect.stringContaining('planted') as string,
    },
  ]);
});
