// Cuts messages so that receivers accept every part. The invariant: each part of any message of the
// table fits a frame: lists that stand in a message are cut here, all else has a bound in its type.
// A list that is sent again is cut only once: its parts are the same lists again, so that the codec
// finds their bytes.

import { FRAME_BYTES_TARGET } from './constants.ts';
import { taken } from './many.ts';
import type { Message, MessageKind } from './messages.ts';
import { MESSAGES } from './messages.ts';
import type { AnyFieldSpec, FieldSpec } from './schema.ts';

/** The message, in as many parts as it takes; a message that fits is the only one, unchanged. */
export function partsOf(message: Message): readonly Message[] {
  const columns = MANY_BY_KIND.get(message.kind) ?? manyOf(message.kind);
  if (columns.length === 0) return [message];
  const values = message as unknown as Readonly<Record<string, readonly unknown[]>>;
  const isOne = columns.every(
    ([field, item]) => cutOf(values[field] ?? NOTHING, item).length === 1,
  );
  if (isOne) return [message];
  const cuts = columns.map(([field, item]) => cutOf(values[field] ?? NOTHING, item));
  const count = Math.max(...cuts.map((cut) => cut.length));
  return Array.from({ length: count }, (_, index) => {
    const part: Record<string, unknown> = { ...message };
    for (const [at, [field]] of columns.entries()) {
      if (values[field] !== undefined) part[field] = cuts[at]?.[index] ?? NOTHING;
    }
    if ('more' in MESSAGES[message.kind].fields)
      part['more'] = index < count - 1 || isMore(message);
    return part as unknown as Message;
  });
}

/** The whole message in bytes, unframed. */
export function messageBytes(message: Message): number {
  const values = message as unknown as Readonly<Record<string, unknown>>;
  let bytes = HEAD_BYTES;
  for (const [field, spec] of Object.entries<AnyFieldSpec>(MESSAGES[message.kind].fields)) {
    const value = values[field];
    if (value !== undefined) bytes += 1 + field.length + spec.bytes(value as never);
  }
  return bytes + (MESSAGES[message.kind].code < SHORT_CODE ? 0 : 1);
}

type Many = readonly (readonly [field: string, item: FieldSpec<unknown>])[];

function manyOf(kind: MessageKind): Many {
  const fields = Object.entries(MESSAGES[kind].fields) as unknown as [string, AnyFieldSpec][];
  const found = fields.flatMap(([field, spec]) => {
    return spec.item !== undefined
      ? [[field, spec.item as unknown as FieldSpec<unknown>] as const]
      : [];
  });
  MANY_BY_KIND.set(kind, found);
  return found;
}

function cutOf(all: readonly unknown[], item: FieldSpec<unknown>): readonly (readonly unknown[])[] {
  const known = CUTS.get(all);
  if (known !== undefined) return known;
  const cut: (readonly unknown[])[] = [];
  let start = 0;
  do {
    const { end } = taken(all, start, { bytesOf: item.bytes, bytesMax: FRAME_BYTES_TARGET });
    cut.push(start === 0 && end === all.length ? all : all.slice(start, end));
    start = end;
  } while (start < all.length);
  CUTS.set(all, cut);
  return cut;
}

function isMore(message: Message): boolean {
  return 'more' in message && message.more;
}

const MANY_BY_KIND = new Map<MessageKind, Many>();
const CUTS = new WeakMap<object, readonly (readonly unknown[])[]>();
const NOTHING: readonly never[] = [];

/** An array of two, a code below 24, and a map of less than 24 fields. */
const HEAD_BYTES = 3;
const SHORT_CODE = 24;
