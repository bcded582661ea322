// Several hosts, two servers each, and services that are registered at both servers of their host:
// the setting for measurements of change. The services are sessions of this process.

import { RarangiError, status, type StatusReport } from '../../src/index.ts';
import { type Bench, type Server, until } from './processes.ts';
import { keyOf, openSession, registerOf, registrationOf, type Session } from './wire.ts';

/** A host. */
export interface Host {
  readonly address: string;
  readonly servers: Server[];
}

/** Starts hosts, the first two of them masters. Resolves when all servers reach each other. */
export async function startFleet(bench: Bench, count: number): Promise<Host[]> {
  const addresses = Array.from({ length: count }, () => bench.address());
  const hosts = await Promise.all(addresses.map((address) => startHost(bench, address, addresses)));
  const servers = hosts.flatMap((host) => host.servers);
  await until('all reach each other', () =>
    doAllSay(servers, (report) => report.servers.reachable === servers.length),
  );
  return hosts;
}

/** Starts both servers of a host of these. */
export async function startHost(
  bench: Bench,
  address: string,
  addresses: readonly string[],
): Promise<Host> {
  const masters = addresses.slice(0, 2);
  const peers = masters.filter((each) => each !== address).map((each) => `--peer=${each}`);
  const words = masters.includes(address) ? ['--master', ...peers] : peers;
  const host = `h${String(addresses.indexOf(address) + 1)}`;
  const servers = await Promise.all([1, 2].map(() => bench.serve({ address, host, words })));
  return { address, servers };
}

/** Whether every server answers so; one that is too busy to answer does not. */
export async function doAllSay(
  servers: readonly Pick<Server, 'address'>[],
  isSo: (report: StatusReport) => boolean,
): Promise<boolean> {
  const asked = servers.map(async ({ address }) => {
    try {
      return isSo(await status({ servers: [address], timeoutMs: 30_000 }));
    } catch (error) {
      if (error instanceof RarangiError && error.retryable) return false;
      throw error;
    }
  });
  return (await Promise.all(asked)).every((answer) => answer);
}

/** Services of a host. */
export class Services {
  readonly #sessions: readonly Session[];
  #requests = 0;

  constructor(sessions: readonly Session[]) {
    this.#sessions = sessions;
  }

  static async open({ servers }: Host): Promise<Services> {
    return new Services(await Promise.all(servers.map(({ address }) => openSession(address))));
  }

  /** Registers an instance, or changes it by a higher revision. */
  put(index: number, revision: number): void {
    const registration = { ...registrationOf(index), revision };
    for (const session of this.#sessions) {
      session.send(registerOf(this.#nextRequest(), registration));
    }
  }

  drop(index: number): void {
    const { instance } = registrationOf(index);
    for (const session of this.#sessions) {
      session.send({
        kind: 'deregister',
        request: this.#nextRequest(),
        instance,
        cause: 'deregistered',
        key: keyOf(instance),
      });
    }
  }

  close(): void {
    for (const session of this.#sessions) session.close();
  }

  #nextRequest(): number {
    this.#requests += 1;
    return this.#requests;
  }
}
