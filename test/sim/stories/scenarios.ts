// Small worlds that stories begin with: some hosts, two servers on each, masters on some, all
// complete.

import type { ClusterOptions, ServerSpec } from '../world/cluster.ts';
import { Cluster } from '../world/cluster.ts';

/** The settings of a small world. */
export interface SettledOptions extends Partial<ClusterOptions> {
  readonly hosts: number;
  /** The hosts of the masters; `h1` and `h3` if not said. */
  readonly masters?: readonly string[];
  /** Other settings of a host's servers. */
  readonly specOf?: (host: string) => Partial<ServerSpec>;
  readonly settledMs?: number;
  /** The network from the beginning. */
  readonly prepare?: (world: Cluster) => void;
}

/** A world of hosts `h1`, `h2`, … that has settled. */
export function settledCluster(options: SettledOptions): Cluster {
  const { hosts, masters, specOf, settledMs = SETTLED_MS, prepare, ...rest } = options;
  const world = new Cluster({ seed: 1, ...rest });
  prepare?.(world);
  for (let index = 1; index <= hosts; index += 1) {
    const host = `h${String(index)}`;
    startHost(world, host, { masters, ...specOf?.(host) });
  }
  world.run(settledMs);
  return world;
}

/** Starts both servers of a host. */
export function startHost(
  world: Cluster,
  host: string,
  spec: Partial<ServerSpec> & { readonly masters?: readonly string[] | undefined } = {},
): void {
  const { masters = MASTERS, ...more } = spec;
  const peers = masters.filter((master) => master !== host).slice(0, 1);
  const isMaster = masters.includes(host);
  for (const side of ['a', 'b'] as const) world.start({ host, side, isMaster, peers, ...more });
}

const MASTERS = ['h1', 'h3'];

/** Longer than a cold start takes. */
const SETTLED_MS = 8_000;
