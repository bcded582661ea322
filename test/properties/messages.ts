// Random messages of every kind, for tests of a law of all of them.

import fc from 'fast-check';
import type { Message, MessageKind } from '../../src/protocol/messages.ts';
import { MESSAGES } from '../../src/protocol/messages.ts';
import { CAUSES } from '../../src/protocol/records.ts';
import type { AnyFieldSpec } from '../../src/protocol/schema.ts';

type Arbitraries = Readonly<Record<string, fc.Arbitrary<unknown>>>;

const uint = fc.oneof(
  fc.nat(30),
  fc.constantFrom(23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1),
  fc.maxSafeNat(),
);
const id = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));
const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);
const flag = fc.boolean();
const words = (...values: string[]) => fc.constantFrom(...values);
const many = <T>(item: fc.Arbitrary<T>, maxLength = 5) => fc.array(item, { maxLength });
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value);
const text = (bytesMax: number) =>
  fc
    .string({ unit: 'binary', maxLength: bytesMax })
    .map((value) => value.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, ''))
    .filter((value) => Buffer.byteLength(value) <= bytesMax);
/** A whole number to 2^52. */
const counter = uint.map((value) => Math.min(value, 2 ** 52));
const label = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,30}(-[0-9]{1,30})?$/);
/** An address of one machine. */
export const address = fc.oneof(
  fc.ipV4().filter((ip) => !/^(0\.0\.0\.0|255\.255\.255\.255|2(2[4-9]|3[0-9])\..*)$/.test(ip)),
  fc.ipV6().filter((ip) => /^[1-9a-e]/i.test(ip)),
  fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.')),
);
const serverAddress = fc
  .tuple(address, fc.integer({ min: 1, max: 65_535 }))
  .map(([host, port]) => `${host.includes(':') ? `[${host}]` : host}:${String(port)}`);
const scheme = fc.stringMatching(/^[A-Za-z][A-Za-z0-9+.-]{0,127}$/);

const facts = fc.record(
  {
    name,
    host: name,
    cluster: name,
    side: words('a', 'b'),
    role: words('master', 'leaf'),
    addresses: many(serverAddress, 8),
    silenceMs: fc.integer({ min: 100, max: 30_000 }),
  },
  { requiredKeys: ['name', 'host', 'cluster', 'side', 'role', 'addresses'] },
);
const registration = fc.record({
  instance: id,
  revision: counter,
  service: name,
  address,
  port: fc.integer({ min: 1, max: 65_535 }),
  scheme: orNull(scheme),
  tags: many(fc.record({ key: name, value: text(1024) })),
});
const offered = fc.oneof(
  registration,
  registration.map((one) => ({ ...one, address: '' })),
);
const cause = words(...CAUSES);
const detail = text(200);
const pace = {
  heartbeatMs: fc.integer({ min: 50, max: 10_000 }),
  silenceMs: fc.integer({ min: 100, max: 30_000 }),
};
const entry = fc.oneof(
  fc.record({ kind: words('facts'), facts }),
  fc.record({ kind: words('up'), peer: id }),
  fc.record({ kind: words('down'), peer: id, loss: words('closed', 'silent') }),
  fc.record({ kind: words('put'), registration }),
  fc.record(
    { kind: words('delete'), instance: id, cause, detail },
    { requiredKeys: ['kind', 'instance', 'cause'] },
  ),
  fc.record({ kind: words('bye') }),
  fc.record({ kind: words('missing'), hosts: many(name), count: uint }),
);
const instance = fc.record({
  registration,
  cluster: name,
  host: name,
  state: words('live', 'suspect', 'stale'),
});
const server = fc.record({
  origin: id,
  facts,
  state: words('reachable', 'suspect', 'split'),
  links: uint,
  registrations: uint,
  isSelf: flag,
  roundTripMicros: orNull(uint),
});
const gone = fc.record(
  { origin: id, facts, why: words('left', 'crashed', 'forgotten'), agoMs: uint, detail },
  { requiredKeys: ['origin', 'facts', 'why', 'agoMs'] },
);
const doubts = fc.record({
  lost: many(fc.record({ host: name, agoMs: uint }), 16),
  unanswered: many(text(255), 16),
});
const lines = many(fc.record({ origin: id, sequence: counter }));
const request = uint;
const why = words('unsynced', 'split', 'suspect', 'limit');
const view = { complete: flag, missing: many(name), missingCount: uint, why };

