// What happens at a limit: the oldest stranger is closed, or the request is refused, or the client
// is not read for a while. The numbers are in limits.ts.

import type { MessageOf } from '../../../protocol/messages.ts';
import { messageBytes } from '../../../protocol/parts.ts';
import type { Registration } from '../../../protocol/records.ts';
import { registration as registrationRecord } from '../../../protocol/records.ts';
import type { OriginId } from '../../../protocol/ids.ts';
import type { ConnectionId } from '../../input.ts';
import type { LimitName } from '../limits.ts';
import { limitReason, noteLimit } from '../limits-told.ts';
import { LIMITS, maxOf } from '../limits.ts';
import type { ServerOptions } from '../options.ts';
import type { Connection, Link, Session } from '../entities.ts';
import type { State } from '../state.ts';
import { Strangers } from './strangers.ts';

/** Servers are let in past the limit of clients, so that clients cannot split the catalogue. */
const PEERS_RESERVED = 1_024;

/** Refuses a request that would break a limit, and tells both sides; the session goes on. */
export function refuseAtLimit(
  state: State,
  { connection }: Session,
  { request, limit }: { readonly request: number; readonly limit: LimitName },
): void {
  noteLimit(state, limit, connection.remote);
  state.out.sendRefusal(connection.id, request, limitReason(state, limit));
}

/** Admits connections to a server, within its limits. */
export function strangersOf(options: ServerOptions): Strangers<ConnectionId> {
  return new Strangers({
    strangersMax: maxOf(options, 'strangers'),
    perAddressMax: maxOf(options, 'connections-per-address'),
  });
}

/** A connection was accepted: returns the one that must close for it, itself if no other can. */
export function admit(
  state: State,
  connection: Connection,
): { readonly leaving: Connection; readonly limit: LimitName } | null {
  if (isInner(connection)) return null;
  const admission = state.linking.strangers.arrive(connection.id, hostOf(connection), state.nowMs);
  if (typeof admission === 'string') return null;
  const { limit } = admission;
  const leaving = state.connections.get(admission.leaving);
  if (leaving === undefined) return null;
  const isSocketFull = connection.transport === 'unix' && limit === 'connections-per-address';
  return { leaving: isSocketFull ? idlestBeside(state, leaving, connection) : leaving, limit };
}

/**
 * All users of the host share the socket, so one user must not shut out others. Among its strangers
 * and its sessions without registration or watch, the one that has been silent longest is closed.
 * The newcomer itself is closed only if all others hold something.
 */
function idlestBeside(state: State, stranger: Connection, newcomer: Connection): Connection {
  let idlest = stranger;
  for (const { connection, registrations, watches } of state.sessions.values()) {
    if (connection.transport !== 'unix' || registrations.size + watches.size > 0) continue;
    if (idlest === newcomer || connection.heardMs < idlest.heardMs) idlest = connection;
  }
  return idlest;
}

/** The addresses, without ports, of the servers that are configured or known. */
export function serverHosts({ options, origins }: State): Set<string> {
  const hosts = new Set<string>();
  for (const address of options.peers) hosts.add(withoutPort(address));
  for (const { log } of origins.values()) {
    for (const address of log.facts.addresses) hosts.add(withoutPort(address));
  }
  return hosts;
}

/** Whether one more client or server that shakes hands has room; a door of this server always has. */
export function hasRoom(
  state: State,
  role: 'client' | 'peer',
  { transport }: Pick<Connection, 'transport'>,
): boolean {
  if (transport === 'inside') return true;
  const max = maxOf(state.options, 'connections') + (role === 'peer' ? PEERS_RESERVED : 0);
  const taken = state.connections.size - state.linking.strangers.size;
  // Sessions of doors take no place. They are counted only where that decides.
  return taken < max || taken - insideCount(state) < max;
}

function insideCount({ connections }: State): number {
  let count = 0;
  for (const { transport } of connections.values()) if (transport === 'inside') count += 1;
  return count;
}

/** The limit that one more registration would break. */
export function excessOf(
  state: State,
  session: Session,
  registration: Registration,
): LimitName | null {
  return (
    piecesExcessOf(state, session, registration) ?? bytesExcessOf(state, session, registration)
  );
}

function bytesExcessOf(
  state: State,
  session: Session,
  registration: Registration,
): LimitName | null {
  const { instance } = registration;
  const bytes = registrationRecord.bytes(registration);
  const owner = state.sessions.get(state.clients.owners.get(instance) ?? session.connection.id);
  const freed = owner?.registrations.costAt(instance) ?? 0;
  const ofSession = bytes - session.registrations.costAt(instance);
  const limit = heldExcessOf(state, session, { inAll: bytes - freed, ofSession });
  if (limit !== null) return limit;
  const log = state.self.log.bytes + bytes - freed;
  return log > maxOf(state.options, 'bytes-per-log') ? 'bytes-per-log' : null;
}

