// Clients: a service is soon registered with a server that is there, whichever way it connects.

import type { Checker } from './checker.ts';

/** No service of a host stays away from a server there. */
export const clientsBack: Checker = {
  name: 'a service is soon registered with every server of its host',
  check: (world) =>
    world.running().flatMap(({ name, spec, core, process, environment, bornMs }) => {
      const isThere = process.state === 'running' && !core.state.life.isStopping;
      const sinceMs = Math.max(bornMs, process.awakeMs);
      const here = world.services.filter((one) => {
        return one.host === spec.host && one.environment === environment && one.isOffered;
      });
      return here
        .filter((one) => {
          const bothMs = Math.max(sinceMs, one.bornMs, one.process.awakeMs);
          const isDue = isThere && world.nowMs - bothMs > BACK_MS_MAX;
          return isDue && !core.state.clients.owners.has(one.instance);
        })
        .map(({ instance, spec: { door = 'socket' } }) => {
          return `${name} is not found by ${instance}, which comes by ${door}`;
        });
    }),
};

/** A dial that was under way may take a whole handshake's time to fail. */
const BACK_MS_MAX = 3_500;
