// Reads a query: bytes in, one question and its sender's limits out. The invariant: nothing is read
// beyond the bytes, and a pointer leads backwards only. Bytes that cannot be read name the answer
// that they get: a response, or less than a header, gets none.

import {
  HEADER_BYTES,
  LABEL_BYTES_MAX,
  NAME_BYTES_MAX,
  OPCODE_QUERY,
  QUERY_BYTES_MAX,
  TYPE,
} from './codes.ts';
import type { WireName } from './wire-name.ts';

/** What was asked. */
export interface DnsQuestion {
  readonly name: WireName;
  readonly type: number;
  readonly class: number;
}

/** The sender's limits by EDNS (RFC 6891). */
export interface Edns {
  readonly version: number;
  /** Bytes that it takes over UDP. */
  readonly payloadBytes: number;
  /** It wants signatures; there are none, and the answer repeats the wish (RFC 3225). */
  readonly wantsSignatures: boolean;
}

/** The parts that every answer repeats. */
export interface QueryHead {
  readonly id: number;
  readonly opcode: number;
  readonly recursionDesired: boolean;
  /** Null where it could not be read. */
  readonly question: DnsQuestion | null;
  readonly edns: Edns | null;
}

/** A query that can be answered. */
export interface DnsQuery extends QueryHead {
  readonly question: DnsQuestion;
}

/** The kind of some bytes: a query, or something that gets an error, or nothing. */
export type Read =
  | { readonly kind: 'query'; readonly query: DnsQuery }
  | { readonly kind: 'wrong'; readonly asked: QueryHead; readonly rcode: 'FORMERR' | 'NOTIMP' }
  | { readonly kind: 'ignored' };

/** Reads a query. */
export function readQuery(bytes: Uint8Array): Read {
  if (bytes.length < HEADER_BYTES) return IGNORED;
  const flags = uint16(bytes, 2);
  if ((flags & FLAG_RESPONSE) !== 0) return IGNORED;
  const asked: QueryHead = {
    id: uint16(bytes, 0),
    opcode: (flags >> 11) & 15,
    recursionDesired: (flags & FLAG_RECURSION_DESIRED) !== 0,
    question: null,
    edns: null,
  };
  if (asked.opcode !== OPCODE_QUERY) return { kind: 'wrong', asked, rcode: 'NOTIMP' };
  const unreadable: Read = { kind: 'wrong', asked, rcode: 'FORMERR' };
  if (uint16(bytes, 4) !== 1 || bytes.length > QUERY_BYTES_MAX) return unreadable;
  const walk: Walk = { bytes, position: HEADER_BYTES };
  const question = readQuestion(walk);
  if (question === null) return unreadable;
  const edns = readEdns(walk);
  if (edns === 'wrong') return { kind: 'wrong', asked: { ...asked, question }, rcode: 'FORMERR' };
  return { kind: 'query', query: { ...asked, question, edns } };
}

interface Walk {
  readonly bytes: Uint8Array;
  position: number;
}

function readQuestion(walk: Walk): DnsQuestion | null {
  const name = readName(walk);
  if (name === null || walk.position + 4 > walk.bytes.length) return null;
  const type = uint16(walk.bytes, walk.position);
  const given = uint16(walk.bytes, walk.position + 2);
  walk.position += 4;
  return { name, type, class: given };
}

/** Reads the records after the question; only an OPT matters there. */
function readEdns(walk: Walk): Edns | null | 'wrong' {
  const { bytes } = walk;
  const before = uint16(bytes, 6) + uint16(bytes, 8);
  const all = before + uint16(bytes, 10);
  let edns: Edns | null = null;
  for (let index = 0; index < all; index += 1) {
    const name = readName(walk);
    const at = walk.position;
    if (name === null || at + RECORD_FIXED_BYTES > bytes.length) return 'wrong';
    walk.position = at + RECORD_FIXED_BYTES + uint16(bytes, at + 8);
    if (walk.position > bytes.length) return 'wrong';
    if (uint16(bytes, at) !== TYPE.OPT || index < before) continue;
    if (edns !== null || name.length > 0) return 'wrong';
    edns = {
      payloadBytes: uint16(bytes, at + 2),
      version: bytes[at + 5] ?? 0,
      wantsSignatures: ((bytes[at + 6] ?? 0) & 0x80) !== 0,
    };
  }
  return edns;
}

/** Null for a name that is cut off, too long, or whose pointers lead nowhere. */
function readName(walk: Walk): WireName | null {
  const { bytes } = walk;
  const labels: string[] = [];
  let at = walk.position;
  let end: number | null = null;
  let size = 1;
  let pointers = 0;
  for (let length = bytes[at]; length !== 0; length = bytes[at]) {
    if (length === undefined) return null;
    if (length >= POINTER_BITS) {
      pointers += 1;
      const to = pointers > POINTERS_MAX ? null : pointedFrom(bytes, at);
      if (to === null) return null;
      end ??= at + 2;
      at = to;
      continue;
    }
    size += 1 + length;
    if (length > LABEL_BYTES_MAX || size > NAME_BYTES_MAX) return null;
    if (at + 1 + length > bytes.length) return null;
    labels.push(text(bytes, at + 1, at + 1 + length));
    at += 1 + length;
  }
  walk.position = end ?? at + 1;
  return labels;
}

/** Where a pointer leads: backwards only; null for one that does not. */
function pointedFrom(bytes: Uint8Array, at: number): number | null {
  if (at + 2 > bytes.length) return null;
  const to = uint16(bytes, at) & 0x3fff;
  return to < at ? to : null;
}

function text(bytes: Uint8Array, start: number, end: number): string {
  let characters = '';
  for (let at = start; at < end; at += 1) characters += String.fromCharCode(bytes[at] ?? 0);
  return characters;
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

const IGNORED: Read = { kind: 'ignored' };

const FLAG_RESPONSE = 0x8000;
const FLAG_RECURSION_DESIRED = 0x0100;

/** Type, class, time to live, length: the part of a record between its name and its data. */
const RECORD_FIXED_BYTES = 10;

const POINTER_BITS = 0xc0;

/** A name that needs more is made to waste time. */
const POINTERS_MAX = 16;
