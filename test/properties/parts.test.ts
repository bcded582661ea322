// Measured bytes equal the encoder's, and every sent message is accepted.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMessage, encodeMessage } from '../../src/protocol/codec.ts';
import { DOUBTS_MAX, FRAME_BYTES_MAX } from '../../src/protocol/constants.ts';
import type { InstanceId, Name } from '../../src/protocol/ids.ts';
import type { Message } from '../../src/protocol/messages.ts';
import { MESSAGES } from '../../src/protocol/messages.ts';
import { messageBytes, partsOf } from '../../src/protocol/parts.ts';
import type { Facts, Registration } from '../../src/protocol/records.ts';
import type { AnyFieldSpec } from '../../src/protocol/schema.ts';
import { anyMessage } from './messages.ts';

test('a message is as long as it is measured, whatever it carries', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      expect(messageBytes(message)).toBe(encodeMessage(message).length);
    }),
    { numRuns: 2_000 },
  );
});

const longName = (at: number): Name => `${String(at)}-`.padEnd(128, 'y') as Name;
const idOf = (at: number): string => at.toString(16).padStart(32, '0');
/** The longest address of a machine, and that of a server there. */
const longAddress = Array.from({ length: 4 }, () => 'z'.repeat(63))
  .join('.')
  .slice(0, 253);
const longServerAddress = `${longAddress}:65535`;
const facts: Facts = {
  name: longName(1),
  host: longName(2),
  cluster: longName(3),
  side: 'a',
  role: 'master',
  addresses: Array.from({ length: 8 }, () => longServerAddress),
};
const tags = Array.from({ length: 15 }, (_, at) => ({
  key: longName(at),
  value: 'v'.repeat(1024),
}));
const registrationOf = (at: number): Registration => ({
  instance: idOf(at) as InstanceId,
  revision: 2 ** 52,
  service: longName(1),
  address: longAddress,
  port: 65_535,
  scheme: 's'.repeat(128),
  tags,
});

/** The largest item that a list in a message may have, by the field's name. */
const LARGEST: Readonly<Record<string, (at: number) => unknown>> = {
  instances: (at) => ({
    registration: registrationOf(at),
    cluster: longName(1),
    host: longName(2),
    state: 'suspect',
  }),
  services: (at) => ({ name: longName(at), live: 2 ** 52, stale: 2 ** 52 }),
  servers: (at) => ({
    origin: idOf(at),
    facts,
    state: 'reachable',
    links: 2 ** 52,
    registrations: 2 ** 52,
    isSelf: false,
    roundTripMicros: 2 ** 52,
  }),
  lines: (at) => ({ origin: idOf(at), sequence: 2 ** 52, hash: 2 ** 32 - 1 }),
  goodbyes: (at) => idOf(at),
  batches: (at) => ({
    origin: idOf(at),
    first: 2 ** 52 - 8,
    entries: Array.from({ length: 8 }, () => ({ kind: 'put', registration: registrationOf(at) })),
  }),
  links: (at) => idOf(at),
  registrations: registrationOf,
  origins: (at) => idOf(at),
  gone: (at) => ({
    origin: idOf(at),
    facts,
    why: 'forgotten',
    agoMs: 2 ** 52,
    detail: 'd'.repeat(200),
  }),
  rows: (at) => ({
    number: at,
    ageMs: 2 ** 52,
    event: 'removed',
    host: longName(2),
    cluster: longName(3),
    servers: Array.from({ length: 8 }, (_, index) => longName(index)),
    service: longName(1),
    instance: idOf(at),
    address: longAddress,
    port: 2 ** 52,
    cause: 'deregistered',
    detail: 'd'.repeat(200),
  }),
};

const kindsInParts = Object.entries(MESSAGES).filter(([, spec]) => 'parts' in spec);

