// The limits of a server towards others, as one table. The invariant: the share of one client or
// one address is bounded, so that it can neither fill the server nor keep others out. The decoder
// has more limits: the lengths in protocol/constants.ts.

import { UNREAD_BYTES_MAX, UNREAD_BYTES_SUM_MAX } from '../kit/unread-bytes.ts';
import type { ServerOptions } from './options.ts';

const MIB = 1_024 * 1_024;

interface LimitSpec {
  readonly max: number;
  /** The thing that is counted. */
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
    hint: 'try another server, or raise --max-connections of this one',
    max: 10_000,
    option: '--max-connections',
    doc: 'Connections of all clients; each takes some 10 kB. Further clients are refused; up to a thousand servers are let in all the same.',
  },
  'connections-per-address': {
    noun: 'connections of one address',
    hint: 'close some of them, or raise --max-connections-per-address of this server',
    max: 4_096,
    option: '--max-connections-per-address',
    doc: 'Connections of one address, the UNIX socket counting as one: no host fills a server by itself. At the limit its oldest connection that has not shaken hands is closed; if it has none, the newcomer is refused. All users of the host share the socket: there the longest idle connection that has not shaken hands, or session without registration or watch, is closed; if there is none, the newcomer is refused.',
  },
  strangers: {
    noun: 'connections that have not shaken hands',
    hint: 'try again',
    max: 4_096,
    doc: 'Connections that have not yet shaken hands: as many as the listen queue of the kernel holds, so that a boot storm passes. At the limit the oldest is closed and the newcomer is served.',
  },
  registrations: {
    noun: 'registrations',
    hint: 'register at another host, or raise --max-registrations of this server',
    max: 500_000,
    option: '--max-registrations',
    doc: 'Registrations that the clients of one server hold; each takes some 700 bytes. Further ones are refused.',
  },
  'registrations-per-session': {
    noun: 'registrations of one session',
    hint: 'open another session',
    max: 16_384,
    doc: 'Registrations of one session: a process offers a few services, a gateway those of a fleet. Further ones are refused.',
  },
  bytes: {
    noun: 'bytes that clients hold',
    hint: 'register at another host, or raise --max-bytes of this server',
    max: 256 * MIB,
    option: '--max-bytes',
    doc: 'What the registrations and the watches of all clients of one server take on the wire. In memory they take twice as much, and small ones more: docs/operations.md has figures. Further ones are refused.',
  },
  'bytes-per-session': {
    noun: 'bytes of one session',
    hint: 'open another session',
    max: 16 * MIB,
    doc: 'The same of one session: a thousand bytes for each registration that the session may have. Further ones are refused.',
  },
  'bytes-per-log': {
    noun: 'bytes of the log of one server',
    hint: 'register at another host',
    max: 64 * MIB,
    doc: 'What the registrations and the links of one server take on the wire: room for half a million registrations of 130 bytes. A server refuses a registration that would make its own log larger. If a larger log arrives, it takes in no registration of it, and names that host as missing.',
  },
  'bytes-of-logs': {
    noun: 'bytes of the logs of all other servers',
    hint: 'see which servers there are: rarangi peers',
    max: 512 * MIB,
    doc: 'The same for all other servers together: room for four million instances, and as much again for what is on its way. One bad server can make up others. Beyond the limit the servers of the hosts that became known last are kept without their registrations, and those hosts are named as missing. If that is not enough, the link to the neighbour that has brought most is closed.',
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
  'watches-of-one-service': {
    noun: 'watches of one service in one session',
    hint: 'watch the service once, and share what the watch brings',
    max: 16,
    doc: 'Watches of one service in one session: each change of it is sent once for each of them. Our own programs watch a service once. Further ones are refused.',
  },
  'known-per-session': {
    noun: 'known instances of one session',
    hint: 'begin the watch without known instances',
    max: 65_536,
    doc: 'Instances that the watches of one session may bring along from another server. A watch with more is refused.',
  },
  'bytes-of-changes': {
    noun: 'bytes of changes that watches have yet to be told',
    hint: 'see which clients watch so much',
    max: 256 * MIB,
    doc: 'A change is told to some 1,024 watches at once, and waits for the others. Beyond this the sessions that are furthest behind are closed.',
  },
  'forgets-per-minute': {
    noun: 'hosts given up in a minute',
    hint: 'wait a minute',
    max: 60,
    doc: 'Hosts that the clients of one server may give up in a minute (`peers --forget`): every server of the fleet is told of each. Further ones are refused. In all, a server passes on 1,024 in a minute.',
  },
  'messages-per-second': {
    noun: 'messages a second of one session',
    hint: 'send fewer messages',
    max: 20_000,
    doc: 'Messages of one session, after a first 20,000: a fraction of what a server can answer. Twenty rows of an answer count as one more message. A session that sends faster is read more slowly.',
  },
  'unread-ms': {
    noun: 'milliseconds for answers that nobody reads',
    hint: 'read the answers',
    max: 15_000,
    doc: 'How long a server waits for a client that does not read its answers; meanwhile it reads nothing from that client. Then it closes the connection.',
  },
  'unread-bytes': {
    noun: 'bytes of answers that nobody reads',
    hint: 'read the answers',
    max: UNREAD_BYTES_MAX,
    doc: 'What may wait in memory for one connection, twice the answer for a hundred thousand instances. Beyond it the connection is closed.',
  },
  'unread-bytes-in-all': {
    noun: 'bytes that all clients have not read',
    hint: 'see which clients do not read their answers',
    max: UNREAD_BYTES_SUM_MAX,
    doc: 'What may wait in memory for all clients together, four times what may wait for one. Beyond it the connections with the most are closed, until three quarters of it are left. Links of servers neither count nor are closed for it.',
  },
  'origins-per-link': {
    noun: 'origins of one neighbour',
    hint: 'see which program is at that address',
    max: 65_536,
    doc: 'Origins, and links to them, that one neighbour may speak of: sixty times the hosts that one environment is made for. The link to a neighbour with more is closed. A server keeps as many in all: it takes no further ones in, and its view is not complete as long as a neighbour names them.',
  },
  'registrations-per-log': {
    noun: 'registrations of one server',
    hint: 'see which program is at that address',
    max: 1_048_576,
    doc: 'Registrations of one server that a neighbour may send. The link to a neighbour that sends more is closed.',
  },
} as const satisfies Readonly<Record<string, LimitSpec>>;

/** The name of a limit. */
export type LimitName = keyof typeof LIMITS;

/** The number of a limit: the operator's, if there is one. */
export function maxOf({ limits }: ServerOptions, name: LimitName): number {
  const own: Readonly<Partial<Record<LimitName, number>>> = limits ?? {};
  return own[name] ?? LIMITS[name].max;
}
