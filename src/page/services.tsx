// The services with the number of instances of each; and the instances of the open one.

import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';

import { hostPort } from '../answers/instance-text.ts';
import type { InstanceInfo } from '../answers/shapes.ts';
import { DnsNames } from '../doors/dns/directory.ts';
import type { FeedService } from '../doors/http/feed.ts';
import { byName, type Happening, NameOrder } from './fleet.ts';
import { Happenings, type Remembered, usePast } from './happenings.tsx';
import { linkBeside } from './links.ts';
import { clockText } from './sentences.ts';
import { still } from './still.tsx';
import { Stream } from './stream.ts';

/** The services, and which of them is open. */
export interface ServicesProps {
  /** Null until a server has told them. */
  readonly services: ReadonlyMap<string, FeedService> | null;
  readonly happenings: readonly Happening[];
  readonly environment: string;
  readonly chosen: string | null;
  readonly onClose: () => void;
}

type Order = (typeof COLUMNS)[number];

/** The list of services. */
export function Services(props: ServicesProps): JSX.Element {
  const { services, happenings, environment, chosen, onClose } = props;
  const [filter, setFilter] = useState('');
  const [order, setOrder] = useState<Order>('name');
  const wanted = filter.toLowerCase();
  const [names] = useState(() => new NameOrder());
  const rows = names.rowsOf(services ?? NO_SERVICES);
  const found = rows.filter(({ name }) => name.toLowerCase().includes(wanted));
  const dns = useMemo(() => dnsNamesOf(rows, environment), [names.names, environment]);
  // Those with equal counts stay in the order of their names.
  if (order !== 'name') found.sort((one, other) => other[order] - one[order]);
  const shown = found.slice(0, ROWS_MAX);
  return (
    <section class="services" aria-label="Services">
      <header>
        <h2>
          Services <small>{services?.size}</small>
        </h2>
        <input
          type="search"
          id="filter"
          placeholder="filter (press /)"
          aria-label="Filter services by name"
          value={filter}
          onInput={(event) => {
            setFilter(event.currentTarget.value);
          }}
        />
      </header>
      <div class="scroll" tabIndex={0} role="group" aria-label="List of services">
        <table>
          <Columns order={order} onOrder={setOrder} />
          <tbody>
            {shown.map((service) => (
              <Row
                key={service.name}
                service={service}
                isChosen={service.name === chosen}
                unnamed={dns.unnamedBecause(service.name)}
                open={location.hash}
              />
            ))}
          </tbody>
        </table>
        {found.length === 0 && <p class="quiet">{noneText(services)}</p>}
        {found.length > shown.length && (
          <p class="quiet">{found.length - shown.length} more: filter them</p>
        )}
      </div>
      {chosen !== null && (
        <OneService key={chosen} name={chosen} happenings={happenings} onClose={onClose} />
      )}
    </section>
  );
}

function Columns(props: {
  readonly order: Order;
  readonly onOrder: (order: Order) => void;
}): JSX.Element {
  return (
    <thead>
      <tr>
        {COLUMNS.map((column) => (
          <th key={column} aria-sort={sortOf(column, props.order)}>
            <button
              type="button"
              onClick={() => {
                props.onOrder(column);
              }}
            >
              {column}
            </button>
          </th>
        ))}
      </tr>
    </thead>
  );
}

function sortOf(column: Order, order: Order): 'none' | 'ascending' | 'descending' {
  if (column !== order) return 'none';
  return column === 'name' ? 'ascending' : 'descending';
}

interface RowProps {
  readonly service: FeedService;
  readonly isChosen: boolean;
  /** Why it has no name in DNS; null if it has one. */
  readonly unnamed: string | null;
  /** What is open: links leave it so. */
  readonly open: string;
}

const Row = still<RowProps>(({ service, isChosen, unnamed }) => {
  const { name, live, stale, hosts, clusters } = service;
  return (
    <tr class={isChosen ? 'chosen' : ''}>
      <td>
        <a href={linkBeside('service', name)} aria-current={isChosen ? 'true' : undefined}>
          {name}
        </a>
        {unnamed !== null && <DnsMark reason={unnamed} />}
      </td>
      <td>{live}</td>
      <td class={stale > 0 ? 'bad' : ''}>{stale}</td>
      <td>{hosts}</td>
      <td>{clusters}</td>
    </tr>
  );
});

