// THE TABLE: every message of the protocol, who sends it, what it means and what it carries.
// The static types, the checks (codec.ts), rarangi.cddl and the MESSAGES section of
// rarangi-protocol(7) follow from it. Codes are append-only: a retired one stays, with its reason.

import { KNOWN_MAX, PROTOCOLS_MAX, REASONS_MAX, REASON_BYTES_MAX } from './constants.ts';
import { many, optionalMany } from './many.ts';
import {
  batch,
  cause,
  checkLine,
  detail,
  doubts,
  eventRow,
  facts,
  gone,
  instance,
  line,
  missingHosts,
  offered,
  optionalCause,
  optionalInstance,
  pace,
  reason,
  registration,
  serverRow,
  service,
  view,
  why,
} from './records.ts';
import {
  address,
  flag,
  instanceId,
  instanceKey,
  name,
  oneOf,
  originId,
  sequence,
  text,
  uint,
} from './scalars.ts';
import type { AnyFieldSpec, Shape, FieldSpec, FieldSpecs } from './schema.ts';
import { list, optional, row } from './schema.ts';

interface Described {
  readonly code: number;
  readonly from: 'any' | 'server' | 'client' | 'peer';
  readonly doc: string;
}

/** Every field has a bound, so that the message fits a frame. */
interface Whole extends Described {
  readonly fields: FieldSpecs;
}

type PartFields = Readonly<Record<string, AnyFieldSpec>>;

/** It has lists of any length, which parts.ts cuts: each part stands for itself, or `more` follow. */
type Parted = Described &
  (
    | { readonly parts: 'each'; readonly fields: PartFields }
    | { readonly parts: 'more'; readonly fields: PartFields & { readonly more: MoreSpec } }
  );

type MoreSpec = Pick<FieldSpec<boolean>, 'encode' | 'decode'>;

type MessageSpec = Whole | Parted;

const request = uint;
const counts = (rule: string) => row(rule, { reachable: uint, suspect: uint, split: uint });

