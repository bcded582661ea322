// THE TABLE of HTTP's routes: every route, its parameters and its answers. Matching, the check of
// parameters, openapi.json, the list at `/` and the manual follow from it. One invariant: anything
// that is not in the table is refused, because a slip without effect would stay unnoticed.

import { hasPatternLetters, isPattern } from '../../answers/glob.ts';
import { isName } from '../../protocol/ids.ts';

/** The type of a parameter. */
export type ParamKind = 'text' | 'pattern' | 'tag' | 'flag' | 'duration' | 'count' | 'format';

interface Param {
  readonly kind: ParamKind;
  readonly isRepeatable?: boolean;
  readonly isRequired?: boolean;
  readonly doc: string;
}

interface RouteSpec {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `{name}` stands for one part. */
  readonly path: string;
  readonly doc: string;
  readonly params: Readonly<Record<string, Param>>;
  /** The schema of the answer with 200; `text` for plain text, `lines` for a stream. */
  readonly answer: string;
  /** Types of text that 200 has instead for a client that asks for them. */
  readonly texts?: readonly string[];
  /** The schema of the body. */
  readonly body?: string;
  /** No token is asked for. */
  readonly isOpen?: boolean;
  /** It registers: from the own host, and never from a web page. */
  readonly writes?: boolean;
  /** The codes besides those of every route. */
  readonly codes?: readonly number[];
}

const tag = {
  kind: 'tag',
  isRepeatable: true,
  doc: 'Only instances with this tag, KEY=VALUE.',
} as const;
const cluster = { kind: 'text', doc: 'Only instances in that cluster.' } as const;
const wanted = { tag, cluster } as const;
const match = { kind: 'pattern', doc: "Only services of such names, as 'web-*'." } as const;

