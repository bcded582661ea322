// What a server bears from others, and what it does when that is reached: the oldest stranger goes,
// or what was asked is refused, or the asker is not read for a while. The invariant: what one client
// or one address may hold is bounded, so that it can neither fill the server nor keep others out.
// Beside the table, in the decoder: the lengths that protocol/constants.ts gives.

import type { MessageOf } from '../../../protocol/messages.ts';
import { messageBytes } from '../../../protocol/parts.ts';
import type { Registration } from '../../../protocol/records.ts';
import { registration as registrationRecord } from '../../../protocol/records.ts';
import type { ConnectionId } from '../../input.ts';
import type { ServerOptions } from '../options.ts';
import type { Connection, Link, Session, State } from '../state.ts';
import { Strangers } from './strangers.ts';

const MIB = 1_024 * 1_024;

interface LimitSpec {
  readonly max: number;
  /** What it is a number of. */
  readonly noun: string;
  /** What to do about it. */
  readonly hint: string;
  /** Where an operator may set another number. */
  readonly option?: string;
  readonly doc: string;
}

/** Every limit, with its reason. */
export const LIMITS = {
  connections: {
    noun: 'connections',
    hint: 'try another server, or raise its --max-connections',
    max: 10_000,
    option: '--max-connections',
    doc: "Clients' connections in all, at some 10 kB each. Further clients are refused; servers, a thousand of them, are let in all the same.",
  },
  'connections-per-address': {
    noun: 'connections of one address',
    hint: 'close some, or raise --max-connections-per-address',
    max: 4_096,
    option: '--max-connections-per-address',
    doc: 'Connections of one address, the UNIX socket counting as one: no host fills a server by itself. At the limit its oldest stranger goes; if it has none, the newcomer is refused. At the socket, where all users of the host come, the stranger or the session without registration or watch goes that has been idle longest; if there is none, the newcomer is refused.',
  },
  strangers: {
    noun: 'connections that have not shaken hands',
    hint: 'try again',
    max: 4_096,
    doc: 'Connections that have not yet shaken hands: as many as the listen queue of the kernel holds, so that a boot storm passes. At the limit the oldest goes and the newcomer is served.',
  },
  registrations: {
    noun: 'registrations',
    hint: 'use another host, or raise --max-registrations',
    max: 500_000,
    option: '--max-registrations',
    doc: 'Registrations that the clients of one server hold, at some 400 bytes each. Further ones are refused.',
  },
  'registrations-per-session': {
    noun: 'registrations of one session',
    hint: 'open another session',
    max: 16_384,
    doc: 'Registrations of one session: a process offers a few services, a gateway those of a fleet. Further ones are refused.',
  },
  bytes: {
    noun: 'bytes that clients hold',
    hint: 'use another host, or raise --max-bytes',
    max: 256 * MIB,
    option: '--max-bytes',
    doc: 'What the registrations and the watches of all clients of one server take on the wire. In memory it is twice as much, and more of small ones: docs/operations.md has it measured. Further ones are refused.',
  },
  'bytes-per-session': {
    noun: 'bytes of one session',
    hint: 'open another session',
    max: 16 * MIB,
    doc: 'The same of one session: a thousand bytes for each registration that it may have. Further ones are refused.',
  },
  'bytes-per-log': {
    noun: 'bytes of the log of one server',
    hint: 'use another host',
    max: 64 * MIB,
    doc: 'What the registrations of one server take on the wire, and what it is linked to: a hundred and thirty bytes for each of half a million. A server refuses what would make its own log larger. Of a larger one that arrives it takes in no registration, and names that host as missing.',
  },
  'registration-bytes': {
    noun: 'characters of one registration',
    hint: 'make its tags shorter',
    max: 16 * 1_024,
    doc: 'Characters of the address, the scheme and the tags of one registration, together: every server keeps each of them in memory. A larger one is refused.',
  },
  'watches-per-session': {
    noun: 'watches of one session',
    hint: 'open another session',
    max: 256,
    doc: 'Watches of one session: each change is compared with each. Further ones are refused.',
  },
  'known-per-session': {
    noun: 'known instances of one session',
    hint: 'watch without them',
    max: 65_536,
    doc: 'Instances that the watches of one session may bring along from another server. A watch with more is refused.',
  },
  'messages-per-second': {
    noun: 'messages a second of one session',
    hint: 'send fewer',
    max: 20_000,
    doc: 'Messages of one session, after a first 20,000, a fraction of what a server answers; twenty rows of an answer count as one more. Whoever sends faster is read more slowly.',
  },
  'unread-ms': {
    noun: 'milliseconds for answers that nobody reads',
    hint: 'read them',
    max: 15_000,
    doc: 'How long a client that does not read its answers is not read either. Then it is closed.',
  },
  'unread-bytes': {
    noun: 'bytes of answers that nobody reads',
    hint: 'read them',
    max: 64 * 1_024 * 1_024,
    doc: 'What may wait in memory for one connection, twice the answer for a hundred thousand instances. Beyond it the connection is closed.',
  },
  'unread-bytes-in-all': {
    noun: 'bytes that all clients have not read',
    hint: 'see who does not read',
    max: 256 * MIB,
    doc: 'What may wait in memory for all clients together, four times what may wait for one. Beyond it those with the most are closed, until three quarters of it are left. Links of servers neither count nor are closed for it.',
  },
  'origins-per-link': {
    noun: 'origins of one neighbour',
    hint: 'look what it is',
    max: 65_536,
    doc: 'Origins, and links to them, that one neighbour may speak of: sixty times the hosts that one environment is made for. A neighbour with more is closed.',
  },
  'registrations-per-log': {
    noun: 'registrations of one server',
    hint: 'look what it is',
    max: 1_048_576,
    doc: 'Registrations that a neighbour may say one server has. Of a neighbour with more the link is closed.',
  },
} as const satisfies Readonly<Record<string, LimitSpec>>;