/** The additional bytes: a change to fewer bytes is never refused. */
function heldExcessOf(
  { options, clients: { held: heldBySessions } }: State,
  { held }: Session,
  more: { readonly inAll: number; readonly ofSession: number },
): LimitName | null {
  const { inAll, ofSession } = more;
  if (ofSession > 0 && held.bytes + ofSession > maxOf(options, 'bytes-per-session')) {
    return 'bytes-per-session';
  }
  return inAll > 0 && heldBySessions.bytes + inAll > maxOf(options, 'bytes') ? 'bytes' : null;
}

function piecesExcessOf(
  state: State,
  session: Session,
  registration: Registration,
): LimitName | null {
  const { instance, address, scheme, tags } = registration;
  let characters = address.length + (scheme?.length ?? 0);
  for (const { key, value } of tags) characters += key.length + value.length;
  if (characters > LIMITS['registration-bytes'].max) return 'registration-bytes';
  const { registrations } = session;
  const isOwn = registrations.has(instance);
  if (!isOwn && registrations.size >= LIMITS['registrations-per-session'].max) {
    return 'registrations-per-session';
  }
  const isFull = state.clients.owners.size >= maxOf(state.options, 'registrations');
  return isFull && !state.clients.owners.has(instance) ? 'registrations' : null;
}

/** The limit that one more watch would break. */
export function watchExcessOf(
  state: State,
  session: Session,
  asked: MessageOf<'watch'>,
): LimitName | null {
  const { watches } = session;
  const { request, service, known } = asked;
  if (!watches.has(request) && watches.size >= LIMITS['watches-per-session'].max) {
    return 'watches-per-session';
  }
  let knownCount = known.length;
  let sameCount = 1;
  for (const [other, watch] of watches) {
    knownCount += watch.untold.size;
    if (other !== request && watch.service === service) sameCount += 1;
  }
  if (sameCount > LIMITS['watches-of-one-service'].max) return 'watches-of-one-service';
  if (knownCount > LIMITS['known-per-session'].max) return 'known-per-session';
  const bytes = messageBytes(asked) - watches.costAt(request);
  return heldExcessOf(state, session, { inAll: bytes, ofSession: bytes });
}

/** A link that must be closed, and the limit that its other end has broken. */
interface LinkExcess {
  readonly link: Link;
  readonly limit: LimitName;
}

/** The limit that a neighbour has broken with its origins or their registrations. */
export function linkExcessOf(
  state: State,
  link: Link,
  message: { readonly bytesBefore: number; readonly batches: MessageOf<'entries'>['batches'] },
): LinkExcess | null {
  const max = maxOf(state.options, 'origins-per-link');
  if (link.progress.namedCount > max) return { link, limit: 'origins-per-link' };
  const told = message.batches.map(({ origin }) => state.origins.get(origin)?.log);
  for (const log of [link.progress.incoming, ...told]) {
    if (log !== null && log !== undefined && sizeOf(log.links) > max) {
      return { link, limit: 'origins-per-link' };
    }
    const registrations = log === null || log === undefined ? 0 : sizeOf(log.registrations);
    if (registrations > LIMITS['registrations-per-log'].max) {
      return { link, limit: 'registrations-per-log' };
    }
  }
  return sumExcessOf(state, message.bytesBefore);
}

/**
 * If all logs are too large even without registrations, somebody makes up servers and links. To blame
 * is who has brought the most of them, not whose message comes next.
 */
function sumExcessOf(state: State, bytesBefore: number): LinkExcess | null {
  const { bytes } = state.reach.heldByLogs;
  if (bytes <= bytesBefore || bytes <= maxOf(state.options, 'bytes-of-logs')) return null;
  const brought = new Map<OriginId, number>();
  for (const { source, log } of state.origins.values()) {
    if (source !== null) brought.set(source, (brought.get(source) ?? 0) + log.bytes);
  }
  let most: { readonly id: OriginId; readonly bytes: number } | null = null;
  for (const [id, sum] of brought) if (sum > (most?.bytes ?? 0)) most = { id, bytes: sum };
  const link = most === null ? undefined : state.links.get(most.id);
  return link === undefined ? null : { link, limit: 'bytes-of-logs' };
}

function sizeOf(items: readonly unknown[] | { readonly size: number }): number {
  return 'size' in items ? items.size : items.length;
}

/** Whether it belongs to a door of this server, which counts its own clients. */
function isInner({ transport }: Connection): boolean {
  return transport === 'inside' || transport === 'http';
}

/** Where a connection comes from; all of a UNIX socket count as one. */
function hostOf({ transport, remote }: Connection): string {
  return transport === 'unix' ? 'the UNIX socket' : withoutPort(remote);
}

function withoutPort(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}
