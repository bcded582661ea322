// Whether bytes are one item of the CBOR that this protocol uses: whole numbers, byte and text
// strings, arrays, maps, true, false, null and undefined, all of definite length. A walk over the
// bytes that builds nothing. The invariant: any CBOR decoder reads accepted bytes without a
// surprise (no recursion that overflows, no tag that runs code, no length beyond the end). It
// stands before the decoder so that the decoder's own tolerance is never what the protocol depends
// on.

import { ProtocolError } from './errors.ts';

/** How deep arrays and maps may nest: messages need 7, and unknown fields may bring their own. */
export const NESTING_MAX = 16;

/**
 * Throws ProtocolError('malformed-message') unless the bytes are exactly one such item. Returns the
 * pairs of the first map in the outermost array: a decoded map that has fewer had a key twice.
 */
export function checkWellFormed(bytes: Uint8Array): number {
  const walk: Walk = { bytes, position: 0, pairsCount: undefined };
  walkItem(walk, 0);
  if (walk.position !== bytes.length) fail('bytes follow the message');
  return walk.pairsCount ?? 0;
}

interface Walk {
  readonly bytes: Uint8Array;
  position: number;
  pairsCount: number | undefined;
}

function fail(what: string): never {
  throw new ProtocolError('malformed-message', what);
}

function walkItem(walk: Walk, depth: number): void {
  const head = walk.bytes[walk.position];
  if (head === undefined) return fail('the message is cut off');
  walk.position += 1;
  const major = head >> 5;
  if (major === SIMPLE) {
    if (head < SIMPLE_FALSE || head > SIMPLE_UNDEFINED)
      fail('floats and simple values are not used');
    return;
  }
  const argument = readArgument(walk, head & 31);
  if (major === TEXT || major === BYTES) skipString(walk, argument, major);
  else if (major === ARRAY) walkItems(walk, argument, depth);
  else if (major === MAP) walkPairs(walk, argument, depth);
  else if (major === TAG) fail('tags are not used');
}

function walkItems(walk: Walk, items: number, depth: number): void {
  if (depth === NESTING_MAX) fail('nested too deeply');
  if (items > walk.bytes.length - walk.position) fail('the message is cut off');
  for (let index = 0; index < items; index += 1) walkItem(walk, depth + 1);
}

function walkPairs(walk: Walk, pairs: number, depth: number): void {
  if (depth === 1) walk.pairsCount ??= pairs;
  walkItems(walk, 2 * pairs, depth);
}

function readArgument(walk: Walk, info: number): number {
  if (info < 24) return info;
  if (info > 27) return fail('indefinite lengths are not used');
  let argument = 0;
  const end = walk.position + 2 ** (info - 24);
  if (end > walk.bytes.length) fail('the message is cut off');
  for (; walk.position < end; walk.position += 1) {
    argument = argument * 256 + (walk.bytes[walk.position] ?? 0);
  }
  return argument;
}

function skipString(walk: Walk, length: number, major: number): void {
  const { bytes, position } = walk;
  if (length > bytes.length - position) fail('the message is cut off');
  const end = position + length;
  walk.position = end;
  if (major === BYTES) return;
  for (let index = position; index < end; index += 1) {
    if ((bytes[index] ?? 0) > 0x7f) {
      if (!isUtf8(bytes.subarray(index, end))) fail('a text is not UTF-8');
      return;
    }
  }
}

/** Whether the bytes are UTF-8 by RFC 3629: no overlong form, no surrogate, nothing cut off. */
function isUtf8(bytes: Uint8Array): boolean {
  let index = 0;
  while (index < bytes.length) {
    const first = bytes[index] ?? 0;
    const length = sequenceLength(first);
    if (length === 0 || index + length > bytes.length) return false;
    for (let next = index + 1; next < index + length; next += 1) {
      if ((bytes[next] ?? 0) >> 6 !== 2) return false;
    }
    if (length > 2 && !isSecondByte(first, bytes[index + 1] ?? 0)) return false;
    index += length;
  }
  return true;
}

function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}

function isSecondByte(first: number, second: number): boolean {
  if (first === 0xe0) return second >= 0xa0;
  if (first === 0xed) return second < 0xa0;
  if (first === 0xf0) return second >= 0x90;
  return first !== 0xf4 || second < 0x90;
}

const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const TAG = 6;
const SIMPLE = 7;
const SIMPLE_FALSE = 0xf4;
const SIMPLE_UNDEFINED = 0xf7;
