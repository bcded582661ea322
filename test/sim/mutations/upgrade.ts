// Rules of upgrades, taken away one at a time.

import type { Mutation } from './mutations.ts';
import * as upgrade from '../stories/upgrade.ts';

/** What is taken away, and where that is noticed. */
export const mutations: readonly Mutation[] = [
  [
    '[R90] who stops knows for certain that nobody is at the address of its sibling',
    upgrade.aloneOrNot,
    ['stop#isReadyToLeave', 'return isAlone(state);', 'return true;'],
  ],
  [
    '[R90] who stops links to its sibling',
    upgrade.upgraded(upgrade.PAUSES_MS),
    ['links#mayLink', '!state.life.isStopping || isOwnHost(state, host)', '!state.life.isStopping'],
    ['farewell#departOrigin', 'wasAnswered ? unclaimedOf(state, origin) : []', '[]'],
  ],
  [
    '[R90] a lone server that stops asks at once whether it is one',
    upgrade.aloneOrNot,
    ['stop#handleStop', 'dialNow(state, wantedAddresses(state));', ''],
  ],
  [
    '[R128] what a sibling took over and let go has ended',
    upgrade.endedMeanwhile,
    ['stop#dropEnded', 'state.life.hasLeft', 'true'],
  ],
  [
    '[R91] what was held by a server that left is in doubt for a grace',
    upgrade.upgradedAfar(upgrade.PAUSES_MS),
    ['farewell#departOrigin', 'wasAnswered ? unclaimedOf(state, origin) : []', '[]'],
  ],
];