/** The name of a limit. */
export type LimitName = keyof typeof LIMITS;

/** Servers are let in past the limit of clients, so that clients cannot split the catalogue. */
const PEERS_RESERVED = 1_024;

/** The number of a limit: the operator's, if he gave one. */
export function maxOf({ limits }: ServerOptions, name: LimitName): number {
  const own: Readonly<Partial<Record<LimitName, number>>> = limits ?? {};
  return own[name] ?? LIMITS[name].max;
}

/** Tells the operator that a limit was reached: once a minute for each, and how often it was. */
export function noteLimit(state: State, limit: LimitName, address: string): void {
  state.tally.add('limit-reached', [limit]);
  const told = state.limitsTold.get(limit);
  if (told !== undefined && state.nowMs - told.atMs < TOLD_EVERY_MS) {
    told.times += 1;
    return;
  }
  const times = (told?.times ?? 0) + 1;
  state.limitsTold.set(limit, { atMs: state.nowMs, times: 0 });
  const { noun } = LIMITS[limit];
  const hint = hintFor(state.options, limit);
  const max = maxOf(state.options, limit);
  state.out.notice('limit-reached', { limit, max, noun, address, times, hint });
}

/** What whoever asks for too much is told: the cause, and what to do. */
export function limitReason(state: State, limit: LimitName): string {
  const max = String(maxOf(state.options, limit));
  return `the limit is ${max} ${LIMITS[limit].noun}: ${hintFor(state.options, limit)}`;
}

/** What to do about a limit: a number that the system has made smaller is raised there. */
function hintFor({ areFilesFew = false }: ServerOptions, limit: LimitName): string {
  return areFilesFew && limit === 'connections' ? FEW_FILES_HINT : LIMITS[limit].hint;
}

/** Refuses a request that would break a limit, and tells both sides; the session goes on. */
export function refuseAtLimit(
  state: State,
  { connection }: Session,
  { request, limit }: { readonly request: number; readonly limit: LimitName },
): void {
  noteLimit(state, limit, connection.remote);
  state.out.sendRefusal(connection.id, request, limitReason(state, limit));
}

/** Who comes to a server, within its limits. */
export function strangersOf(options: ServerOptions): Strangers<ConnectionId> {
  return new Strangers({
    strangersMax: maxOf(options, 'strangers'),
    perAddressMax: maxOf(options, 'connections-per-address'),
  });
}

