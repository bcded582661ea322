// Stories of ends that read slowly: the driver holds back, and goes on.

import type { SimServer } from '../world/cluster.ts';
import { addressesOf } from '../world/service.ts';
import { story } from './story.ts';

/** A client that reads slowly is not read either for a while, and loses neither news nor session. */
export const slowReader = story(
  { hosts: 2, traits: { bytesPerMs: 100, kernelBytes: 2_048 }, checkers: () => [] },
  ({ world, run, demand, agreeWithin }) => {
    const services = Array.from({ length: 10 }, () => world.serve({ host: 'h1', service: 'db' }));
    // Over TCP a client that is not heard of is closed.
    const addresses = addressesOf('tcp', 'h1', 'testing');
    const watcher = world.watch({ host: 'h1', service: 'db', addresses });
    run(3_000);
    const server = world.server('h1-a');
    const sessions = [...server.core.state.sessions.keys()];
    let paused = 0;
    for (let round = 0; round < 5; round += 1) {
      for (const service of services) service.update(5_000);
      for (let tick = 0; tick < 20; tick += 1) {
        run(5);
        paused += pausedIn(server);
      }
    }
    agreeWithin(20_000);
    run(5_000);
    demand(paused > 0, 'no session is paused');
    demand(pausedIn(server) === 0, 'a session is still paused');
    const stay = sessions.every((id) => server.core.state.sessions.has(id));
    demand(stay, 'a session is lost');
    const revisions = [...watcher.known.values()].map(({ registration }) => registration.revision);
    demand(revisions.length === 10 && revisions.every((one) => one === 6), 'news is lost');
  },
);

function pausedIn({ core }: SimServer): number {
  return [...core.state.connections.values()].filter(({ isPaused }) => isPaused).length;
}
