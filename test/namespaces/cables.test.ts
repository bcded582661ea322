// Cables cut and mended, with real processes: one host that vanishes is a crash, several are a
// net-split, and a cut in one direction is the loss of those links and of nothing else.

import { expect } from 'vitest';

import { canMakeNetworks } from './network.ts';
import { agree, agreeAll, askAll, sightsOf } from './views.ts';
import { serversOf, test } from './world.ts';

const EAST = ['h1', 'h2', 'h3'];
const WEST = ['h4', 'h5', 'h6'];
const ALL = [...EAST, ...WEST];

test.skipIf(!canMakeNetworks())('a host whose cable is cut is gone', async ({ world }) => {
  const t0 = performance.now();
  await world.unplug('h6');
  const rest = ALL.filter((n) => n !== 'h6');
  await agree(world, {
    ...sightsOf(rest, { reached: rest, split: [] }),
    h6: { reached: ['h6'], split: rest },
  });
  console.error('agreed', performance.now() - t0);
  await world.heal();
  await agreeAll(world);
  console.error('healed', performance.now() - t0);
});
