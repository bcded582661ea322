// The address of an instance in DNS: four bytes, sixteen bytes, or a host name. The invariant: any
// other text is in no answer.

import type { WireName } from './wire-name.ts';
import { isWireName, labelsOf } from './wire-name.ts';

/** An address: bytes of IPv4 or IPv6, or a host name. */
export type DnsAddress =
  | { readonly kind: 'v4' | 'v6'; readonly bytes: readonly number[] }
  | { readonly kind: 'host'; readonly name: WireName };

/** The kind of an address; null for a text that is none. */
export function addressOf(text: string): DnsAddress | null {
  if (text.includes(':')) {
    const bytes = v6BytesOf(text);
    return bytes === null ? null : { kind: 'v6', bytes };
  }
  const v4 = v4BytesOf(text);
  if (v4 !== null) return { kind: 'v4', bytes: v4 };
  const name = labelsOf(text);
  const isHost = /^[A-Za-z0-9_.-]+$/.test(text) && !/^\d+$/.test(name.at(-1) ?? '');
  return isHost && isWireName(name) ? { kind: 'host', name } : null;
}

/** Parsed by hand: every instance of every new answer passes here. */
function v4BytesOf(text: string): number[] | null {
  const bytes: number[] = [];
  let [value, digits] = [0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === DOT && digits > 0) {
      bytes.push(value);
      [value, digits] = [0, 0];
    } else if (code >= ZERO && code < ZERO + 10 && (digits === 0 || value > 0)) {
      value = value * 10 + code - ZERO;
      digits += 1;
      if (value > 255) return null;
    } else {
      return null;
    }
  }
  if (digits > 0) bytes.push(value);
  return digits > 0 && bytes.length === 4 ? bytes : null;
}

function v6BytesOf(text: string): number[] | null {
  const halves = text.split('::');
  const [front, back] = halves.map((half) => (half === '' ? [] : groupsOf(half)));
  if (front === undefined || front === null || back === null || halves.length > 2) return null;
  if (back === undefined) return front.length === 16 ? front : null;
  const zeros = 16 - front.length - back.length;
  return zeros < 2 ? null : [...front, ...Array.from({ length: zeros }, () => 0), ...back];
}

/** The bytes of groups with colons between them, the last of which may be an IPv4 address. */
function groupsOf(text: string): number[] | null {
  const groups = text.split(':');
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    const v4 = index === groups.length - 1 ? v4BytesOf(group) : null;
    if (v4 !== null) {
      bytes.push(...v4);
    } else if (/^[0-9A-Fa-f]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
    } else {
      return null;
    }
  }
  return bytes;
}

const DOT = 46;
const ZERO = 48;
