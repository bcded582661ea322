// Where a client looks for servers: at the named ones, else at this host's: the sockets, then the
// well-known ports of loopback, A before B. The invariant: the environment's name is enough.

import type { Name } from '../../protocol/ids.ts';
import { join } from 'node:path';
import {
  expandAddress,
  formatAddress,
  LOOPBACK_HOSTS,
  socketFolders,
  socketName,
  wellKnownPorts,
} from '../machine/addresses.ts';
import type { ClientOptions } from './options.ts';
import { RarangiError } from '../rarangi-error.ts';

/** What a client may dial. */
export interface Candidates {
  /** In the order in which they are preferred. */
  readonly addresses: readonly string[];
  /** So many servers can be there at most; Infinity if that is not known. */
  readonly sessionsMax: number;
}

/** The addresses that a client's options mean. Throws RARANGI_USAGE. */
export function candidatesOf(options: ClientOptions, environment: Name): Candidates {
  const named = options.servers ?? [];
  if (named.length === 0) {
    return {
      addresses: [...localSockets(environment), ...localPorts(environment)],
      sessionsMax: 2,
    };
  }
  try {
    const addresses = named.flatMap((text) => expandAddress(text, { what: 'server', environment }));
    return { addresses: [...new Set(addresses)], sessionsMax: Infinity };
  } catch (error) {
    throw RarangiError.from(error, 'RARANGI_USAGE');
  }
}

/** Where the sockets of this host's servers would be. */
export function localSockets(environment: string): string[] {
  return (['a', 'b'] as const).flatMap((side) =>
    socketFolders().map((folder) => join(folder, socketName(environment, side))),
  );
}

function localPorts(environment: Name): string[] {
  const ports = wellKnownPorts(environment);
  if (ports === null) return [];
  return [ports.a, ports.b].flatMap((port) =>
    LOOPBACK_HOSTS.map((host) => formatAddress(host, port)),
  );
}
