// Clusters as boxes, hosts as tiles with a half for each server, always in the order of their names,
// so that nothing moves. A state is said by shape and word as well as by colour.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { clustersOf, type Host, NameOrder } from './fleet.ts';
import { still } from './still.tsx';

/** The fleet, and the callback for a chosen host. */
export interface TopologyProps {
  readonly hosts: ReadonlyMap<string, Host>;
  readonly chosen: string | null;
  /** The hosts that the host under the pointer has links to. */
  readonly linked: ReadonlySet<string>;
  readonly onChoose: (host: string) => void;
  readonly onPoint: (host: string | null) => void;
}

/** The map of the fleet. */
export const Topology = still<TopologyProps>((props) => {
  const { hosts, chosen, linked, onChoose, onPoint } = props;
  const [order] = useState(() => new NameOrder());
  return (
    <section class={`topology ${sizeOf(hosts.size)}`} aria-label="Topology">
      {clustersOf(hosts, order).map(([cluster, members]) => (
        <div class="cluster" key={cluster} style={{ flexGrow: members.length }}>
          <h2>
            {cluster} <small>{members.length}</small>
          </h2>
          <div class="tiles">
            {members.map((host) => (
              <Tile
                key={host.name}
                host={host}
                isChosen={host.name === chosen}
                isLinked={linked.has(host.name)}
                onChoose={onChoose}
                onPoint={onPoint}
              />
            ))}
          </div>
        </div>
      ))}
    </section>
  );
});

interface TileProps extends Pick<TopologyProps, 'onChoose' | 'onPoint'> {
  readonly host: Host;
  readonly isChosen: boolean;
  readonly isLinked: boolean;
}

/** One host. */
const Tile = still<TileProps>(({ host, isChosen, isLinked, onChoose, onPoint }) => {
  const isCutOff = host.servers.every(({ state }) => state === 'split');
  const classes = [
    'tile',
    isCutOff ? 'cut-off' : '',
    isChosen ? 'chosen' : '',
    isLinked ? 'linked' : '',
    host.servers.some(({ role }) => role === 'master') ? 'master' : '',
  ];
  return (
    <button
      type="button"
      class={classes.join(' ')}
      aria-pressed={isChosen}
      title={hostWords(host)}
      onClick={() => {
        onChoose(host.name);
      }}
      onMouseEnter={() => {
        onPoint(host.name);
      }}
      onMouseLeave={() => {
        onPoint(null);
      }}
      onFocus={() => {
        onPoint(host.name);
      }}
      onBlur={() => {
        onPoint(null);
      }}
    >
      <span class="name">{host.name}</span>
      <span class="halves" aria-hidden="true">
        <Half host={host} side="a" />
        <Half host={host} side="b" />
      </span>
    </button>
  );
});

function Half({ host, side }: { readonly host: Host; readonly side: 'a' | 'b' }): JSX.Element {
  const server = host.servers.find((one) => one.side === side);
  const sign = server === undefined ? '·' : (SIGNS[server.state] ?? '?');
  return (
    <i class={`half ${server?.state ?? 'none'}`}>
      <b>{side.toUpperCase()} </b>
      {sign}
    </i>
  );
}

/** A host in words, for a reader who does not see it, or points at it. */
export function hostWords({ name, cluster, servers }: Host): string {
  const words = servers.map((server) => {
    const role = server.role === 'master' ? ', a master' : '';
    return `${server.name} is ${STATES[server.state] ?? server.state}${role}`;
  });
  return `${name} in ${cluster}: ${words.join('; ')}`;
}

/** The word for a state beside its colour. */
const SIGNS: Readonly<Record<string, string>> = {
  reachable: '●',
  suspect: '?',
  split: '×',
};

const STATES: Readonly<Record<string, string>> = {
  reachable: 'in reach',
  suspect: 'suspect: lost, and perhaps back in a moment',
  split: 'cut off',
};

/** How large tiles may be so that all of them fit. */
function sizeOf(hosts: number): 'large' | 'middle' | 'small' {
  if (hosts <= 80) return 'large';
  return hosts <= 300 ? 'middle' : 'small';
}
