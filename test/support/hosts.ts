// Hosts of a cluster on one machine: each is an address of loopback, with two servers.

import type { Running, Stage } from './processes.ts';

/** A host and its two servers. */
export interface Host {
  readonly name: string;
  readonly address: string;
  readonly a: Running;
  readonly b: Running;
}

/** The settings of `rarangi serve` on a host. */
export interface HostOptions {
  readonly name: string;
  readonly address: string;
  readonly isMaster: boolean;
  /** The hosts to start from. */
  readonly peers: readonly string[];
}

/** Starts a server by the words of `serveWords`. */
export type Starter = (words: readonly string[]) => Running;

/** The words that start a server of a host; which side it is, the bind decides. */
export function serveWords({ name, address, isMaster, peers }: HostOptions): string[] {
  return [
    'serve',
    '--log-format=json',
    `--host=${name}`,
    `--bind=${address}`,
    ...(isMaster ? ['--master'] : []),
    ...peers.map((peer) => `--peer=${peer}`),
  ];
}

/** Starts both servers of a host. Resolves when their sockets listen. */
export async function startHost(
  stage: Stage,
  options: HostOptions,
  start: Starter = (words) => stage.start(words),
): Promise<Host> {
  const words = serveWords(options);
  const started = [start(words), start(words)];
  const sides = await Promise.all(
    started.map(async (server) => {
      const { side } = await server.said({ event: 'server-started' });
      return { server, side };
    }),
  );
  const serverOf = (wanted: string): Running => sides.find(({ side }) => side === wanted)!.server;
  const { name, address } = options;
  return { name, address, a: serverOf('a'), b: serverOf('b') };
}

/**
 * Starts hosts h1, h2 … with two servers each; the first two are masters. Resolves when every one
 * of the servers can reach all others. Hosts may be started in a way of their own, by their names.
 */
export async function startHosts(
  stage: Stage,
  hostsCount: number,
  starters: Readonly<Record<string, Starter>> = {},
): Promise<Host[]> {
  const places = Array.from({ length: hostsCount }, (_, index) => ({
    name: `h${String(index + 1)}`,
    address: stage.address(),
  }));
  const masters = places.slice(0, 2).map(({ address }) => address);
  const hosts = await Promise.all(
    places.map(({ name, address }) =>
      startHost(
        stage,
        {
          name,
          address,
          isMaster: masters.includes(address),
          peers: masters.filter((master) => master !== address),
        },
        starters[name],
      ),
    ),
  );
  await Promise.all(hosts.flatMap(({ a, b }) => [...reachedBy(a, hosts), ...reachedBy(b, hosts)]));
  return hosts;
}

/** Resolves when the view of every server is complete, as at a cold start it is after a while. */
export async function allComplete(hosts: readonly Host[]): Promise<void> {
  const servers = hosts.flatMap(({ a, b }) => [a, b]);
  await Promise.all(servers.map((server) => server.said({ event: 'view-complete' })));
}

function reachedBy(server: Running, hosts: readonly Host[]): Promise<unknown>[] {
  return hosts.flatMap(({ name, a, b }) =>
    [
      { other: a, server: `${name}-a` },
      { other: b, server: `${name}-b` },
    ]
      .filter(({ other }) => other !== server)
      .map(({ server: reached }) => server.said({ event: 'origin-reachable', server: reached })),
  );
}