const EVENT_KEYS: ('number' | 'ageMs' | 'event' | 'host' | 'cluster' | 'servers')[] = [
  ...(['number', 'ageMs', 'event', 'host', 'cluster', 'servers'] as const),
];

const EVENT_SUBJECT: ('service' | 'instance' | 'address' | 'port')[] = [
  ...(['service', 'instance', 'address', 'port'] as const),
];

const FIELDS: Readonly<Record<MessageKind, Arbitraries>> = {
  welcome: { protocols: many(uint), environment: name, origin: id, facts, ...pace },
  hello: {
    protocol: uint,
    role: words('client', 'peer'),
    environment: name,
    origin: id,
    facts,
    ...pace,
  },
  error: { error: uint, reason: text(512), request, environment: name },
  goaway: {},
  ping: { stamp: uint },
  pong: { stamp: uint },
  sibling: {},
  address: { address },
  register: { request, registration: offered, key: id },
  deregister: { request, instance: id, cause, detail, key: id },
  lost: { instance: id },
  done: { request, address, count: uint },
  lookup: { request, service: name },
  instances: { request, ...view, instances: many(instance), more: flag, doubts },
  watch: { request, service: name, known: many(id) },
  unwatch: { request },
  change: {
    request,
    change: words('present', 'removed', 'view'),
    instance,
    cause,
    detail,
    ...view,
  },
  list: { request },
  services: {
    request,
    ...view,
    services: many(fc.record({ name, live: uint, stale: uint })),
    more: flag,
    doubts,
  },
  peers: { request, all: flag },
  servers: { request, ...view, servers: many(server), more: flag, gone: many(gone) },
  status: { request },
  report: {
    request,
    ...view,
    environment: name,
    state: words('isolated', 'split', 'degraded', 'healthy'),
    server,
    servers: fc.record({ reachable: uint, suspect: uint, split: uint }),
    masters: fc.record({ reachable: uint, known: uint }),
    services: uint,
    instances: fc.record({ live: uint, stale: uint }),
    gone: uint,
    reasons: many(fc.record({ code: text(200), message: text(512), hint: text(512) })),
  },
  forget: { request, host: name, token: id },
  history: {
    request,
    limit: uint,
    service: name,
    host: name,
    instance: id,
    withinMs: uint,
    after: uint,
  },
  events: {
    request,
    reachesBackMs: uint,
    rows: many(
      fc.record(
        {
          number: uint,
          ageMs: uint,
          event: words('registered', 'removed', 'crashed', 'link-down', 'unknown'),
          host: name,
          cluster: name,
          servers: many(name, 8),
          service: orNull(name),
          instance: orNull(id),
          address: orNull(address),
          port: orNull(uint),
          cause: words('closed', 'silent', 'split', 'unknown'),
          detail,
        },
        { requiredKeys: [...EVENT_KEYS, ...EVENT_SUBJECT] },
      ),
    ),
    more: flag,
  },
  digest: { ...view, lines, goodbyes: many(id), more: flag },
  entries: {
    batches: many(
      fc.record({
        origin: id,
        first: counter.map((first) => Math.min(first, 2 ** 52 - 12)),
        entries: many(entry, 12),
      }),
    ),
  },
  snapshot: {
    origin: id,
    sequence: counter,
    part: uint,
    facts,
    links: many(id),
    registrations: many(registration),
    more: flag,
    missing: many(name),
    missingCount: uint,
    bare: fc.boolean(),
  },
  want: { lines },
  offer: { lines },
  prune: { origins: many(id) },
  check: {
    lines: many(fc.record({ origin: id, sequence: counter, hash: uint })),
    count: uint,
    hash: uint,
    more: flag,
  },
  view,
};

/** Any message, its optional fields now there and now not. */
export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  ...Object.entries(FIELDS).map(([kind, fields]) => messageOf(kind as MessageKind, fields)),
);

function messageOf(kind: MessageKind, fields: Arbitraries): fc.Arbitrary<Message> {
  const requiredKeys = Object.entries<AnyFieldSpec>(MESSAGES[kind].fields)
    .filter(([, spec]) => !spec.isOptional)
    .map(([field]) => field);
  return fc
    .record(fields, { requiredKeys })
    .map((values) => ({ kind, ...values }) as unknown as Message);
}
