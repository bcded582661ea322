// Masters that are replaced at other addresses: the old ones are gone for good, and only the new
// ones themselves, and the servers of one leaf, are told of the new ones. Servers that name masters
// in DNS find the new ones there. A watcher that was given only their addresses ends with them.

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
