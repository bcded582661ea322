// Texts as they may travel: without characters that a terminal obeys, and flat in memory. The
// invariant: an accepted text looks the same wherever it is printed. The check walks over the
// characters, because compiling a pattern of Unicode's classes takes longer than all the rest of a
// lookup.

import { DETAIL_BYTES_MAX } from './constants.ts';

/**
 * Whether a text has characters that change how others are shown: C0 (line ends among them), DEL or
 * C1; the separators of lines and paragraphs; and those that turn the direction of writing. Half a
 * surrogate pair counts as one: UTF-8 cannot carry it.
 */
export function hasControlCharacters(value: string): boolean {
  for (let index = 0; index < value.length; index += 1) {
    const unit = value.charCodeAt(index);
    if (unit < 0x20 || (unit >= 0x7f && unit < 0xa0)) return true;
    if (unit < ARABIC_LETTER_MARK) continue;
    if (isDirection(unit)) return true;
    if (unit < 0xd800 || unit >= 0xe000) continue;
    const next = value.charCodeAt(index + 1);
    if (unit >= 0xdc00 || !(next >= 0xdc00 && next < 0xe000)) return true;
    index += 1;
  }
  return false;
}

/** Whether a character separates lines, or turns the direction in which its neighbours are shown. */
function isDirection(unit: number): boolean {
  if (unit < 0x200e || unit > 0x2069) return unit === ARABIC_LETTER_MARK;
  // LRM and RLM; the separators, the embeddings and the overrides; the isolates.
  return unit <= 0x200f || (unit >= 0x2028 && unit <= 0x202e) || unit >= 0x2066;
}

const ARABIC_LETTER_MARK = 0x061c;

/** The number of bytes that a text takes in UTF-8. */
export function utf8Bytes(value: string): number {
  let bytes = 0;
  for (const character of value) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/**
 * Makes a text fit for a detail: control characters become spaces, and a long text is cut. Every
 * text that contains words of others goes through here.
 */
export function detailOf(text: string): string {
  let detail = '';
  let bytes = 0;
  for (const character of text) {
    const shown = hasControlCharacters(character) ? ' ' : character;
    bytes += utf8Bytes(shown);
    if (bytes > DETAIL_BYTES_MAX) break;
    detail += shown;
  }
  return detail;
}

/**
 * A copy, where a text may be a view of a longer one: cbor-x cuts texts out of the text of a whole
 * frame, and V8 keeps that as long as any part of it. V8 always copies shorter ones.
 */
export function flat<T extends string>(value: T): T {
  if (value.length < VIEW_CHARACTERS_MIN) return value;
  const units: number[] = [];
  for (let index = 0; index < value.length; index += 1) units.push(value.charCodeAt(index));
  return String.fromCharCode(...units) as T;
}

const VIEW_CHARACTERS_MIN = 13;