test.for(kindsInParts.map(([kind]) => kind))('%s of any length fits frames', (kind) => {
  const message = largest(kind as Message['kind']);

  const parts = partsOf(message);

  expect(parts.length).toBeGreaterThan(1);
  for (const part of parts) expect(encodeMessage(part).length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
  for (const field of manyFieldsOf(kind as Message['kind'])) {
    const whole = (message as unknown as Record<string, readonly unknown[]>)[field];
    const joined = parts.flatMap((part) => {
      return (part as unknown as Record<string, readonly unknown[]>)[field];
    });
    expect(joined).toEqual(whole);
  }
  if (!('more' in MESSAGES[kind as Message['kind']].fields)) return;
  const more = parts.map((part) => 'more' in part && part.more);
  expect(more).toEqual(parts.map((_, index) => index < parts.length - 1));
});

test('every message at all its bounds fits a frame', () => {
  for (const kind of Object.keys(MESSAGES) as Message['kind'][]) {
    for (const part of partsOf(largest(kind))) {
      const bytes = encodeMessage(part);
      expect(bytes.length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
      expect(decodeMessage(bytes).kind).toBe(kind);
    }
  }
});

function manyFieldsOf(kind: Message['kind']): string[] {
  const fields = Object.entries<AnyFieldSpec>(MESSAGES[kind].fields);
  return fields.filter(([, spec]) => spec.item !== undefined).map(([field]) => field);
}

/** A message with every list as long as can be, or longer than any frame. */
function largest(kind: Message['kind']): Message {
  const message: Record<string, unknown> = { kind };
  for (const [field, spec] of Object.entries<AnyFieldSpec>(MESSAGES[kind].fields)) {
    message[field] = spec.item === undefined ? BOUNDED[field] : listOf(LARGEST[field]!);
    // Fields of one name that differ from message to message.
    if (kind === 'change' && field === 'instance') message[field] = LARGEST['instances']!(1);
    if (kind === 'report' && field === 'servers') {
      message[field] = { reachable: 2 ** 52, suspect: 2 ** 52, split: 2 ** 52 };
    }
    if (kind === 'report' && field === 'instances') message[field] = { live: 2 ** 52, stale: 1 };
    if (kind === 'report' && field === 'services') message[field] = 2 ** 52;
    if (kind === 'report' && field === 'state') message[field] = 'isolated';
    if (kind === 'check' && field === 'more') message[field] = false;
    const isThere = message[field] !== undefined || spec.isOptional;
    expect(isThere, `${kind}: ${field}`).toBe(true);
  }
  return message as unknown as Message;
}

function listOf(item: (at: number) => unknown): unknown[] {
  const count = Math.ceil((2.5 * FRAME_BYTES_MAX) / JSON.stringify(item(1)).length) * 2;
  return Array.from({ length: Math.max(count, 60) }, (_, at) => item(at));
}

const BOUNDED: Readonly<Record<string, unknown>> = {
  protocols: Array.from({ length: 16 }, () => 2 ** 52),
  protocol: 2,
  environment: longName(1),
  origin: idOf(1),
  facts,
  role: 'client',
  error: 1,
  reason: 'r'.repeat(512),
  request: 2 ** 52,
  stamp: 2 ** 52,
  registration: registrationOf(1),
  instance: idOf(1),
  cause: 'closed',
  address: longAddress,
  detail: 'd'.repeat(200),
  heartbeatMs: 10_000,
  silenceMs: 30_000,
  count: 2 ** 52,
  service: longName(1),
  complete: false,
  missing: Array.from({ length: 256 }, (_, at) => longName(at)),
  missingCount: 2 ** 52,
  why: 'unsynced',
  more: false,
  known: Array.from({ length: 32_768 }, (_, at) => idOf(at)),
  change: 'present',
  state: 'healthy',
  server: LARGEST['servers']!(1),
  masters: { reachable: 2 ** 52, known: 2 ** 52 },
  lock: 'certificate',
  host: longName(1),
  token: idOf(1),
  sequence: 2 ** 52,
  limit: 2 ** 52,
  withinMs: 2 ** 52,
  after: 2 ** 52,
  reachesBackMs: 2 ** 52,
  gone: 2 ** 52,
  doubts: {
    lost: Array.from({ length: DOUBTS_MAX }, (_, at) => ({ host: longName(at), agoMs: 2 ** 52 })),
    unanswered: Array.from({ length: DOUBTS_MAX }, () => longAddress),
  },
  part: 2 ** 52,
  hash: 2 ** 32 - 1,
  key: idOf(1),
};
