// The records that messages are made of: what an origin says about itself (its log) and what a
// server tells a client about an instance or about another server. Each is declared once; types,
// checks and CDDL follow. `messages.ts` is the table that puts them on the wire.

import {
  ADDRESSES_MAX,
  BATCH_ENTRIES_MAX,
  DETAIL_BYTES_MAX,
  DOUBTS_MAX,
  EVENT_SERVERS_MAX,
  HOST_BYTES_MAX,
  MISSING_NAMES_MAX,
  SILENCE_MS_MAX,
  HEARTBEAT_MS_MIN,
  HEARTBEAT_MS_MAX,
  SEQUENCE_MAX,
  TAG_VALUE_BYTES_MAX,
  TAGS_MAX,
  REASON_BYTES_MAX,
} from './constants.ts';
import {
  address,
  addressOrOwn,
  flag,
  instanceId,
  integer,
  name,
  oneOf,
  originId,
  revision,
  scheme,
  sequence,
  serverAddress,
  text,
  uint,
} from './scalars.ts';
import type { FieldSpec } from './schema.ts';
import { list, optional, orNull, row, variant, where } from './schema.ts';

type Of<S> = S extends FieldSpec<infer T> ? T : never;

const silenceMs = integer(2 * HEARTBEAT_MS_MIN, SILENCE_MS_MAX);

const tag = row('tag', { key: name, value: text(TAG_VALUE_BYTES_MAX) });

/**
 * The facts about an origin: the first entry of its log. They give its silence if it is not the
 * usual one.
 */
export const facts = row('facts', {
  name,
  host: name,
  cluster: name,
  side: oneOf('a', 'b'),
  role: oneOf('master', 'leaf'),
  addresses: list(serverAddress, ADDRESSES_MAX),
  silenceMs: optional(silenceMs),
});
export type Facts = Of<typeof facts>;

const registered = (place: FieldSpec<string>) => ({
  instance: instanceId,
  revision,
  service: name,
  address: place,
  port: integer(1, 65_535),
  scheme: orNull(scheme),
  tags: list(tag, TAGS_MAX),
});

/** The record of an instance. The higher revision wins; only the service itself raises it. */
export const registration = row('registration', registered(address));
export type Registration = Of<typeof registration>;

/** What a client registers. An empty address stands for the host part of the advertised address. */
export const offered = row('offered', registered(addressOrOwn));
export type Tag = Of<typeof tag>;

/** Why an instance is gone. */
export const CAUSES = [
  'closed',
  'deregistered',
  'unhealthy',
  'crash',
  'replaced',
  'unknown',
] as const;
export const cause = oneOf(...CAUSES);
export type Cause = Of<typeof cause>;

/** Who or what removed an instance, for people; no rule looks at it. */
export const detail = optional(text(DETAIL_BYTES_MAX));

/**
 * Why a link is down: the other end has closed it, it fell silent, or its author gave it up, and knows
 * that the other end was there.
 */
export const loss = oneOf('closed', 'silent', 'released');
export type Loss = Of<typeof loss>;

/** Hosts that are missing; a count beside it says how many they are in all. */
export const missingHosts = list(name, MISSING_NAMES_MAX);

/** An entry of a log. `bye` is an origin's last. */
export const entry = variant('entry', {
  facts: { code: 0, doc: 'The facts about the origin; always its first entry.', fields: { facts } },
  up: { code: 1, doc: 'A link to another origin is up.', fields: { peer: originId } },
  down: { code: 2, doc: 'A link is down, and how it was lost.', fields: { peer: originId, loss } },
  put: { code: 3, doc: 'An instance is registered or changed.', fields: { registration } },
  delete: { code: 4, doc: 'An instance is gone.', fields: { instance: instanceId, cause, detail } },
  bye: { code: 5, doc: 'The origin goes away on purpose.', fields: {} },
  missing: {
    code: 6,
    doc: 'The hosts that a net-split took from the origin, or that it has lost just now and of which others may know nothing; and how many they are. None when all are back. It stands for all that was said before.',
    fields: { hosts: missingHosts, count: uint },
  },
});
export type Entry = Of<typeof entry>;

/** A run of entries of one origin; `first` is the sequence of the first of them. */
export const batch = where(
  row('batch', { origin: originId, first: sequence, entries: list(entry, BATCH_ENTRIES_MAX) }),
  {
    holds: ({ first, entries }) => first + entries.length - 1 <= SEQUENCE_MAX,
    otherwise: 'batch: entries beyond the last sequence',
  },
);
export type Batch = Of<typeof batch>;

