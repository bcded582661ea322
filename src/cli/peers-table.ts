// The servers of an environment as a table. The invariant: one record a server, in the order of
// their names, so that two calls can be compared by diff(1).

import type { PeerInfo } from '../index.ts';
import { type Canvas, type Column, tableLines } from './table.ts';
import { inStateColour } from './theme.ts';

/** The lines of `peers`. */
export function peersLines(servers: readonly PeerInfo[], canvas: Canvas): string[] {
  const sorted = [...servers].sort((one, other) => compare(one.host, other.host, one, other));
  return tableLines(COLUMNS, sorted, canvas);
}

/** The row of `--json`: what is the same whoever asks when. */
export function peerRow({ roundTripMs: _, ...row }: PeerInfo): Omit<PeerInfo, 'roundTripMs'> {
  return row;
}

function compare(host: string, otherHost: string, one: PeerInfo, other: PeerInfo): number {
  if (host !== otherHost) return host < otherHost ? -1 : 1;
  if (one.name !== other.name) return one.name < other.name ? -1 : 1;
  return one.origin < other.origin ? -1 : 1;
}

function roundTripText({ self, roundTripMs }: PeerInfo): string {
  if (self) return 'self';
  return roundTripMs === undefined ? '-' : `${roundTripMs.toFixed(1)} ms`;
}

const COLUMNS: readonly Column<PeerInfo>[] = [
  { title: 'NAME', text: ({ name }) => name, paint: (text, _, theme) => theme.strong(text) },
  { title: 'HOST', text: ({ host }) => host },
  { title: 'CLUSTER', text: ({ cluster }) => cluster },
  { title: 'ROLE', text: ({ role }) => role },
  {
    title: 'STATE',
    text: ({ state }) => state,
    paint: (text, { state }, theme) => inStateColour(theme, { text, state }),
  },
  { title: 'LINKS', text: ({ links }) => String(links), align: 'right' },
  { title: 'REGISTRATIONS', text: ({ registrations }) => String(registrations), align: 'right' },
  {
    title: 'ROUND TRIP',
    text: roundTripText,
    align: 'right',
    paint: (text, _, theme) => theme.faint(text),
  },
];
