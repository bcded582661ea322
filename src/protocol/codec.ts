// Messages to bytes and back: `[code, {field: value, …}]` in deterministic CBOR (RFC 8949, section
// 4.2.1). The invariant: any bytes give a message that fits its declaration, or a ProtocolError;
// the message shares no memory with the bytes. Only this file knows cbor-x: it switches off what
// has to be off there, and checks the bytes before it calls it.

import { Decoder, Encoder } from 'cbor-x';
import { ProtocolError } from './errors.ts';
import type {
  Arrived,
  Message,
  MessageKind,
  MessageOf,
  UnfitRequest,
  UnknownMessage,
} from './messages.ts';
import { MESSAGES } from './messages.ts';
import type { Instance } from './records.ts';
import { uint } from './scalars.ts';
import type { FieldSpec } from './schema.ts';
import { uintBytes, writeUint } from './uint.ts';
import { checkWellFormed } from './well-formed.ts';

/** The bytes of a message, unframed. Throws RangeError for a value that has no place on the wire. */
export function encodeMessage(message: Message): Uint8Array {
  const [content, rest] = encodePieces(message);
  return rest === undefined ? content : concatenated(content, rest);
}

/** The same bytes in a piece or two; the second is kept for other messages, so never change it. */
export function encodePieces(message: Message): readonly [Uint8Array, Uint8Array?] {
  const layout = LAYOUTS_BY_KIND.get(message.kind) ?? layoutOf(message.kind);
  // The number of missing hosts comes after the list; an incomplete view is rare and takes the
  // general way.
  if (message.kind === 'instances' && message.missingCount === undefined) {
    return encodeInstances(layout, message);
  }
  if (message.kind === 'change') {
    const { instance, ...said } = message;
    if (instance === undefined) return [VIEWS.bytesOf(layout, said)];
    return encodeChange(layout, said, instance);
  }
  return [encodeFields(layout, message)];
}

/**
 * The answer to a lookup from a complete view. Its list is its last key and nearly all of its bytes,
 * and the same list is asked for again and again: its bytes are kept as long as it lives. Before
 * the list only the number of the request differs from one answer to the next. Measured by `npm run
 * bench reads`. A list that was encoded once must not be changed.
 */
function encodeInstances(
  layout: Layout,
  message: MessageOf<'instances'>,
): readonly [Uint8Array, Uint8Array] {
  const { instances } = message;
  let list = ENCODED_LISTS.get(instances);
  if (list === undefined) {
    const value = MESSAGES.instances.fields.instances.encode(instances);
    list = concatenated(encoder.encode('instances'), encoder.encode(value));
    ENCODED_LISTS.set(instances, list);
  }
  return [ANSWER_HEADS.bytesOf(layout, message), list];
}

/**
 * The change of an instance. The instance is the last key and nearly all of the bytes, and many
 * watches are told of it one after the other: its bytes are kept until those of another one are
 * asked for. An instance that was encoded once must not be changed.
 */
function encodeChange(
  layout: Layout,
  said: Omit<MessageOf<'change'>, 'instance'>,
  instance: Instance,
): readonly [Uint8Array, Uint8Array?] {
  // Only a `view` has a count of hosts, which would come after the instance.
  if (said.missingCount !== undefined) return [encodeFields(layout, { ...said, instance })];
  return [withOneMore(encodeFields(layout, said)), encodedInstance(instance)];
}

function encodedInstance(instance: Instance): Uint8Array {
  if (latestInstance?.of !== instance) {
    const value = MESSAGES.change.fields.instance.encode(instance);
    const bytes = concatenated(encoder.encode('instance'), encoder.encode(value));
    latestInstance = { of: instance, bytes };
  }
  return latestInstance.bytes;
}

/** Only the latest, because the watches of one change are told one after the other. */
let latestInstance: { readonly of: Instance; readonly bytes: Uint8Array } | undefined;

/**
 * The bytes of messages of one kind that differ in their request alone. Only the latest are kept,
 * because such messages leave one after the other: answers share the view until it changes, and all
 * watches are told of a new view at once.
 */