/** Every message, by the name of its kind. */
export const MESSAGES = {
  welcome: {
    code: 1,
    from: 'server',
    doc: 'The first message on every connection: who the server is, and for which environment.',
    fields: {
      protocols: list(uint, PROTOCOLS_MAX),
      environment: name,
      origin: originId,
      facts,
      ...pace,
    },
  },
  hello: {
    code: 2,
    from: 'any',
    doc: 'The answer to `welcome`: a client or a peer; a peer says who it is.',
    fields: {
      protocol: uint,
      role: oneOf('client', 'peer'),
      environment: name,
      origin: optional(originId),
      facts: optional(facts),
      ...pace,
    },
  },
  error: {
    code: 3,
    from: 'any',
    doc: 'Something is wrong. The code says what, and whether the connection ends with it.',
    fields: {
      error: uint,
      reason: text(REASON_BYTES_MAX),
      request: optional(request),
      environment: optional(name),
    },
  },
  goaway: {
    code: 4,
    from: 'server',
    doc: 'The server goes away on purpose: use another one.',
    fields: {},
  },
  ping: {
    code: 5,
    from: 'any',
    doc: 'A sign of life. With a stamp it asks for a `pong`.',
    fields: { stamp: optional(uint) },
  },
  pong: {
    code: 6,
    from: 'any',
    doc: 'The answer to a `ping` with a stamp, which it returns.',
    fields: { stamp: uint },
  },
  sibling: {
    code: 7,
    from: 'server',
    doc: 'The other server of this host is up: a client that has no session with it should dial it.',
    fields: {},
  },
  address: {
    code: 8,
    from: 'server',
    doc: 'The host part of the advertised address has changed: a client that left its address empty registers anew. Without it the host of the server has lost that address.',
    fields: { address: optional(address) },
  },
  lost: {
    code: 9,
    from: 'server',
    doc: 'An instance of this session is gone from it though nobody gave it up here: another session has registered it, or the server has lost it. Register anew, with a new key.',
    fields: { instance: instanceId },
  },
  register: {
    code: 10,
    from: 'client',
    doc: 'Registers an instance, or changes it. It lives as long as the session, or until another session registers it with the same key. An empty address stands for the host part of what the server advertises.',
    fields: { request, registration: offered, key: instanceKey },
  },
  deregister: {
    code: 11,
    from: 'client',
    doc: 'Gives an instance up.',
    fields: { request, instance: instanceId, cause, detail, key: instanceKey },
  },
  done: {
    code: 12,
    from: 'server',
    doc: 'The answer to `register`, with the address in use, to `deregister`, and to `forget`, with the number of servers dropped.',
    fields: { request, address: optional(address), count: optional(uint) },
  },
  lookup: {
    code: 13,
    from: 'client',
    doc: 'Asks for the instances of a service.',
    fields: { request, service: name },
  },
  instances: {
    code: 14,
    from: 'server',
    parts: 'more',
    doc: 'The answer to `lookup`; with `more`, another part follows.',
    fields: {
      request,
      ...view,
      instances: many(instance),
      more: flag,
      doubts: optional(doubts),
    },
  },
  watch: {
    code: 15,
    from: 'client',
    doc: 'Asks for the instances of a service and for every change from then on. `known` are the instances that the client has from before.',
    fields: { request, service: name, known: list(instanceId, KNOWN_MAX) },
  },
  unwatch: {
    code: 16,
    from: 'client',
    doc: 'Ends a watch.',
    fields: { request },
  },
  change: {
    code: 17,
    from: 'server',
    doc: 'A part of the present set, the mark where it ends (`synced`), or a change. `view` says that completeness changed.',
    fields: {
      request,
      change: oneOf('present', 'synced', 'added', 'updated', 'stale', 'live', 'removed', 'view'),
      instance: optionalInstance,
      cause: optionalCause,
      detail,
      complete: optional(flag),
      missing: optional(missingHosts),
      missingCount: optional(uint),
      why,
    },
  },
  list: {
    code: 18,
    from: 'client',
    doc: 'Asks for the services.',
    fields: { request },
  },
  services: {
    code: 19,
    from: 'server',
    parts: 'more',
    doc: 'The answer to `list`; with `more`, another part follows.',
    fields: {
      request,
      ...view,
      services: many(service),
      more: flag,
      doubts: optional(doubts),
    },
  },
  peers: {
    code: 20,
    from: 'client',
    doc: 'Asks for the servers; with `all`, also for those that have gone lately.',
    fields: { request, all: optional(flag) },
  },
  servers: {
    code: 21,
    from: 'server',
    parts: 'more',
    doc: 'The answer to `peers`; with `more`, another part follows.',
    fields: {
      request,
      ...view,
      servers: many(serverRow),
      more: flag,
      gone: optionalMany(gone),
    },
  },
  status: {
    code: 22,
    from: 'client',
    doc: 'Asks how the server is.',
    fields: { request },
  },
  report: {
    code: 23,
    from: 'server',
    doc: 'The answer to `status`. A server is isolated if it can reach none of another host, though there are some; split if some are split off; degraded if there is any of the `reasons`.',
    fields: {
      request,
      ...view,
      environment: name,
      state: oneOf('isolated', 'split', 'degraded', 'healthy'),
      server: serverRow,
      servers: counts('server-counts'),
      masters: row('master-counts', { reachable: uint, known: uint }),
      services: uint,
      instances: row('instance-counts', { live: uint, stale: uint }),
      lock: optional(oneOf('none', 'secret', 'certificate')),
      reasons: optional(list(reason, REASONS_MAX)),
      gone: optional(uint),
    },
  },
  forget: {
    code: 24,
    from: 'any',
    doc: 'Drops the split servers of a host, and no longer waits for an answer from it, here and at every server that can be reached. `token` is random and tells a repetition.',
    fields: { request, host: name, token: instanceId },
  },
  history: {
    code: 25,
    from: 'client',
    doc: 'Asks for the newest events: `limit` at most, of a service, of a host, of an instance, no older than `withinMs`, of a number above `after`.',
    fields: {
      request,
      limit: uint,
      service: optional(name),
      host: optional(name),
      instance: optional(instanceId),
      withinMs: optional(uint),
      after: optional(uint),
    },
  },
  events: {
    code: 26,
    from: 'server',
    parts: 'more',
    doc: 'The answer to `history`, the oldest first; with `more`, another part follows. The server has seen all that happened in the last `reachesBackMs`. Ages are of the moment of the answer: there is no time of day.',
    fields: { request, reachesBackMs: uint, rows: many(eventRow), more: flag },
  },

  digest: {
    code: 40,
    from: 'peer',
    parts: 'more',
    doc: "With this a link begins, at both ends: the reachable origins and their sequences, the goodbyes remembered, and what the sender's own view is. With `more`, another part follows.",
    fields: { ...view, lines: many(line), goodbyes: many(originId), more: flag },
  },
  entries: {
    code: 41,
    from: 'peer',
    parts: 'each',
    doc: 'New entries of one or several origins.',
    fields: { batches: many(batch) },
  },
  snapshot: {
    code: 42,
    from: 'peer',
    parts: 'more',
    doc: "An origin's state as of a sequence, in parts numbered from 0; with `more`, another part follows. The first part says what is missing there, and whether the log is `bare`: kept without its registrations, which are more than the sender takes in.",
    fields: {
      origin: originId,
      sequence,
      part: uint,
      facts,
      links: many(originId),
      registrations: many(registration),
      more: flag,
      missing: optional(missingHosts),
      missingCount: optional(uint),
      bare: optional(flag),
    },
  },
  want: {
    code: 43,
    from: 'peer',
    parts: 'each',
    doc: "What the sender has of these origins: the receiver's cursors move there, and what is ahead of them is sent or, at an equal sequence, offered.",
    fields: { lines: many(line) },
  },
  offer: {
    code: 44,
    from: 'peer',
    parts: 'each',
    doc: 'The sender can reach these origins, and has them at these sequences.',
    fields: { lines: many(line) },
  },
  check: {
    code: 45,
    from: 'peer',
    parts: 'more',
    doc: 'Every 10 s: the origins that changed, and one combined hash of all that can be reached. With `more`, another part follows.',
    fields: { lines: many(checkLine), count: uint, hash: uint, more: optional(flag) },
  },
  view: {
    code: 46,
    from: 'peer',
    doc: "The sender's view has changed: whether it is complete, and which hosts it misses.",
    fields: view,
  },
  prune: {
    code: 47,
    from: 'peer',
    parts: 'each',
    doc: 'The sender gets these origins sooner from elsewhere: the receiver only offers new entries of them, and sends those that are wanted.',
    fields: { origins: many(originId) },
  },
} as const satisfies Readonly<Record<string, MessageSpec>>;

type Table = typeof MESSAGES;

/** The name of a message's kind. */
export type MessageKind = keyof Table;

/** The static type of one kind of message. */
export type MessageOf<K extends MessageKind> = { readonly kind: K } & Shape<Table[K]['fields']>;

/** Any message. */
export type Message = { [K in MessageKind]: MessageOf<K> }[MessageKind];

/** A message of a kind that this version does not know. */
export interface UnknownMessage {
  readonly kind: 'unknown';
  readonly code: number;
  readonly request?: number;
}

/** A request with a text that is no address or no scheme: refused, and the session goes on. */
export interface UnfitRequest {
  readonly kind: 'unfit';
  readonly request: number;
  readonly reason: string;
}

/** The possible contents of a frame. */
export type Arrived = Message | UnknownMessage | UnfitRequest;
