// Telling a server something that no other server says: as a late one might, or a foolish one.

import type { InstanceId, Name, OriginId } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/messages.ts';
import type { Entry, Facts, Registration } from '../../../src/protocol/records.ts';
import type { Cluster } from '../world/cluster.ts';

/** Nobody. */
export const STRANGER = 'cd'.repeat(16) as OriginId;

/** Tells h1-a something, as a server on another host: on that one, if it is given. */
export function tell(world: Cluster, message: Message, from?: string): void {
  const server = world.server('h1-a');
  const link = [...server.core.state.links].find(([id]) => {
    const host = hostOf(world, id);
    return from === undefined ? host !== 'h1' : host === from;
  })?.[1];
  const connection = link?.connection.id ?? 0;
  server.process.give((nowMs) => ({ kind: 'received', connection, message, nowMs }));
}

function hostOf(world: Cluster, id: OriginId): string {
  return world.servers.find(({ core }) => core.state.self.id === id)?.spec.host ?? '';
}

/** The facts of a master on a host. */
export function factsOf(host: string): Facts {
  const name = `${host}-a` as Name;
  const place = { name, host: host as Name, cluster: 'default' as Name, side: 'a' } as const;
  return { ...place, role: 'master', addresses: [`${host}:17330`] };
}

/** A registration on a host. */
export function registrationAt(host: string, instance: InstanceId): Registration {
  const offer = { service: 'db' as Name, address: host, port: 1, scheme: null, tags: [] };
  return { instance, revision: 1, ...offer };
}

/** The first entries of the log of a master without links. */
export function logOf(origin: OriginId, host: string, instance: InstanceId): Message {
  const entries: Entry[] = [
    { kind: 'facts', facts: factsOf(host) },
    { kind: 'put', registration: registrationAt(host, instance) },
  ];
  return { kind: 'entries', batches: [{ origin, first: 1, entries }] };
}
