// The servers of an environment as a table. The invariant: one record a server, in the order of
// their clusters, hosts and names, so that diff(1) can compare two calls; names and hosts are never
// cut.

import { agoText } from '../answers/doubts.ts';
import type { GoneInfo, PeerInfo, PeersAnswer } from '../index.ts';
import { type Canvas, type Column, tableLines } from './table.ts';
import { inStateColour } from './theme.ts';

/** The states that may be asked for; servers in the last three are gone. */
export const PEER_STATES = [
  ...['reachable', 'suspect', 'split'],
  ...['left', 'crashed', 'forgotten'],
];

/** Whether servers in a state are listed only where all are asked for. */
export function isGoneState(state: string | undefined): boolean {
  return state !== undefined && PEER_STATES.indexOf(state) >= PEER_STATES.indexOf('left');
}

/** Which servers are wanted; all by default. */
export interface PeersChoice {
  readonly host?: string | undefined;
  readonly cluster?: string | undefined;
  readonly state?: string | undefined;
}

/** The answer with the wanted servers only. */
export function chosenPeers(
  answer: PeersAnswer,
  { host, cluster, state }: PeersChoice,
): PeersAnswer {
  const isWanted = (one: PeerInfo | GoneInfo): boolean =>
    (host === undefined || one.host === host) &&
    (cluster === undefined || one.cluster === cluster) &&
    (state === undefined || one.state === state);
  const { servers, gone } = answer;
  const chosen = { ...answer, servers: servers.filter(isWanted) };
  return gone === undefined ? chosen : { ...chosen, gone: gone.filter(isWanted) };
}

/** The lines of `peers`. */
export function peersLines({ servers, gone }: PeersAnswer, canvas: Canvas): string[] {
  const rows = sorted<PeerInfo | GoneInfo>([...servers, ...(gone ?? [])]);
  return tableLines(gone === undefined ? COLUMNS : [...COLUMNS, ...GONE_COLUMNS], rows, canvas);
}

/** What `--json` prints. */
export function peersFacts({ servers, gone, complete, ...lack }: PeersAnswer): unknown {
  return {
    complete,
    ...(complete ? {} : lack),
    servers: sorted(servers),
    ...(gone === undefined ? {} : { gone: sorted(gone) }),
  };
}

/** The same without the values that change by themselves all the time. */
export function steadyFacts({ servers, gone, ...answer }: PeersAnswer): unknown {
  const rows = servers.map(({ roundTripMs: _, ...row }) => row);
  const left = gone?.map(({ agoMs: _, ...row }) => row);
  return [answer, rows, left];
}

function sorted<T extends PeerInfo | GoneInfo>(rows: readonly T[]): T[] {
  return [...rows].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
}

/** A space sorts before every character of a name. */
function keyOf({ cluster, host, name, origin }: PeerInfo | GoneInfo): string {
  return `${cluster} ${host} ${name} ${origin}`;
}

/** The columns that only present servers have. */
function ofThere(text: (row: PeerInfo) => string): (row: PeerInfo | GoneInfo) => string {
  return (row) => ('self' in row ? text(row) : '-');
}

function roundTripText({ self, roundTripMs }: PeerInfo): string {
  if (self) return 'self';
  return roundTripMs === undefined ? '-' : `${roundTripMs.toFixed(1)} ms`;
}

/**
 * `drop`: the lowest is the first to go where the screen is narrow; columns without it stay whole.
 */
const COLUMNS: readonly Column<PeerInfo | GoneInfo>[] = [
  { title: 'NAME', text: ({ name }) => name, paint: (text, _, theme) => theme.strong(text) },
  { title: 'HOST', text: ({ host }) => host },
  { title: 'CLUSTER', text: ({ cluster }) => cluster, drop: 5 },
  { title: 'ROLE', text: ({ role }) => role, drop: 4 },
  {
    title: 'STATE',
    text: ({ state }) => state,
    paint: (text, { state }, theme) => inStateColour(theme, { text, state }),
    drop: 7,
  },
  { title: 'LINKS', text: ofThere(({ links }) => String(links)), align: 'right', drop: 3 },
  {
    title: 'REGISTRATIONS',
    text: ofThere(({ registrations }) => String(registrations)),
    align: 'right',
    drop: 2,
  },
  {
    title: 'ROUND TRIP',
    text: ofThere(roundTripText),
    align: 'right',
    paint: (text, _, theme) => theme.faint(text),
    drop: 1,
  },
];

const GONE_COLUMNS: readonly Column<PeerInfo | GoneInfo>[] = [
  {
    title: 'LAST IN REACH',
    text: (row) => ('agoMs' in row ? agoText(row.agoMs) : '-'),
    align: 'right',
    drop: 6,
  },
];
