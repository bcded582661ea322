// Upgrades of a host with every pause between its servers; `npm test` has a third of them a day.

import { expect, test } from 'vitest';

import { PAUSES_MS } from './stories/upgrade.ts';
import { upgradesOf } from './stories/upgrade-pauses.ts';

for (const [name, story] of upgradesOf(PAUSES_MS)) {
  test(name, () => {
    expect(story()).toEqual([]);
  });
}