/** A line of a digest: an origin, and the sequence of it that a server has. */
export const line = row('line', { origin: originId, sequence });
export type Line = Of<typeof line>;

/** A line of a check: as of that sequence the origin's state has this hash. */
export const checkLine = row('check-line', { origin: originId, sequence, hash: uint });

/** What a lookup says of an instance. `suspect` is live, ranked last. */
export const instanceState = oneOf('live', 'suspect', 'stale');
export type InstanceState = Of<typeof instanceState>;

/**
 * Whether clients should use it. An unknown word of a newer version counts as the last known state.
 */
export function isLive(state: InstanceState): boolean {
  return IS_LIVE[state];
}

const IS_LIVE: Readonly<Record<InstanceState, boolean>> = {
  live: true,
  suspect: true,
  stale: false,
  unknown: false,
};

/** An instance as a client sees it: the registration, where it is, and its state. */
export const instance = row('instance', {
  registration,
  cluster: name,
  host: name,
  state: instanceState,
});
export type Instance = Of<typeof instance>;

/** A service and how many instances of it there are. */
export const service = row('service', { name, live: uint, stale: uint });
export type Service = Of<typeof service>;

/** A server as another one sees it. `roundTripMicros` is null without a direct link. */
export const serverRow = row('server', {
  origin: originId,
  facts,
  state: oneOf('reachable', 'suspect', 'split'),
  links: uint,
  registrations: uint,
  isSelf: flag,
  roundTripMicros: orNull(uint),
});
export type ServerRow = Of<typeof serverRow>;

/** A server that has left, or was lost and given up; `agoMs` is since it was last in reach. */
export const gone = row('gone', {
  origin: originId,
  facts,
  why: oneOf('left', 'crashed', 'forgotten'),
  agoMs: uint,
  detail,
});
export type GoneRow = Of<typeof gone>;

/**
 * What a complete view cannot know: hosts that were lost a while ago, and peers that never
 * answered.
 */
export const doubts = row('doubts', {
  lost: list(row('lost-host', { host: name, agoMs: uint }), DOUBTS_MAX),
  unanswered: list(text(HOST_BYTES_MAX), DOUBTS_MAX),
});
export type Doubts = Of<typeof doubts>;

/** Something that is wrong at a server: its code, a sentence, and what to do. */
export const reason = row('reason', {
  code: text(DETAIL_BYTES_MAX),
  message: text(REASON_BYTES_MAX),
  hint: text(REASON_BYTES_MAX),
});
export type Reason = Of<typeof reason>;

/** What happens to instances, to servers and to the links of a server. */
export const EVENT_KINDS = [
  ...(['registered', 'changed', 'removed', 'stale', 'live'] as const),
  ...(['reachable', 'suspect', 'crashed', 'split', 'left', 'forgotten', 'link-down'] as const),
] as const;
export const eventKind = oneOf(...EVENT_KINDS);
export type EventKind = Of<typeof eventKind>;

/** Why it happened: as of a removal, or of a link, or because of a net-split. */
export const EVENT_CAUSES = [...CAUSES, 'silent', 'split'] as const;
export const eventCause = oneOf(...EVENT_CAUSES);
export type EventCause = Of<typeof eventCause>;

/**
 * Something that a server saw, numbered by that server from 1. In an event of a server, `service`
 * and the later fields are null; in one of an instance, `servers` are those that held it.
 */
export const eventRow = row('event', {
  number: uint,
  ageMs: uint,
  event: eventKind,
  host: name,
  cluster: name,
  servers: list(name, EVENT_SERVERS_MAX),
  service: orNull(name),
  instance: orNull(instanceId),
  address: orNull(address),
  port: orNull(uint),
  cause: optional(eventCause),
  detail,
});
export type EventRow = Of<typeof eventRow>;

export const optionalCause = optional(cause);
export const optionalInstance = optional(instance);

/** Why a view is not complete: the first of these that applies. */
export const WHYS = ['unsynced', 'split', 'suspect', 'limit'] as const;
export const why = optional(oneOf(...WHYS));

/** What every answer says of the view behind it. */
export const view = {
  complete: flag,
  missing: missingHosts,
  missingCount: optional(uint),
  why,
};

/** How often an end sends signs of life, and how long it may be silent. */
export const pace = {
  heartbeatMs: optional(integer(HEARTBEAT_MS_MIN, HEARTBEAT_MS_MAX)),
  silenceMs: optional(silenceMs),
};
