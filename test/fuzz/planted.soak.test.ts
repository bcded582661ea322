// Whether the fuzzer of neighbours finds what it is there for: faults that an attack once found are
// planted again, by taking out what mends them. With seeds 1 and 2, on one of two busy cores, each was
// found within ten minutes: the goodbye after 158 and 90 s, the missing hosts after 5 and 3 s, the links
// after 41 and 44 s, the entries after 11 and 18 s, the key at once.

import { expect, test } from 'vitest';
import type { Edit } from '../sim/mutations/mutant.ts';
import { mutantCores } from '../sim/mutations/mutant.ts';
import { Chance } from './chance.ts';
import { neighbourTarget } from './neighbour-target.ts';
import { Campaign } from './target.ts';

/** What is taken out, how that shows, and a seed with which it is found soon. */
type Fault = readonly [what: string, finding: RegExp, seed: number, ...edits: readonly Edit[]];

const FAULTS: readonly Fault[] = [
  [
    'a goodbye takes the last place of a log that is full',
    /not a sequence/,
    1,
    ['goodbyes#goodbyeAfter', 'Math.min(sequence + 1, SEQUENCE_MAX)', 'sequence + 1'],
  ],
  [
    'so many of the missing hosts are named, the others counted',
    /a list has more than 256 items/,
    1,
    ['missing#bounded', 'hosts.slice(0, MISSING_NAMES_MAX)', 'hosts'],
  ],
  [
    'links are cut into parts that fit frames',
    /snapshot: \d+ bytes/,
    1,
    ['snapshots#LINKS_PART', 'originId.bytes', '() => 0'],
    ['parts#partsOf', 'count === 1', 'count > 0'],
  ],
  [
    'entries are measured, not guessed',
    /entries: \d+ bytes/,
    1,
    [
      'flush#ENTRIES_PART',
      'records.entry.bytes(item)',
      '48 * Math.sign(records.entry.bytes(item))',
    ],
  ],
  [
    'an instance belongs to who has its key',
    /an honest client hears lost/,
    1,
    ['sessions#hasKey', 'state.options.instanceOf(key) === instance', 'key.length === 32'],
  ],
];

const RUNS_MAX = 20_000;

for (const [what, finding, seed, ...edits] of FAULTS) {
  test(`with seed ${String(seed)} it is found when this is taken away: ${what}`, () => {
    const campaign = new Campaign(neighbourTarget(mutantCores(edits).server));
    const chance = new Chance(seed);
    while (campaign.tally.findings.length === 0 && campaign.tally.executions < RUNS_MAX) {
      campaign.run(1, chance);
    }

    const [found] = campaign.tally.findings;
    expect(found?.error).toMatch(finding);
    const script = JSON.parse(found?.input ?? '[]') as never;
    expect(() => neighbourTarget().run(script)).not.toThrow();
  });
}
