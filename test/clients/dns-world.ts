// A host in a network of its own, at the well-known ports, for programs that ask it by DNS.

import { join } from 'node:path';

import { eventually } from '../support/conditions.ts';
import type { Ended, Namespace, Running, Stage } from '../support/processes.ts';

export const ZONE = 'production.rarangi.internal';

/** The files that are shipped, which are tried as they are. */
export const RECIPES = join(import.meta.dirname, '../../packaging/resolvers');

/** A host with two servers, in a network of its own. */
export interface DnsHost {
  readonly namespace: Namespace;
  readonly a: Running;
  readonly b: Running;
  /** Resolves when all of its ports answer. */
  answers(): Promise<void>;
  /** Starts one more server of the host, which takes the side that is free. */
  serve(): Promise<Running>;
  /** The same, where its view cannot be complete. */
  serveAlone(words?: readonly string[]): Promise<Running>;
  /** Registers a service, which is held until the process ends. */
  offer(name: string, port: number, words?: readonly string[]): Promise<Running>;
  /** The same at so many ports in a row, by one process. */
  offerMany(name: string, first: number, count: number): Promise<Running>;
  /** Starts a program there. */
  spawn(words: readonly string[]): Running;
  /** Runs a program there to its end. */
  run(words: readonly string[]): Promise<Ended>;
}

/**
 * Starts a host, which has these addresses beside those of loopback. Resolves when its DNS answers at
 * all of its ports.
 */
export async function startDnsHost(
  stage: Stage,
  flags: readonly string[] = [],
  addresses: readonly string[] = [],
): Promise<DnsHost> {
  const namespace = await stage.openNamespace();
  const within = { within: namespace };
  const run = (words: readonly string[]): Promise<Ended> => stage.spawn(words, within).ended;
  for (const address of addresses) await run(['ip', 'address', 'add', address, 'dev', 'lo']);
  const serveAlone = async (words: readonly string[] = []): Promise<Running> => {
    const own = ['serve', '-e', 'production', '--host', 'h1', '--log-format=json', ...flags];
    const server = stage.start([...own, ...words], within);
    await server.said({ event: 'server-started' });
    return server;
  };
  const serve = async (): Promise<Running> => {
    const server = await serveAlone();
    await server.said({ event: 'view-complete' });
    return server;
  };
  const a = await serve();
  const b = await serve();
  const answers = async (): Promise<void> => {
    for (const port of ['17314', '17315', '17319']) await answersAt(run, port);
  };
  await answers();
  return {
    namespace,
    a,
    b,
    answers,
    serve,
    serveAlone,
    run,
    spawn: (words) => stage.spawn(words, within),
    offerMany: async (name, first, count) => {
      const offering = join(import.meta.dirname, 'offering.js');
      const words = [process.execPath, offering, name, String(first), String(count)];
      const service = stage.spawn(words, within);
      await service.said({ event: 'registered' });
      return service;
    },
    offer: async (name, port, words = []) => {
      const given = ['--name', name, '--port', String(port), '--address', '127.0.0.1', ...words];
      const offered = ['register', '-e', 'production', '--log-format=json', ...given];
      const service = stage.start(offered, within);
      await service.said({ event: 'registered' });
      return service;
    },
  };
}

/** Two more hosts, each with one server, in the same network. */
export interface Elsewhere {
  /** They fall silent, as if their cables were cut: neither the hosts nor what they said is gone. */
  cutOff(): Promise<void>;
}

/** Starts two more hosts, one of which has an instance of `web` at each of these ports. */
export async function startElsewhere(
  stage: Stage,
  host: DnsHost,
  ports: readonly number[],
): Promise<Elsewhere> {
  const within = { within: host.namespace };
  const servers: Running[] = [];
  for (const [name, address] of [
    ['h2', '127.0.0.12'],
    ['h3', '127.0.0.13'],
  ] as const) {
    const own = ['--host', name, '--bind', address, '--peer', '127.0.0.1', '--doors', 'none'];
    const words = ['serve', '-e', 'production', '--log-format=json', ...own];
    const server = stage.start(words, within);
    await server.said({ event: 'view-complete' });
    servers.push(server);
  }
  for (const port of ports) await host.offer('web', port, ['--server', '127.0.0.12']);
  const shown = kdig(17_319, `_web._tcp.${ZONE}`, 'SRV');
  await eventually(
    () => 'the instances of the other host in DNS',
    async () => {
      const { stdout } = await host.run(shown);
      return ports.every((port) => stdout.includes(` ${port} i-`)) ? true : undefined;
    },
  );
  return {
    cutOff: async () => {
      for (const server of servers) server.signal('SIGSTOP');
      await eventually(
        () => 'a split',
        async () => {
          // Each server of the host judges for itself.
          for (const port of [17_314, 17_315]) {
            const { stdout } = await host.run(kdig(port, '+edns', `none.${ZONE}`));
            if (!stdout.includes('cannot tell')) return undefined;
          }
          return true;
        },
      );
    },
  };
}

/** Words of kdig that ask a server of the host. */
export function kdig(port: number, ...words: readonly string[]): string[] {
  return ['kdig', '@127.0.0.1', '-p', String(port), '+timeout=1', '+retry=0', ...words];
}

async function answersAt(
  run: (words: readonly string[]) => Promise<Ended>,
  port: string,
): Promise<void> {
  await eventually(
    () => `DNS at port ${port}`,
    async () => {
      const { stdout } = await run(kdig(Number(port), ZONE, 'SOA'));
      return stdout.includes('NOERROR') ? true : undefined;
    },
  );
}
