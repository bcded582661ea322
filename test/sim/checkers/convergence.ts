// Convergence: when faults stop, all servers hold the same live set, exactly what services hold;
// nothing is stale, nothing missing, nobody unknown. Asked at the end of a run, and until it is so.

import type { Cluster, SimServer } from '../cluster.ts';
import { instancesAt } from '../cluster.ts';
import type { Checker } from './checker.ts';

/** Every server holds exactly what the services of its environment hold. */
export const convergence: Checker = {
  name: 'when faults stop, all servers hold exactly what services hold',
  check: (world) => world.running().flatMap((server) => differencesAt(world, server)),
};

/** Whether all servers agree with the truth. */
export function hasConverged(world: Cluster): boolean {
  return world.running().every((server) => differencesAt(world, server).length === 0);
}

function differencesAt(world: Cluster, server: SimServer): string[] {
  const { state } = server.core;
  const others = world.running().filter((other) => other.environment === server.environment);
  const wrong: string[] = [];
  const say = (what: string): void => {
    wrong.push(`${server.name} ${what}`);
  };
  for (const other of others) {
    const known = state.origins.get(other.core.state.self.id);
    if (known?.standing !== 'reachable') say(`takes ${other.name} for ${String(known?.standing)}`);
  }
  if (state.origins.size > others.length) say('knows servers that do not run');
  if (!state.isComplete) say(`is not complete, missing ${state.missing.join() || 'nobody'}`);
  const held = textOf(
    world.services
      .filter((service) => service.isOffered && service.environment === server.environment)
      .map((service) => [service.instance, 'live', service.revision]),
  );
  const seen = textOf(
    instancesAt(server).map(({ registration, state: is }) => {
      return [registration.instance, is, registration.revision];
    }),
  );
  if (held !== seen) say(`answers [${seen}] where services hold [${held}]`);
  return wrong;
}

function textOf(rows: readonly (readonly [string, string, number])[]): string {
  return rows
    .map(([instance, state, revision]) => `${instance.slice(0, 8)} ${state} ${String(revision)}`)
    .sort((one, other) => (one < other ? -1 : 1))
    .join(', ');
}