/** Every route, by its name in metrics. */
export const ROUTES = {
  root: {
    method: 'GET',
    path: '/',
    doc: 'The status page to browsers, the list of routes to others.',
    params: {},
    answer: 'Routes',
    texts: ['text/html'],
  },
  services: {
    method: 'GET',
    path: '/v1/services',
    doc: 'All services, with the number of instances of each.',
    params: { match },
    answer: 'Services',
    codes: [404, 503],
  },
  service: {
    method: 'GET',
    path: '/v1/services/{name}',
    doc: 'The instances of a service: live ones nearest first, then stale ones.',
    params: {
      ...wanted,
      live: { kind: 'flag', doc: 'No stale instances.' },
      all: { kind: 'flag', doc: 'Stale instances beside live ones.' },
      one: { kind: 'flag', doc: 'Only the first instance.' },
      format: { kind: 'format', doc: 'Text instead of JSON: hostport, host, port, uri or env.' },
      wait: {
        kind: 'duration',
        doc: 'Wait up to 10m: with If-None-Match for another answer, else for a live one.',
      },
    },
    answer: 'Lookup',
    texts: ['text/plain'],
    codes: [304, 404, 429, 503, 504],
  },
  watch: {
    method: 'GET',
    path: '/v1/watch',
    doc: 'The instances of services, and every change: server-sent events or lines of JSON.',
    params: {
      service: {
        kind: 'pattern',
        isRepeatable: true,
        isRequired: true,
        doc: 'A service, or a pattern for several.',
      },
      ...wanted,
    },
    answer: 'lines',
    texts: ['text/event-stream'],
    codes: [429],
  },
  feed: {
    method: 'GET',
    path: '/v1/feed',
    doc: 'All that the status page shows, then its changes, four times a second at most.',
    params: {},
    answer: 'lines',
    texts: ['text/event-stream'],
    codes: [429],
  },
  status: {
    method: 'GET',
    path: '/v1/status',
    doc: 'The state of this server, and what it sees.',
    params: {},
    answer: 'Status',
  },
  peers: {
    method: 'GET',
    path: '/v1/peers',
    doc: 'Every server of the environment.',
    params: {},
    answer: 'Peers',
  },
  history: {
    method: 'GET',
    path: '/v1/history',
    doc: 'What this server saw happen to services and servers, the newest last.',
    params: {
      service: { kind: 'text', doc: 'Only what happened to this service.' },
      host: { kind: 'text', doc: 'Only what happened on this host.' },
      instance: { kind: 'text', doc: 'Only what happened to the instance of this id.' },
      since: { kind: 'duration', doc: 'Nothing older than this.' },
      limit: {
        kind: 'count',
        doc: 'How many events at most, the newest ones: from 1 to 10000; by default 100.',
      },
    },
    answer: 'History',
    codes: [404, 503],
  },
  explain: {
    method: 'GET',
    path: '/v1/explain/{name}',
    doc: 'A service, a host or an instance, explained in sentences.',
    params: {},
    answer: 'Explanation',
    codes: [404, 503],
  },
  register: {
    method: 'POST',
    path: '/v1/register',
    doc: 'Registers what is sent, as long as the connection lasts. The answer does not end.',
    params: {},
    answer: 'lines',
    body: 'Offers',
    writes: true,
    codes: [403, 413, 415, 429],
  },
  change: {
    method: 'PUT',
    path: '/v1/register/{instance}',
    doc: 'Changes an offer; its key is in the header Rarangi-Key, or in the offer.',
    params: {},
    answer: 'Registered',
    body: 'Offer',
    writes: true,
    codes: [403, 404, 413, 415],
  },
  deregister: {
    method: 'DELETE',
    path: '/v1/register/{instance}',
    doc: 'Gives an instance up on purpose; its key is in the header Rarangi-Key.',
    params: {},
    answer: 'none',
    writes: true,
    codes: [204, 403, 404],
  },
  prometheus: {
    method: 'GET',
    path: '/v1/prometheus',
    doc: 'Targets for the http_sd of Prometheus.',
    params: {
      service: { kind: 'pattern', isRepeatable: true, doc: 'Only these services, or patterns.' },
      match,
      ...wanted,
      gone: { kind: 'duration', doc: 'Also list instances that were lost within that time.' },
    },
    answer: 'Targets',
    codes: [503],
  },
  traefik: {
    method: 'GET',
    path: '/v1/traefik',
    doc: 'Services and routers for the HTTP provider of Traefik.',
    params: {},
    answer: 'Traefik',
    codes: [503],
  },
  envoy: {
    method: 'POST',
    path: '/v3/discovery:endpoints',
    doc: 'Endpoints for Envoy: EDS over REST-JSON.',
    params: {},
    answer: 'Envoy',
    body: 'EnvoyRequest',
    codes: [304, 413, 415, 503],
  },
  openapi: {
    method: 'GET',
    path: '/v1/openapi.json',
    doc: 'This table, as OpenAPI 3.1.',
    params: {},
    answer: 'Document',
  },
  metrics: {
    method: 'GET',
    path: '/metrics',
    doc: 'What this server counts and measures, as Prometheus reads it.',
    params: { services: { kind: 'flag', doc: 'The instances of each service as well.' } },
    answer: 'text',
    texts: ['application/openmetrics-text'],
  },
  livez: {
    method: 'GET',
    path: '/livez',
    doc: '200 while this server runs.',
    params: {},
    answer: 'text',
    isOpen: true,
  },
  readyz: {
    method: 'GET',
    path: '/readyz',
    doc: '200 once its view was complete, until it stops.',
    params: {},
    answer: 'text',
    isOpen: true,
    codes: [503],
  },
  syncedz: {
    method: 'GET',
    path: '/syncedz',
    doc: '200 while its view is complete and all is well; else the reasons.',
    params: {},
    answer: 'text',
    codes: [503],
  },
} as const satisfies Readonly<Record<string, RouteSpec>>;

/** The name of a route. */
export type RouteName = keyof typeof ROUTES;

/** A route with its name. */
export interface Route extends RouteSpec {
  readonly name: RouteName;
}

/** All routes. */
export const ALL_ROUTES: readonly Route[] = Object.entries<RouteSpec>(ROUTES).map(
  ([name, spec]) => ({ ...spec, name: name as RouteName }),
);

/** The names of those whose answers may last. */
export const STREAMING_ROUTES: readonly RouteName[] = ALL_ROUTES.filter(
  ({ answer, params }) => answer === 'lines' || 'wait' in params,
).map(({ name }) => name);

/** The result for a method and a path. */
export type Match =
  | { readonly kind: 'found'; readonly route: Route; readonly part: string }
  | { readonly kind: 'unknown' }
  /** There is such a path, for these methods. */
  | { readonly kind: 'method'; readonly allowed: readonly string[] };

