// Stories of servers that look for those that they have lost: their masters were replaced at other
// addresses while they were cut off, and one way back is enough.

import { isLost } from '../../../src/core/server/links/seeking.ts';
import { replaceMasters } from '../world/replacing.ts';
import { linkedTo, story } from './story.ts';

/** All masters are replaced at other addresses, of which one leaf is told: it is the way to all others. */
export const replacedByAddress = story(
  { hosts: 5, masters: ['h1', 'h2'], checkers: () => [] },
  ({ world, run, agreeWithin, demand }) => {
    world.serve({ host: 'h4', service: 'db' });
    run(6_000);
    const told = world.running().filter(({ spec }) => spec.host === 'h3');
    replaceMasters(world, { old: ['h1', 'h2'], told: told.map(({ spec }) => spec) });
    run(45_000);
    // A server that stood alone when the masters went has frozen them: an operator says that they
    // are gone.
    for (const host of ['h1', 'h2']) world.forget('h3', host);
    agreeWithin(1_000);
    run(15_000);
    const leaf = linkedTo(world.server('h5-a')).filter((name) => name.startsWith('h'));
    demand(leaf.join() === 'h5-b', `h5-a keeps links to leaves: ${leaf.join()}`);
  },
);

/** A master that was alone has found a way back with its first leaf: at once it looks for nobody else. */
export const leafFound = story(
  { hosts: 3, masters: ['h1'], splitHoldMs: 6_000, checkers: () => [] },
  ({ world, run, demand }) => {
    const heal = world.split(['h1'], ['h2', 'h3']);
    run(20_000);
    const { addresses, reach } = world.server('h1-a').core.state;
    demand(addresses.lost.size === 4, `${String(addresses.lost.size)} of 4 addresses are kept`);
    let soughtCount = 0;
    world.onStepped = ({ core: { state } }) => {
      if (isLost(state)) return;
      soughtCount = Math.max(soughtCount, state.linking.sought.length);
    };
    heal();
    run(15_000);
    demand(soughtCount === 0, `${String(soughtCount)} addresses are sought by who needs none`);
    demand(addresses.lost.size === 0, 'who is back counts as lost');
    demand(reach.away.size === 0, 'nobody was found');
  },
);

/**
 * Leaves that lost all have found a master for a while, of a fleet of its own, and lose it again. All that
 * they ever knew of the only leaf that was told of the new masters is where it was before their split.
 */
export const falseMaster = story(
  { hosts: 4, masters: ['h1'], splitHoldMs: 6_000, checkers: () => [] },
  ({ world, run, agreeWithin, demand }) => {
    run(3_000);
    const isBeyond = (host: string): boolean => ['h4', 'nh1'].includes(host);
    const heal = world.cut((from, to) => isBeyond(from) !== isBeyond(to));
    const told = world.running().filter(({ spec }) => spec.host === 'h4');
    replaceMasters(world, { old: ['h1'], told: told.map(({ spec }) => spec) });
    run(20_000);
    world.start({ host: 'm1', side: 'a', isMaster: true, peers: ['h2'] });
    run(15_000);
    const { state } = world.server('h3-a').core;
    demand(state.linking.reachesMaster && !isLost(state), 'the other master is not found');
    world.kill('m1-a');
    run(1_000);
    heal();
    run(30_000);
    agreeWithin(1_000);
  },
);

/** The same where masters are named in DNS: no server has to be told. */
export const replacedByName = story(
  {
    hosts: 4,
    masters: ['h1', 'h2'],
    checkers: () => [],
    prepare: ({ network }) => network.names.set('m1', 'h1').set('m2', 'h2'),
    specOf: () => ({ peers: ['m1', 'm2'] }),
  },
  ({ world, run, agreeWithin }) => {
    world.serve({ host: 'h4', service: 'db' });
    run(6_000);
    replaceMasters(world, { old: ['h1', 'h2'], told: [] });
    run(35_000);
    for (const host of ['h1', 'h2']) world.forget('h3', host);
    agreeWithin(1_000);
  },
);
