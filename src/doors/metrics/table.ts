// THE TABLE of metrics: every one, its type, its labels, and which series are always there. The
// exposition, the manual and the tests of dashboard and rules follow from it. The invariants: every
// counter is there from the first scrape, at 0, because an alert needs a series to exist, so a door
// counts nothing that is not listed here; and no label has an instance, an address or a tag.

import { CAUSES } from '../../protocol/records.ts';
import { PROTOCOL_ERRORS } from '../../protocol/errors.ts';
import type { RcodeName } from '../dns/codes.ts';
import { RCODE } from '../dns/codes.ts';
import type { DnsLimitName } from '../dns/limits.ts';
import { DNS_LIMITS } from '../dns/limits.ts';
import type { HttpRefusal } from '../http/access.ts';
import { REFUSAL_CODES } from '../http/access.ts';
import type { HttpLimitName } from '../http/limits.ts';
import { HTTP_LIMITS } from '../http/limits.ts';
import type { HttpStatus } from '../http/failures.ts';
import { HTTP_STATUSES } from '../http/failures.ts';
import type { RouteName } from '../http/routes.ts';
import { ALL_ROUTES, STREAMING_ROUTES } from '../http/routes.ts';

/** A metric of the table. */
export interface MetricSpec {
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** The label values that are there from the first scrape. */
  readonly always: readonly (readonly string[])[];
  /** It is there only with `?services=1`. */
  readonly isAsked?: boolean;
}

/** The labels of the counts of doors: each is listed below. */
export interface DoorCounts {
  readonly lookups: readonly ['http' | 'dns', (typeof answers)[number]];
  readonly 'dns-queries': readonly ['udp' | 'tcp', RcodeName];
  readonly 'dns-truncated': readonly ['udp', 'NOERROR'];
  readonly 'http-requests': HttpSeries;
  readonly refused: readonly [HttpRefusal['code']];
  readonly 'limit-reached': readonly [HttpLimitName | DnsLimitName];
}

/** The series of each route by their codes, and those without a route. */
const HTTP_SERIES = new Map<RouteName | 'none', ReadonlyMap<number, HttpSeries>>([
  ...ALL_ROUTES.map(({ name, codes = [] }) =>
    httpSeries(name, [...new Set([200, 400, 401, 403, ...codes])]),
  ),
  httpSeries('none', HTTP_STATUSES),
]);

const ALONE: readonly (readonly string[])[] = [[]];
const transports = ['tcp', 'unix', 'http', 'inside'];
const answers = ['live', 'stale', 'none', 'cannot_tell'] as const;
const peer = { labels: ['peer'], always: [] };
const ofProcess = { labels: [], always: [] } as const;

