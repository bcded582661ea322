// How many bytes a value takes on the wire, without encoding it. Everything that is cut into parts
// or charged to a budget is measured here and nowhere else. The invariant: the number is exactly
// what the encoder writes (`properties/parts` compares them), so that sums of such numbers are
// exact.

import { uintBytes } from './uint.ts';

/** The bytes of a plain value: a number, a text, a byte array, true, false or null. */
export function plainBytes(value: unknown): number {
  if (typeof value === 'string') return textBytes(value);
  if (typeof value === 'number' || typeof value === 'bigint') return uintBytes(value);
  if (value instanceof Uint8Array) return uintBytes(value.length) + value.length;
  return 1;
}

/** The bytes of a text, its head included. Half a surrogate pair counts as what replaces it. */
export function textBytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    // Of a pair each half counts two: together the four bytes that it takes.
    if (unit < 0x800 || isHalfOfPair(text, index)) bytes += 1;
    else bytes += 2;
  }
  return uintBytes(bytes) + bytes;
}

function isHalfOfPair(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  if (unit < 0xd800 || unit > 0xdfff) return false;
  if (unit < 0xdc00) return isBetween(text.charCodeAt(index + 1), 0xdc00, 0xdfff);
  return isBetween(text.charCodeAt(index - 1), 0xd800, 0xdbff);
}

function isBetween(unit: number, least: number, most: number): boolean {
  return unit >= least && unit <= most;
}

/** The bytes of some items together, without the head of their list. */
export function sumOf<T>(items: readonly T[], bytesOf: (item: T) => number): number {
  let sum = 0;
  for (const item of items) sum += bytesOf(item);
  return sum;
}
