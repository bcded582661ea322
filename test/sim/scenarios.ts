// Small worlds that tests begin with: three or four hosts, two servers on each, masters on the
// first and the third, all complete.

import type { ClusterOptions } from './cluster.ts';
import { Cluster } from './cluster.ts';

/** A world of hosts `h1`, `h2`, … that has settled. */
export function settledCluster(hosts: number, options: Partial<ClusterOptions> = {}): Cluster {
  const world = new Cluster({ seed: 1, ...options });
  for (let index = 1; index <= hosts; index += 1) startHost(world, `h${String(index)}`);
  world.run(SETTLED_MS);
  return world;
}

/** Starts both servers of a host. */
export function startHost(world: Cluster, host: string): void {
  const peers = host === 'h1' ? ['h3'] : ['h1'];
  const isMaster = host === 'h1' || host === 'h3';
  for (const side of ['a', 'b'] as const) world.start({ host, side, isMaster, peers });
}

/** Longer than a cold start takes. */
const SETTLED_MS = 8_000;