/** Every metric. */
export const METRICS = {
  rarangi_info: {
    type: 'gauge',
    help: 'Facts about this server, as labels; always 1.',
    labels: ['version', 'node', 'environment', 'cluster', 'host', 'server', 'side', 'role'],
    always: [],
  },
  rarangi_state: {
    type: 'gauge',
    help: '1 for the state that this server is in, 0 for the others.',
    labels: ['state'],
    always: listed('healthy', 'degraded', 'split', 'isolated'),
  },
  rarangi_view_complete: {
    type: 'gauge',
    help: '1 while the view of this server is complete, else 0.',
    labels: [],
    always: ALONE,
  },
  rarangi_missing_hosts: {
    type: 'gauge',
    help: 'Hosts of which the view of this server lacks something.',
    labels: [],
    always: ALONE,
  },
  rarangi_servers: {
    type: 'gauge',
    help: 'Servers that this one knows, itself included.',
    labels: ['state'],
    always: listed('reachable', 'suspect', 'split'),
  },
  rarangi_masters: {
    type: 'gauge',
    help: 'Masters that can be reached, and all that are known.',
    labels: ['state'],
    always: listed('reachable', 'known'),
  },
  rarangi_instances: {
    type: 'gauge',
    help: 'Instances of all services, as this server answers them.',
    labels: ['state'],
    always: listed('live', 'stale'),
  },
  rarangi_services: {
    type: 'gauge',
    help: 'Services of which there is an instance.',
    labels: [],
    always: ALONE,
  },
  rarangi_registrations: {
    type: 'gauge',
    help: 'Registrations that clients hold at this server.',
    labels: [],
    always: ALONE,
  },
  rarangi_history_rows: {
    type: 'gauge',
    help: 'Events that this server remembers.',
    labels: [],
    always: ALONE,
  },
  rarangi_sessions: {
    type: 'gauge',
    help: 'Sessions of clients, by transport: inside are those of the doors of this server, http those that register by HTTP.',
    labels: ['transport'],
    always: listed(...transports),
  },
  rarangi_watches: {
    type: 'gauge',
    help: 'Services that sessions watch.',
    labels: ['transport'],
    always: listed(...transports),
  },
  rarangi_link_up: {
    type: 'gauge',
    help: '1 while the link to another server is up; 0 for one that was lost.',
    ...peer,
  },
  rarangi_link_round_trip_seconds: {
    type: 'gauge',
    help: 'The latest round trip on a link; NaN until it is known.',
    ...peer,
  },
  rarangi_link_unwritten_bytes: {
    type: 'gauge',
    help: 'Bytes that wait in memory for a link.',
    ...peer,
  },
  rarangi_link_down_total: {
    type: 'counter',
    help: 'How often a link was lost.',
    ...peer,
  },
  rarangi_instances_added_total: {
    type: 'counter',
    help: 'Instances that appeared.',
    labels: [],
    always: ALONE,
  },
  rarangi_instances_removed_total: {
    type: 'counter',
    help: 'Instances that were removed, by cause.',
    labels: ['cause'],
    always: listed(...CAUSES),
  },
  rarangi_servers_lost_total: {
    type: 'counter',
    help: 'Servers that were lost or said goodbye, by verdict.',
    labels: ['verdict'],
    always: listed('crash', 'split', 'left'),
  },
  rarangi_entries_applied_total: {
    type: 'counter',
    help: 'Entries of logs of other servers that were taken in.',
    labels: [],
    always: ALONE,
  },
  rarangi_snapshots_total: {
    type: 'counter',
    help: 'Logs that were sent or taken in whole.',
    labels: ['direction'],
    always: listed('in', 'out'),
  },
  rarangi_state_differs_total: {
    type: 'counter',
    help: 'Logs that differed between this server and a neighbour: a bug, mended by itself.',
    labels: [],
    always: ALONE,
  },
  rarangi_wants_total: {
    type: 'counter',
    help: 'Requests for entries of a log that this server lacked.',
    labels: [],
    always: ALONE,
  },
  rarangi_lookups_total: {
    type: 'counter',
    help: 'Lookups that were answered, by door and by kind of answer.',
    labels: ['door', 'answer'],
    always: product(['tcp', 'unix', 'http', 'dns'], answers),
  },
  rarangi_dns_queries_total: {
    type: 'counter',
    help: 'Queries that DNS answered.',
    labels: ['transport', 'rcode'],
    always: product(['udp', 'tcp'], Object.keys(RCODE)),
  },
  rarangi_dns_truncated_total: {
    type: 'counter',
    help: 'Answers of DNS that were truncated: they had no room for all records.',
    labels: ['transport', 'rcode'],
    always: product(['udp'], ['NOERROR']),
  },
  rarangi_http_requests_total: {
    type: 'counter',
    help: 'Requests that HTTP answered. The route is none if there is no such route, or if it rarely answers with that code.',
    labels: ['route', 'code'],
    always: [...HTTP_SERIES.values()].flatMap((series) => [...series.values()]),
  },
  rarangi_http_streams: {
    type: 'gauge',
    help: 'Answers of HTTP that last: watches, waits and registrations.',
    labels: ['route'],
    always: listed(...STREAMING_ROUTES),
  },
  rarangi_refused_total: {
    type: 'counter',
    help: 'Connections and requests that were refused.',
    labels: ['reason'],
    always: listed(...Object.keys(PROTOCOL_ERRORS), ...REFUSAL_CODES),
  },
  rarangi_limit_reached_total: {
    type: 'counter',
    help: 'How often a limit was reached.',
    labels: ['limit'],
    always: listed(...Object.keys({ ...HTTP_LIMITS, ...DNS_LIMITS })),
  },
  rarangi_loop_lag_seconds: {
    type: 'histogram',
    help: 'How many seconds too late a timer was that runs ten times a second.',
    labels: [],
    always: [],
  },
  rarangi_slept_seconds_total: {
    type: 'counter',
    help: 'Seconds for which this server did not run; only pauses longer than --silence count.',
    labels: [],
    always: ALONE,
  },
  rarangi_certificate_expiry_timestamp_seconds: {
    type: 'gauge',
    help: 'When the first of the certificates in use expires, in seconds since 1970; absent without a certificate.',
    labels: [],
    always: [],
  },
  rarangi_service_instances: {
    type: 'gauge',
    help: 'Instances of a service; for 15 minutes after the last one was removed, 0.',
    labels: ['service', 'state'],
    always: [],
    isAsked: true,
  },
  rarangi_services_left_out: {
    type: 'gauge',
    help: 'Services that are left out, because only a thousand are listed.',
    labels: [],
    always: ALONE,
    isAsked: true,
  },
  process_cpu_seconds_total: {
    type: 'counter',
    help: 'CPU time of the process, of user and system.',
    ...ofProcess,
  },
  process_resident_memory_bytes: {
    type: 'gauge',
    help: 'Memory that the process has in RAM.',
    ...ofProcess,
  },
  process_start_time_seconds: {
    type: 'gauge',
    help: 'When the process started, in seconds since 1970.',
    ...ofProcess,
  },
  process_open_fds: {
    type: 'gauge',
    help: 'Files and sockets that the process has open; on Linux.',
    ...ofProcess,
  },
  process_max_fds: {
    type: 'gauge',
    help: 'Files and sockets that the process may have open; on Linux.',
    ...ofProcess,
  },
  nodejs_heap_used_bytes: {
    type: 'gauge',
    help: 'Memory that JavaScript uses.',
    ...ofProcess,
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

/** The name of a metric. */
export type MetricName = keyof typeof METRICS;

/** All metrics with their names. */
export const ALL_METRICS: readonly (MetricSpec & { readonly name: MetricName })[] =
  Object.entries<MetricSpec>(METRICS).map(([name, spec]) => ({
    ...spec,
    name: name as MetricName,
  }));

/** The upper bounds of the buckets of the loop's lag, in seconds. */
export const LAG_BOUNDS: readonly number[] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.4, 1.2, 5];

/** How many links and services are listed at most. */
export const ROWS_MAX = 1_000;

/** How long a service is listed after its last instance went. */
export const VANISHED_MS_MAX = 15 * 60_000;

function listed(...values: string[]): string[][] {
  return values.map((value) => [value]);
}

function product(ones: readonly string[], others: readonly string[]): string[][] {
  return ones.flatMap((one) => others.map((other) => [one, other]));
}

/** A route and a code, both listed. */
export type HttpSeries = readonly [route: RouteName | 'none', code: string];

/** The labels of an answer: of its route, or of none if the table has no such code of the route. */
export function httpSeriesOf(route: RouteName | 'none', status: HttpStatus): HttpSeries {
  return HTTP_SERIES.get(route)?.get(status) ?? ['none', String(status)];
}

function httpSeries(route: RouteName | 'none', codes: readonly number[]) {
  return [route, new Map(codes.map((code) => [code, [route, String(code)] as const]))] as const;
}
