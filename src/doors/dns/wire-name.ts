// A name of DNS as the codec reads and writes it: its labels, each a string with one character for
// a byte. The invariant: a name that was made here fits DNS (labels of 1 to 63 bytes, 255 in all),
// and only the 26 letters of ASCII have a case, as RFC 4343 says.

import { LABEL_BYTES_MAX, NAME_BYTES_MAX } from './codes.ts';

/** The labels of a name, the root's empty one left out. Each character is a byte. */
export type WireName = readonly string[];

/** The same text with the letters A to Z in lower case, all other bytes as they are. */
export function lowered(text: string): string {
  return UPPER.test(text) ? text.replace(UPPERS, (letter) => letter.toLowerCase()) : text;
}

/** Bytes of a name on the wire without compression. */
export function nameBytes(name: WireName): number {
  return name.reduce((sum, label) => sum + 1 + label.length, 1);
}

/** Whether labels form a valid name of DNS. */
export function isWireName(name: WireName): boolean {
  const isFitting = name.every(({ length }) => length > 0 && length <= LABEL_BYTES_MAX);
  return isFitting && nameBytes(name) <= NAME_BYTES_MAX;
}

/** The labels of a name in ASCII with dots; one dot at its end means nothing. */
export function labelsOf(text: string): string[] {
  return (text.endsWith('.') ? text.slice(0, -1) : text).split('.');
}

/** A name on the wire, without compression. */
export function wireBytes(name: WireName): Uint8Array {
  const bytes = new Uint8Array(nameBytes(name));
  let at = 0;
  for (const label of name) {
    bytes[at] = label.length;
    for (let index = 0; index < label.length; index += 1) {
      bytes[at + 1 + index] = label.charCodeAt(index);
    }
    at += 1 + label.length;
  }
  return bytes;
}

/** One key for a name, whatever the case of its letters. */
export function keyOf(name: WireName): string {
  return lowered(name.map(escaped).join('.'));
}

/** The bytes of a text in UTF-8, a character for each. */
export function utf8Bytes(text: string): string {
  if (ASCII_ONLY.test(text)) return text;
  let bytes = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) bytes += character;
    else if (code < 0x800) bytes += String.fromCharCode(0xc0 | (code >> 6), tail(code, 0));
    else if (code < 0x10000) {
      bytes += String.fromCharCode(0xe0 | (code >> 12), tail(code, 6), tail(code, 0));
    } else {
      const first = 0xf0 | (code >> 18);
      bytes += String.fromCharCode(first, tail(code, 12), tail(code, 6), tail(code, 0));
    }
  }
  return bytes;
}

function tail(code: number, shift: number): number {
  return 0x80 | ((code >> shift) & 0x3f);
}

/** A dot within a label does not separate labels. */
function escaped(label: string): string {
  return label.includes('.') || label.includes('\\') ? label.replace(/[.\\]/g, '\\$&') : label;
}

const UPPER = /[A-Z]/;
const UPPERS = /[A-Z]/g;
const ASCII_ONLY = /^[ -~]*$/;
