// Isolation: nothing crosses environments, whichever server dials another.

import { isMadeUp } from '../../fuzz/speech.ts';
import { instancesAt } from '../world/cluster.ts';
import type { Checker } from './checker.ts';

/** No server knows a server or an instance of another environment. */
export const isolation: Checker = {
  name: 'nothing crosses environments',
  check: (world) => {
    const originsOf = new Map<string, string>(
      world.servers.map(({ core, environment }) => [core.state.self.id, environment]),
    );
    const environmentsOf = new Map<string, string>(
      world.services.map(({ instance, environment }) => [instance, environment]),
    );
    const homeOf = (id: string, known: ReadonlyMap<string, string>): string | undefined =>
      isMadeUp(id) ? 'testing' : known.get(id);
    return world.running().flatMap((server) => [
      ...[...server.core.state.origins.keys()]
        .filter((origin) => homeOf(origin, originsOf) !== server.environment)
        .map((origin) => `${server.name} knows ${origin} of ${String(homeOf(origin, originsOf))}`),
      ...instancesAt(server)
        .map(({ registration }) => registration.instance)
        .filter((instance) => homeOf(instance, environmentsOf) !== server.environment)
        .map((instance) => `${server.name} answers ${instance} of another environment`),
    ]);
  },
};