class Sharing {
  /** The fields that are not in these bytes; one of them follows. */
  readonly #later: ReadonlySet<string>;
  #encoders: Layout['encoders'] | undefined;
  #latest: { readonly said: Values; readonly begin: Uint8Array; readonly end: Uint8Array } | null =
    null;

  constructor(later: readonly string[] = []) {
    this.#later = new Set(later);
  }

  bytesOf(layout: Layout, message: Requesting): Uint8Array {
    this.#encoders ??= layout.encoders.filter(([field]) => !this.#later.has(field));
    const encoders = this.#encoders;
    const given = message as Requesting & Values;
    let latest = this.#latest;
    if (latest === null || !differInRequest(encoders, latest.said, given)) {
      const said = Object.fromEntries(encoders.map(([field]) => [field, given[field]]));
      latest = { said, ...this.#around({ ...layout, encoders }, said) };
      this.#latest = latest;
    }
    const { begin, end } = latest;
    const request = uint.encode(given.request) as number | bigint;
    const bytes = new Uint8Array(begin.length + uintBytes(request) + end.length);
    bytes.set(begin);
    bytes.set(end, writeUint(bytes, begin.length, request));
    return bytes;
  }

  /** The bytes before and after the number of the request. */
  #around(layout: Layout, said: Values): { begin: Uint8Array; end: Uint8Array } {
    const { encoders } = layout;
    const at = encoders.findIndex(([field]) => field === 'request');
    const before = encodeFields({ ...layout, encoders: encoders.slice(0, at) }, said);
    const whole = encodeFields(layout, { ...said, request: 0 });
    if (this.#later.size > 0) withOneMore(whole);
    const end = before.length + encoder.encode('request').length;
    return { begin: whole.slice(0, end), end: whole.slice(end + uintBytes(0)) };
  }
}

/** Whether two messages say the same in some fields, but for their requests. */
function differInRequest(encoders: Layout['encoders'], one: Values, other: Values): boolean {
  for (const [field] of encoders) {
    if (one[field] !== other[field] && field !== 'request') return false;
  }
  return true;
}

/** A message whose last pair follows: its map has one more than is there. */
function withOneMore(bytes: Uint8Array): Uint8Array {
  bytes[MAP_AT] = (bytes[MAP_AT] ?? 0) + 1;
  return bytes;
}

/** Where the head of the map is: after that of an array of two, and a code below 24. */
const MAP_AT = 2;

const ANSWER_HEADS = new Sharing(['instances', 'missingCount']);
const VIEWS = new Sharing();

interface Requesting {
  readonly request: number;
}

function concatenated(one: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}

const ENCODED_LISTS = new WeakMap<object, Uint8Array>();

type Values = Readonly<Record<string, unknown>>;

function encodeFields(layout: Layout, values: Values): Uint8Array {
  const fields = new Map<string, unknown>();
  for (const [field, spec] of layout.encoders) {
    const value = values[field];
    if (value !== undefined) fields.set(field, spec.encode(value));
    else if (!spec.isOptional) throw new RangeError(`${layout.kind}: ${field} is missing`);
  }
  return encoder.encode([layout.code, fields]);
}

/** The message in some bytes. Throws ProtocolError when there is none. */
export function decodeMessage(bytes: Uint8Array): Arrived {
  const { code, fields } = decodeEnvelope(bytes);
  const kind = KINDS_BY_CODE.get(code);
  if (kind === undefined) return unknownMessage(code, fields);
  try {
    return decodeFields(LAYOUTS_BY_KIND.get(kind) ?? layoutOf(kind), fields);
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.kind !== 'refused') throw error;
    return unfitRequest(kind, fields, error.message);
  }
}

/** Only a request of a client can be unfit: another message is right, or it is a breach. */
function unfitRequest(kind: MessageKind, fields: FieldMap, reason: string): UnfitRequest {
  const request = MESSAGES[kind].from === 'client' ? requestOf(fields) : undefined;
  return request === undefined ? fail(reason) : { kind: 'unfit', request, reason };
}