/** A connection was accepted: says which one must go for it, itself if no other can. */
export function admit(
  state: State,
  connection: Connection,
): { readonly leaving: Connection; readonly limit: LimitName } | null {
  if (isInner(connection)) return null;
  const admission = state.strangers.arrive(connection.id, hostOf(connection), state.nowMs);
  if (typeof admission === 'string') return null;
  const { limit } = admission;
  const leaving = state.connections.get(admission.leaving);
  if (leaving === undefined) return null;
  const isSocketFull = connection.transport === 'unix' && limit === 'connections-per-address';
  return { leaving: isSocketFull ? idlestBeside(state, leaving, connection) : leaving, limit };
}

/**
 * Every user of the host comes by the socket, so the places of one user must not shut out others:
 * of its strangers and its sessions without registration or watch the one goes that has said
 * nothing for longest. The newcomer itself goes only where all others hold something.
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
  const taken = state.connections.size - state.strangers.size;
  // Sessions of doors take nobody's place. They are looked for only where that decides.
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
  const owner = state.sessions.get(state.owners.get(instance) ?? session.connection.id);
  const freed = owner?.registrations.costAt(instance) ?? 0;
  const ofSession = bytes - session.registrations.costAt(instance);
  const limit = heldExcessOf(state, session, { inAll: bytes - freed, ofSession });
  if (limit !== null) return limit;
  const log = state.self.log.bytes + bytes - freed;
  return log > maxOf(state.options, 'bytes-per-log') ? 'bytes-per-log' : null;
}

/** What is to be held beside what is: whoever comes to hold less is never refused. */
function heldExcessOf(
  { options, heldBySessions }: State,
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
  const isFull = state.owners.size >= maxOf(state.options, 'registrations');
  return isFull && !state.owners.has(instance) ? 'registrations' : null;
}

/** The limit that one more watch would break. */
export function watchExcessOf(
  state: State,
  session: Session,
  asked: MessageOf<'watch'>,
): LimitName | null {
  const { watches } = session;
  const { request, known } = asked;
  if (!watches.has(request) && watches.size >= LIMITS['watches-per-session'].max) {
    return 'watches-per-session';
  }
  let knownCount = known.length;
  for (const { untold } of watches.values()) knownCount += untold.size;
  if (knownCount > LIMITS['known-per-session'].max) return 'known-per-session';
  const bytes = messageBytes(asked) - watches.costAt(request);
  return heldExcessOf(state, session, { inAll: bytes, ofSession: bytes });
}

/** The limit that a neighbour has broken with what it speaks of. */
export function linkExcessOf(
  state: State,
  link: Link,
  message: { readonly namedBefore: number; readonly batches?: MessageOf<'entries'>['batches'] },
): LimitName | null {
  const { max } = LIMITS['origins-per-link'];
  const counts = [link.cursors.size, link.expected.size, link.wants.size];
  // What another neighbour has brought is not this one's fault.
  const named = namedCount(state);
  if (named > message.namedBefore) counts.push(named);
  if (counts.some((count) => count > max)) return 'origins-per-link';
  const told = message.batches?.map(({ origin }) => state.origins.get(origin)?.log) ?? [];
  for (const log of [link.incoming, ...told]) {
    if (log !== null && log !== undefined && sizeOf(log.links) > max) return 'origins-per-link';
    const registrations = log === null || log === undefined ? 0 : sizeOf(log.registrations);
    if (registrations > LIMITS['registrations-per-log'].max) return 'registrations-per-log';
  }
  return null;
}

/** How many origins are known, or named by those that are. */
export function namedCount({ origins, unheard }: State): number {
  return Math.max(origins.size, unheard.size);
}

function sizeOf(items: readonly unknown[] | { readonly size: number }): number {
  return 'size' in items ? items.size : items.length;
}

/** Whether it is one of a door of this server, which counts those who come by it itself. */
function isInner({ transport }: Connection): boolean {
  return transport === 'inside' || transport === 'http';
}

/** Where a connection comes from; all that come by a UNIX socket are one. */
function hostOf({ transport, remote }: Connection): string {
  return transport === 'unix' ? 'the UNIX socket' : withoutPort(remote);
}

function withoutPort(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}

const FEW_FILES_HINT =
  'try another server, or let its process open more files: LimitNOFILE= of its unit, or ulimit -n';

/** A limit that lasts would fill the log. */
const TOLD_EVERY_MS = 60_000;
