// The bytes of messages on the wire, without writing them: the codec measures each record once, and
// a message is the sum of its records. The invariant: the result is the length of the bytes that
// the shell would write, frame and all; scale.test.ts compares the two.

import { encodeMessage } from '../../../src/protocol/codec.ts';
import { encodeFrame } from '../../../src/protocol/frame.ts';
import type { Message } from '../../../src/protocol/messages.ts';
import type { Batch, Entry, Registration } from '../../../src/protocol/records.ts';

/** The bytes of a message in its frame. */
export function bytesOf(message: Message): number {
  const bytes = contentBytes(message);
  return headBytes(bytes) + bytes;
}

/** The bytes of a message in its frame, as the codec writes it. */
export function encodedBytes(message: Message): number {
  return encodeFrame(encodeMessage(message)).length;
}

function contentBytes(message: Message): number {
  switch (message.kind) {
    case 'entries':
      return bare('entries', { ...message, batches: [] }) + listBytes(message.batches, batchBytes);
    case 'offer':
    case 'want':
      return bare(message.kind, { ...message, lines: [] }) + listBytes(message.lines, lineBytes);
    case 'prune':
      return bare('prune', { ...message, origins: [] }) + listBytes(message.origins, idBytes);
    case 'check':
      return written({ ...message, lines: [] }) + listBytes(message.lines, checkLineBytes);
    case 'view':
      return written({ ...message, missing: [] }) + listBytes(message.missing, nameBytes);
    case 'digest':
      return (
        written({ ...message, missing: [], lines: [], goodbyes: [] }) +
        listBytes(message.missing, nameBytes) +
        listBytes(message.lines, lineBytes) +
        listBytes(message.goodbyes, idBytes)
      );
    case 'snapshot':
      return (
        written({ ...message, links: [], registrations: [] }) +
        listBytes(message.links, idBytes) +
        listBytes(message.registrations, registrationBytes)
      );
    default:
      return written(message);
  }
}

function written(message: Message): number {
  return encodeMessage(message).length;
}

/** Of a message whose other fields are always the same. */
function bare(kind: string, message: Message): number {
  let bytes = BARE_BYTES.get(kind);
  if (bytes === undefined) {
    bytes = written(message);
    BARE_BYTES.set(kind, bytes);
  }
  return bytes;
}

/** What a list takes beyond an empty one. */
function listBytes<T>(items: readonly T[], itemBytes: (item: T) => number): number {
  let bytes = headBytes(items.length) - 1;
  for (const item of items) bytes += itemBytes(item);
  return bytes;
}

function batchBytes({ first, entries }: Batch): number {
  return 1 + ID_BYTES + headBytes(first) + 1 + listBytes(entries, entryBytes);
}

function entryBytes(entry: Entry): number {
  if (entry.kind === 'up') return UP_BYTES;
  let bytes = ENTRY_BYTES.get(entry);
  if (bytes === undefined) {
    const batch = { origin: NOBODY, first: 0, entries: [entry] };
    const around = contentBytes({ kind: 'entries', batches: [{ ...batch, entries: [] }] });
    bytes = written({ kind: 'entries', batches: [batch] }) - around;
    ENTRY_BYTES.set(entry, bytes);
  }
  return bytes;
}

/** An entry `put` is a code and the registration. */
function registrationBytes(registration: Registration): number {
  let bytes = REGISTRATION_BYTES.get(registration);
  if (bytes === undefined) {
    bytes = entryBytes({ kind: 'put', registration }) - 2;
    REGISTRATION_BYTES.set(registration, bytes);
  }
  return bytes;
}

function lineBytes({ sequence }: { readonly sequence: number }): number {
  return 1 + ID_BYTES + headBytes(sequence);
}

function checkLineBytes(line: { readonly sequence: number; readonly hash: number }): number {
  return lineBytes(line) + headBytes(line.hash);
}

function idBytes(): number {
  return ID_BYTES;
}

/** Names are ASCII. */
function nameBytes(name: string): number {
  return headBytes(name.length) + name.length;
}

/** The head of a CBOR item: of an integer that is all there is. */
function headBytes(value: number): number {
  if (value < 24) return 1;
  if (value < 2 ** 8) return 2;
  if (value < 2 ** 16) return 3;
  return value < 2 ** 32 ? 5 : 9;
}

const ID_BYTES = 17;
const UP_BYTES = 2 + ID_BYTES;
const NOBODY = '0'.repeat(32) as Batch['origin'];
const BARE_BYTES = new Map<string, number>();
const ENTRY_BYTES = new WeakMap<Entry, number>();
const REGISTRATION_BYTES = new WeakMap<Registration, number>();