type FieldMap = ReadonlyMap<unknown, unknown>;

function decodeEnvelope(bytes: Uint8Array): { code: number; fields: FieldMap } {
  const pairsCount = checkWellFormed(bytes);
  const item = decodeItem(bytes);
  if (!Array.isArray(item) || item.length < 2) return fail('expected an array of code and fields');
  const [code, fields] = item as readonly unknown[];
  if (!(fields instanceof Map)) return fail('expected a map of fields');
  if (fields.size !== pairsCount) return fail('a field is given twice');
  return { code: decodeField('code', uint, code), fields };
}

function decodeItem(bytes: Uint8Array): unknown {
  try {
    // A view of its own, because cbor-x adds a property to its input.
    return decoder.decode(bytes.subarray());
  } catch {
    // Well-formed CBOR that cbor-x refuses all the same: a size beyond its limits.
    return fail('too large to be read');
  }
}

function unknownMessage(code: number, fields: FieldMap): UnknownMessage {
  const request = requestOf(fields);
  return request === undefined ? { kind: 'unknown', code } : { kind: 'unknown', code, request };
}

function requestOf(fields: FieldMap): number | undefined {
  const given = fields.get('request');
  const request = typeof given === 'number' || typeof given === 'bigint' ? Number(given) : -1;
  return request >= 0 && Number.isSafeInteger(request) ? request : undefined;
}

function decodeFields(layout: Layout, fields: FieldMap): Message {
  const message: Record<string, unknown> = { kind: layout.kind };
  for (const [field, spec] of layout.decoders) {
    const what = `${layout.kind}: ${field}`;
    if (fields.has(field)) message[field] = decodeField(what, spec, fields.get(field));
    else if (!spec.isOptional) return fail(`${what} is missing`);
  }
  return message as unknown as Message;
}

function decodeField<T>(what: string, spec: FieldSpec<T>, value: unknown): T {
  try {
    return spec.decode(value);
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.kind === 'refused') throw error;
    return fail(`${what}: ${error.message}`);
  }
}

function fail(what: string): never {
  throw new ProtocolError('malformed-message', what);
}

interface Layout {
  readonly kind: MessageKind;
  readonly code: number;
  /** In the order of the deterministic encoding. */
  readonly encoders: readonly (readonly [field: string, spec: FieldSpec<unknown>])[];
  /** In the order of the declaration. */
  readonly decoders: readonly (readonly [field: string, spec: FieldSpec<unknown>])[];
}

/**
 * Only the layouts in use: a command sends three messages, and all layouts together delay its
 * start.
 */
const LAYOUTS_BY_KIND = new Map<MessageKind, Layout>();

const KINDS_BY_CODE: ReadonlyMap<number, MessageKind> = new Map(
  Object.entries(MESSAGES).map(([kind, { code }]) => [code, kind as MessageKind]),
);

function layoutOf(kind: MessageKind): Layout {
  if (!Object.hasOwn(MESSAGES, kind)) throw new RangeError(`no message is a ${kind}`);
  const { code, fields } = MESSAGES[kind];
  const decoders = Object.entries(fields) as unknown as Layout['decoders'];
  const encoders = decoders.toSorted(([a], [b]) => compareKeys(a, b));
  const layout = { kind, code, encoders, decoders };
  LAYOUTS_BY_KIND.set(kind, layout);
  return layout;
}

/** Bytewise order of encoded keys. For ASCII keys: the shorter first, then by their characters. */
function compareKeys(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}

/**
 * Maps as `Map`: no tag 259 on the way out, and no key that could reach a prototype on the way in.
 * No records, no typed-array tags: plain CBOR. Copies: views would keep the socket's buffers alive.
 */
export const PLAIN_CBOR = {
  mapsAsObjects: false,
  useRecords: false,
  tagUint8Array: false,
  variableMapSize: true,
  copyBuffers: true,
} as const;
const encoder = new Encoder(PLAIN_CBOR);
const decoder = new Decoder(PLAIN_CBOR);
