// Stories of fleets whose servers have timings of their own.

import { stateAt, story } from './story.ts';

/** A cut shows at a slow host seconds after it showed at the others: that deletes nothing. */
export const slowCut = story(
  {
    hosts: 5,
    masters: ['h1', 'h2'],
    specOf: (host) => (host === 'h5' ? { pace: { heartbeatMs: 2_000, silenceMs: 9_000 } } : {}),
  },
  ({ world, run, demand, agreeWithin }) => {
    const services = ['h4', 'h5'].map((host) => world.serve({ host, service: 'db' }));
    run(6_000);
    const heal = world.split(['h1', 'h2', 'h3'], ['h4', 'h5']);
    run(14_000);
    for (const server of world.running()) {
      if (['h4', 'h5'].includes(server.spec.host)) continue;
      for (const { instance, host } of services) {
        const state = stateAt(server, instance);
        demand(state === 'stale', `${server.name} answers ${state} of ${host} instead of stale`);
      }
    }
    heal();
    agreeWithin(40_000);
  },
);

/** A server whose links are slower than itself sleeps for longer than its silence. */
export const slowBeats = story(
  {
    hosts: 2,
    masters: ['h1'],
    specOf: (host) => (host === 'h1' ? { pace: { heartbeatMs: 2_000, silenceMs: 6_000 } } : {}),
  },
  ({ world, run }) => {
    world.kill('h2-b');
    run(30_000);
    for (let round = 0; round < 8; round += 1) {
      const service = world.serve({ host: 'h1', service: 'db' });
      run(7_000 + 250 * round);
      world.pause('h2-a');
      service.kill();
      run(2_400);
      world.resume('h2-a');
      run(1_000);
    }
  },
);
