// Convergence: when faults stop, all servers hold the same live set, exactly what services hold;
// nothing is stale, nothing missing, nobody unknown. Asked at the end of a run, and until it is so.

import type { Instance } from '../../../src/protocol/records.ts';
import type { Cluster, SimServer } from '../world/cluster.ts';
import { instancesAt } from '../world/cluster.ts';
import type { SimService } from '../world/service.ts';
import type { SimWatcher } from '../world/watcher.ts';
import type { Checker } from './checker.ts';

/** Every server holds exactly what the services of its environment hold. */
export const convergence: Checker = {
  name: 'when faults stop, all servers hold exactly what services hold',
  check: differencesIn,
};

/** Whether all servers agree with the truth. */
export function hasConverged(world: Cluster): boolean {
  return differencesIn(world).length === 0;
}

function differencesIn(world: Cluster): string[] {
  return [
    ...world.running().flatMap((server) => differencesAt(world, server)),
    ...world.watchers.flatMap((watcher) => differencesOf(world, watcher)),
  ];
}

function differencesOf(world: Cluster, watcher: SimWatcher): string[] {
  if (watcher.process.state === 'ended') return [];
  const held = heldIn(world, watcher).filter(({ service }) => service === watcher.spec.service);
  const known = [...watcher.known.values()];
  // Watches are not told when a suspect instance is beyond suspicion again.
  const seen = seenText(
    known.map((one) => (one.state === 'stale' ? one : { ...one, state: 'live' })),
  );
  if (heldText(held) === seen) return [];
  return [`a watcher on ${watcher.host} knows [${seen}] where services hold [${heldText(held)}]`];
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
  if (!state.view.isComplete)
    say(`is not complete, missing ${state.view.missing.join() || 'nobody'}`);
  const held = heldText(heldIn(world, server));
  const seen = seenText(instancesAt(server));
  if (held !== seen) say(`answers [${seen}] where services hold [${held}]`);
  return wrong;
}

function heldIn(world: Cluster, { environment }: { environment: string }): SimService[] {
  return world.services.filter((one) => one.isOffered && one.environment === environment);
}

function heldText(services: readonly SimService[]): string {
  return textOf(services.map(({ instance, revision }) => [instance, 'live', revision]));
}

function seenText(instances: readonly Instance[]): string {
  return textOf(
    instances.map(({ registration, state }) => {
      return [registration.instance, state, registration.revision];
    }),
  );
}

function textOf(rows: readonly (readonly [string, string, number])[]): string {
  return rows
    .map(([instance, state, revision]) => `${instance.slice(0, 8)} ${state} ${String(revision)}`)
    .sort((one, other) => (one < other ? -1 : 1))
    .join(', ');
}
