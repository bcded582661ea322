// The servers of an environment as a table. The invariant: one record a server, in the order of
// their names, so that two calls can be compared by diff(1).

import type { PeerInfo, PeersAnswer } from '../index.ts';
import { type Canvas, type Column, tableLines } from './table.ts';
import { inStateColour } from './theme.ts';

/** The lines of `peers`. */
export function peersLines(servers: readonly PeerInfo[], canvas: Canvas): string[] {
  const sorted = [...servers].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  return tableLines(COLUMNS, sorted, canvas);
}

/** What `--json` prints: what is the same whoever asks when. */
export function peersFacts({ servers, complete, ...lack }: PeersAnswer): unknown {
  return {
    complete,
    ...(complete ? {} : lack),
    servers: servers.map(({ roundTripMs: _, ...row }) => row),
  };
}

/** A space sorts before all that a name may hold. */
function keyOf({ host, name, origin }: PeerInfo): string {
  return `${host} ${name} ${origin}`;
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
