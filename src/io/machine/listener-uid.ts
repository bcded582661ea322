// Which user's program listens at a port of this machine, by the kernel's tables. The invariant:
// the number is that of a socket that listens at exactly that address, or at a wildcard that
// includes it.

import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';

import { parseHostPort } from './addresses.ts';

/** The number of the user; null if no listener is seen, or for the path of a socket. */
export function listenerUid(address: string): number | null {
  if (address.includes('/')) return null;
  const { host, port } = parseHostPort(address, 'held address');
  const tail = `:${(port ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  const locals = new Set([...WILDCARDS, ...(isIPv4(host) ? [hexOf(host)] : [])]);
  for (const [name, state] of TABLES) {
    for (const row of rowsOf(name)) {
      const local = row[LOCAL_COLUMN] ?? '';
      const isThere = row[STATE_COLUMN] === state && local.endsWith(tail);
      if (isThere && locals.has(local.slice(0, -tail.length))) return Number(row[UID_COLUMN]);
    }
  }
  return null;
}

function rowsOf(name: string): string[][] {
  let table: string;
  try {
    table = readFileSync(`/proc/net/${name}`, 'utf8');
  } catch {
    // This system has no such table, or does not show it: then no listener is seen.
    return [];
  }
  const lines = table.split('\n').slice(1);
  return lines.map((line) => line.trim().split(/\s+/));
}

/** The kernel writes the four bytes as a number of this machine: the last one first. */
function hexOf(ip: string): string {
  const bytes = ip.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return bytes.reverse().join('').toUpperCase();
}

const WILDCARDS = ['0'.repeat(8), '0'.repeat(32)];

/** The kernel's tables, and the state of a socket that listens. */
const TABLES = [
  ['tcp', '0A'],
  ['tcp6', '0A'],
  ['udp', '07'],
  ['udp6', '07'],
] as const;

const LOCAL_COLUMN = 1;
const STATE_COLUMN = 3;
const UID_COLUMN = 7;
