// Ports that the sidecar chooses (`--port 0`), and how the command is told: `{port}` in its words and
// PORT in its environment are the first of them; `{port:NAME}` and PORT_NAME are that of a service.
// The invariant: where no port was chosen, words and environment are as they were given.

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

import { RarangiError } from '../index.ts';
import { keyOf, type SidecarService } from './service.ts';

/** A port that was chosen. */
export interface ChosenPort {
  /** The key of the service, before it had a port. */
  readonly key: string;
  readonly name: string;
  readonly port: number;
}

/** Chooses a free port for every service that has none. */
export async function choosePorts(services: readonly SidecarService[]): Promise<ChosenPort[]> {
  const open = services
    .filter(({ offer }) => offer.port === 0)
    .map((service) => ({ service, server: createServer().listen(0) }));
  // All are open at once, so no two are the same.
  const chosen = open.map(async ({ service, server }) => {
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { key: keyOf(service), name: service.offer.name, port };
  });
  const ports = await Promise.all(chosen);
  await Promise.all(open.map(({ server }) => once(server.close(), 'close')));
  return ports;
}

/** The services with their ports. Throws RARANGI_USAGE when none was chosen for one of them. */
export function withPorts(
  services: readonly SidecarService[],
  chosen: readonly ChosenPort[],
): readonly SidecarService[] {
  return services.map((service) => {
    const { offer } = service;
    if (offer.port !== 0) return service;
    const port = chosen.find(({ key }) => key === keyOf(service))?.port;
    if (port !== undefined) return { ...service, offer: { ...offer, port } };
    throw RarangiError.usage(
      `port 0 of ${offer.name} needs a command, which is told the port that was chosen`,
      'add a command after --, or give a port',
    );
  });
}

/** The words of the command, with ports in their places. */
export function toldWords(words: readonly string[], chosen: readonly ChosenPort[]): string[] {
  const [first] = chosen;
  return words.map((word) =>
    word.replace(/\{port(?::([^{}]*))?\}/g, (place, name?: string) => {
      const found = name === undefined ? first : chosen.find((one) => one.name === name);
      return found === undefined ? place : String(found.port);
    }),
  );
}

/** The variables that the command gets besides. */
export function toldEnvironment(chosen: readonly ChosenPort[]): Record<string, string> {
  const named = chosen.map(({ name, port }) => [variableOf(name), String(port)] as const);
  const [first] = chosen;
  return {
    ...Object.fromEntries(named.reverse()),
    ...(first === undefined ? {} : { PORT: String(first.port) }),
  };
}

function variableOf(name: string): string {
  return `PORT_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
}
