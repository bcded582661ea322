// Small worlds that tests begin with: three or four hosts, two servers on each, masters on the
// first and the third, all complete.

import type { ClusterOptions } from './cluster.ts';
import { Cluster } from './cluster.ts';

/** A world of hosts `h1`, `h2`, … that has settled. */
export function settledCluster(
  hosts: number,
  options: Partial<ClusterOptions> = {},
  masters: readonly string[] = MASTERS,
): Cluster {
  const world = new Cluster({ seed: 1, ...options });
  for (let index = 1; index <= hosts; index += 1) startHost(world, `h${String(index)}`, masters);
  world.run(SETTLED_MS);
  return world;
}

/** Starts both servers of a host. */
export function startHost(
  world: Cluster,
  host: string,
  masters: readonly string[] = MASTERS,
): void {
  const peers = masters.filter((master) => master !== host).slice(0, 1);
  const isMaster = masters.includes(host);
  for (const side of ['a', 'b'] as const) world.start({ host, side, isMaster, peers });
}

const MASTERS = ['h1', 'h3'];

/** Longer than a cold start takes. */
const SETTLED_MS = 8_000;