/** Looks a route up; HEAD is as GET. */
export function matchRoute(method: string, path: string): Match {
  const exact = EXACT.get(path);
  const routes = exact ?? ALL_ROUTES.filter((route) => partOf(route, path) !== null);
  const wantedMethod = method === 'HEAD' ? 'GET' : method;
  const route = routes.find((one) => one.method === wantedMethod);
  if (route !== undefined) return { kind: 'found', route, part: partOf(route, path) ?? '' };
  if (routes.length === 0) return { kind: 'unknown' };
  const allowed = routes.flatMap((one) => (one.method === 'GET' ? ['GET', 'HEAD'] : [one.method]));
  return { kind: 'method', allowed };
}

/** The part in the place of `{…}`, decoded; null if the path is not of this route. */
function partOf({ path: pattern }: RouteSpec, path: string): string | null {
  const brace = pattern.indexOf('{');
  if (brace < 0) return pattern === path ? '' : null;
  const part = path.slice(brace);
  if (!path.startsWith(pattern.slice(0, brace)) || part === '' || part.includes('/')) return null;
  return decoded(part);
}

const EXACT: ReadonlyMap<string, readonly Route[]> = new Map(
  ALL_ROUTES.filter(({ path }) => !path.includes('{')).map(({ path }) => [
    path,
    ALL_ROUTES.filter((route) => route.path === path),
  ]),
);

/** Every value of each parameter that was given. */
export type QueryParameters = ReadonlyMap<string, readonly string[]>;

/** The parameters of a request; a text says what is wrong with them. */
export function queryOf({ params, path }: Route, text: string): QueryParameters | string {
  const query = new Map<string, string[]>();
  for (const pair of text.split('&').filter((one) => one !== '')) {
    const at = pair.includes('=') ? pair.indexOf('=') : pair.length;
    const name = decoded(pair.slice(0, at).replaceAll('+', ' '));
    const value = decoded(pair.slice(at + 1).replaceAll('+', ' '));
    if (name === null || value === null) return `the parameter ${pair} cannot be read`;
    const param = Object.hasOwn(params, name) ? params[name] : undefined;
    if (param === undefined) return unknownParam(name, { params, path });
    const values = query.get(name) ?? [];
    const isAgain = values.length > 0 && param.isRepeatable !== true;
    const complaint = isAgain
      ? `the parameter ${name} is given twice`
      : COMPLAINTS[param.kind](name, value);
    if (complaint !== null) return complaint;
    query.set(name, [...values, value]);
  }
  const lacking = Object.entries(params).find(([name, one]) => one.isRequired && !query.has(name));
  return lacking === undefined ? query : `${path} needs the parameter ${lacking[0]}=`;
}

function unknownParam(name: string, { params, path }: Pick<Route, 'params' | 'path'>): string {
  const known = Object.keys(params).join(', ');
  return `${path} has no parameter ${name}${known === '' ? '' : `: there are ${known}`}`;
}

type Complain = (name: string, value: string) => string | null;

const notEmpty: Complain = (name, value) =>
  value === '' ? `the parameter ${name} is empty` : null;

/** What is wrong with the value of a parameter; null if it is right. */
const COMPLAINTS: Readonly<Record<ParamKind, Complain>> = {
  text: notEmpty,
  pattern: (name, value) =>
    isName(value) || (isPattern(value) && hasPatternLetters(value))
      ? null
      : `${name} ${JSON.stringify(value)} is neither a name nor a pattern`,
  tag: (name, value) => (value.indexOf('=') < 1 ? `${name}=${value} is not KEY=VALUE` : null),
  flag: (name, value) =>
    ['', '1', 'true'].includes(value)
      ? null
      : `${name}=${value} is wrong: the parameter ${name} has no value, or 1 or true`,
  duration: (name, value) =>
    millisecondsOf(value) === null
      ? `${name}=${value} is not a duration: write it as 500ms, 2s, 5m or 1h`
      : null,
  count: (name, value) =>
    /^[1-9]\d{0,3}$|^10000$/.test(value)
      ? null
      : `${name}=${value} is not a whole number from 1 to 10000`,
  format: (name, value) =>
    FORMATS.has(value) ? null : `${name}=${value} is none of ${[...FORMATS].join(', ')}`,
};

/** The milliseconds that a text like `30s` means; null for none. */
export function millisecondsOf(text: string): number | null {
  const [, digits = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? [];
  if (unit === '') return text === '0' ? 0 : null;
  return Math.round(Number(digits) * (MS_BY_UNIT[unit] ?? 0));
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

const MS_BY_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const FORMATS: ReadonlySet<string> = new Set(['hostport', 'host', 'port', 'uri', 'env']);
