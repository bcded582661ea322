// Masters that are replaced at other addresses: the old ones are gone for good, and only the new
// ones themselves, and the servers of one leaf, are told of the new ones. Servers that name masters
// in DNS find the new ones there. A watcher that was given only their addresses ends with them. A
// leaf that knows of no leaf that is told, because it began while it was cut off, is told as well: there
// is no way from it to the others.

import { hostPartOf } from '../../../src/core/kit/text.ts';
import type { Cluster, ServerSpec } from './cluster.ts';
import { nameOf } from './cluster.ts';

/** Replaces the masters on some hosts; the servers that are told of it are restarted. */
export function replaceMasters(
  world: Cluster,
  { old, told }: { readonly old: readonly string[]; readonly told: readonly ServerSpec[] },
): void {
  for (const { spec, name } of world.running()) if (old.includes(spec.host)) world.kill(name);
  for (const service of world.services) if (old.includes(service.host)) service.kill();
  for (const { host, spec, process } of world.watchers) {
    if (old.includes(host) || old.includes(spec.at ?? host)) process.kill();
  }
  const fresh = old.map((host) => `n${host}`);
  for (const host of fresh) {
    const peers = fresh.filter((other) => other !== host);
    for (const side of ['a', 'b'] as const) world.start({ host, side, isMaster: true, peers });
  }
  for (const [name, host] of world.network.names) {
    if (old.includes(host)) world.network.names.set(name, `n${host}`);
  }
  for (const spec of told) {
    const running = world.running().find(({ name }) => name === nameOf(spec));
    if (running !== undefined) world.kill(running.name);
    world.start({ ...spec, peers: fresh });
  }
}

/** Those of some leaves that are to be told beside one, because they know no way to it. */
export function withoutWay(world: Cluster, told: string, leaves: readonly string[]): string[] {
  const found = [told];
  for (const host of found) {
    found.push(...leaves.filter((leaf) => !found.includes(leaf) && knows(world, leaf, host)));
  }
  return leaves.filter((leaf) => !found.includes(leaf));
}

/** Whether a server of one host has known one of the other, and its address since then. */
function knows(world: Cluster, one: string, other: string): boolean {
  return world.running().some(({ spec, core: { state } }) => {
    const hosts = [...state.origins.values()].map(({ log }) => log.facts.host as string);
    const lost = [...state.addresses.lost.keys()].map(hostPartOf);
    return spec.host === one && [...hosts, ...lost].includes(other);
  });
}
