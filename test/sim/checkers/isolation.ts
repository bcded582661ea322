// Isolation: nothing crosses environments, whichever server dials another.

import { instancesAt } from '../world/cluster.ts';
import type { Checker } from './checker.ts';

/** No server knows a server or an instance of another environment. */
export const isolation: Checker = {
  name: 'nothing crosses environments',
  check: (world) => {
    const originsOf = new Map(
      world.servers.map(({ core, environment }) => [core.state.self.id, environment]),
    );
    const environmentsOf = new Map<string, string>(
      world.services.map(({ instance, environment }) => [instance, environment]),
    );
    return world.running().flatMap((server) => [
      ...[...server.core.state.origins.keys()]
        .filter((origin) => originsOf.get(origin) !== server.environment)
        .map((origin) => `${server.name} knows ${origin} of ${String(originsOf.get(origin))}`),
      ...instancesAt(server)
        .map(({ registration }) => registration.instance)
        .filter((instance) => environmentsOf.get(instance) !== server.environment)
        .map((instance) => `${server.name} answers ${instance} of another environment`),
    ]);
  },
};
