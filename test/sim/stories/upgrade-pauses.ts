// The stories of an upgrade that are told for several pauses, by the names of their tests.

import type { Story } from './story.ts';
import * as upgrade from './upgrade.ts';

/** With these pauses between the two servers of a host, in milliseconds. */
export function upgradesOf(pauses: readonly number[]): readonly (readonly [string, Story])[] {
  return [
    ['a host is upgraded, and nobody hears of it', upgrade.upgraded(pauses)],
    ['a host is upgraded, and its first server has to be killed', upgrade.firstKilled(pauses)],
    ['a host is upgraded, and its second server has to be killed', upgrade.secondKilled(pauses)],
    ['a host is upgraded, and a goodbye is faster than other news', upgrade.upgradedAfar(pauses)],
  ];
}