function noneText(services: ReadonlyMap<string, unknown> | null): string {
  if (services === null) return 'asking the server';
  return services.size === 0 ? 'No service is registered.' : 'No name matches.';
}

/** All names in DNS, as a server finds them. */
function dnsNamesOf(rows: readonly FeedService[], environment: string): DnsNames {
  const zoneBytes = environment.length + ZONE_BYTES;
  return new DnsNames(
    rows.map(({ name }) => name),
    NAME_BYTES_MAX - zoneBytes,
  );
}

function DnsMark({ reason }: { readonly reason: string }): JSX.Element {
  return (
    <small class="mark" title={`It has no name in DNS: ${reason}`}>
      {' '}
      not in DNS
    </small>
  );
}

interface Change {
  readonly change: string;
  readonly instance?: InstanceInfo;
}

interface OneServiceProps {
  readonly name: string;
  readonly happenings: readonly Happening[];
  readonly onClose: () => void;
}

/** The instances of a service, as they come and go. */
function OneService({ name, happenings, onClose }: OneServiceProps): JSX.Element {
  const instances = useInstances(name);
  const past = usePast('service', name, happenings);
  return (
    <aside class="one" aria-label={`Service ${name}`}>
      <header>
        <h3>{name}</h3>
        <button type="button" onClick={onClose} aria-label={`Close ${name}`}>
          ×
        </button>
      </header>
      <table class="instances">
        <thead>
          <tr>
            <th>address</th>
            <th>host</th>
            <th>state</th>
            <th>since</th>
            <th>tags</th>
          </tr>
        </thead>
        <tbody>
          {instances?.map((one) => (
            <tr key={one.instance} class={one.state}>
              <td>{hostPort(one.address, one.port)}</td>
              <td>
                <a href={linkBeside('host', one.host)}>{one.host}</a>
              </td>
              <td>{one.state}</td>
              <td>{sinceText(one, past)}</td>
              <td>{tagsText(one)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {instances === null && <p class="quiet">asking the server</p>}
      {instances?.length === 0 && <p class="quiet">There is no instance now.</p>}
      <h4>What happened</h4>
      <Happenings happenings={past.rows} fault={past.fault} isShort />
    </aside>
  );
}

function tagsText({ tags }: InstanceInfo): string {
  return Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}

/**
 * When it was registered; if that is longer ago than the server remembers, since when it is known.
 */
function sinceText({ instance }: InstanceInfo, { rows, reachesBackTo }: Remembered): string {
  const row = rows?.find((one) => one.instance === instance && one.event === 'registered');
  if (row !== undefined) return clockText(row.atMs);
  return reachesBackTo === '' ? '' : `before ${clockText(Date.parse(reachesBackTo))}`;
}

/** The present instances; null until all of them were told. */
function useInstances(name: string): InstanceInfo[] | null {
  const [known, setKnown] = useState<ReadonlyMap<string, InstanceInfo> | null>(null);
  useEffect(() => {
    // Until the whole set is there again, the old one stays: see rarangi-http(7).
    let fresh: Map<string, InstanceInfo> | null = null;
    const stream = new Stream({
      url: `/v1/watch?service=${encodeURIComponent(name)}`,
      events: ['present', 'synced', 'added', 'updated', 'stale', 'live', 'removed'],
      onOpen: () => {
        fresh = new Map();
      },
      onEvent: (event) => {
        const { change, instance } = event as Change;
        if (instance !== undefined && fresh !== null && change === 'present') {
          fresh.set(instance.instance, instance);
          return;
        }
        const started = fresh;
        fresh = null;
        setKnown((before) => {
          const now = new Map(started ?? before ?? []);
          if (instance === undefined) return now;
          if (change === 'removed') now.delete(instance.instance);
          else now.set(instance.instance, instance);
          return now;
        });
      },
    });
    return () => {
      stream.close();
    };
  }, [name]);
  if (known === null) return null;
  return [...known.values()].sort((one, other) =>
    byName({ name: `${one.host} ${one.address}` }, { name: `${other.host} ${other.address}` }),
  );
}

const NO_SERVICES: ReadonlyMap<string, FeedService> = new Map();

const COLUMNS = ['name', 'live', 'stale', 'hosts', 'clusters'] as const;

/** So many rows are drawn; a filter finds the others. */
const ROWS_MAX = 200;

/** `.rarangi.internal` and its ends. */
const ZONE_BYTES = 19;
const NAME_BYTES_MAX = 255;
