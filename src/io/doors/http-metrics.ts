// Gathers the values of `/metrics`: present numbers from the core, counts from its tally, the rest
// from the process. The invariants: the cost of a scrape grows with the links and, if they are
// asked for, the services, not with the instances; it only reads.

import { VERSION } from '../../answers/version.ts';
import { LIMITS } from '../../core/server/limits.ts';
import { serverCountsOf } from '../../core/server/sessions/answers.ts';
import { healthOf } from '../../core/server/sessions/health.ts';
import type { Session } from '../../core/server/entities.ts';
import type { State } from '../../core/server/state.ts';
import type { Counted } from '../../core/server/tally.ts';
import { CONTENT_TYPES, exposition, formOf } from '../../doors/metrics/exposition.ts';
import type { Measured, Sample } from '../../doors/metrics/exposition.ts';
import { ROWS_MAX, VANISHED_MS_MAX } from '../../doors/metrics/table.ts';
import { certificateExpirySeconds } from './http-tls.ts';
import type { Exchange } from './http-exchange.ts';
import type { HttpInside } from './http-inside.ts';
import type { HttpQuestion } from './http-lookup.ts';
import { LoopLag } from './loop-lag.ts';
import { one, processMeasures } from './process-measures.ts';

type Known = Readonly<State>;

/** The metrics of one server. */
export class HttpMetrics {
  readonly #inside: HttpInside;
  readonly #lag: LoopLag;
  #expirySeconds: number | null;

  constructor(inside: HttpInside) {
    this.#inside = inside;
    this.#lag = new LoopLag(inside.server.runtime);
    this.#expirySeconds = certificateExpirySeconds(inside.server);
  }

  /** Answers a scrape. */
  answer(exchange: Exchange, { query }: Pick<HttpQuestion, 'query'>): void {
    const form = formOf(exchange.header('accept'));
    const text = exposition(this.#measured(query.has('services')), form);
    exchange.text(200, text, { type: CONTENT_TYPES[form] });
  }

  /** The certificate may be another one. */
  reload(): void {
    this.#expirySeconds = certificateExpirySeconds(this.#inside.server);
  }

  close(): void {
    this.#lag.close();
  }

  #measured(withServices: boolean): Measured {
    const { server, streams } = this.#inside;
    const state = server.state();
    const expiry = this.#expirySeconds;
    return {
      ...stateMeasures(state),
      ...linkMeasures(state, (id) => server.unwrittenBytesOf(id)),
      ...countMeasures(state),
      ...serviceMeasures(state, withServices),
      rarangi_http_streams: tallied([...streams].map(({ route }) => route)),
      rarangi_loop_lag_seconds: this.#lag.histogram,
      rarangi_certificate_expiry_timestamp_seconds: expiry === null ? [] : one(expiry),
      ...processMeasures(),
    };
  }
}

/** The present contents of a server. */
function stateMeasures(state: Known) {
  const {
    options,
    catalogue,
    sessions,
    clients: { owners },
    history,
    view: { isComplete, missingCount },
  } = state;
  const { name, host, cluster, side, role } = options.facts;
  const { environment } = options;
  const { servers, masters } = serverCountsOf(state);
  const info = [VERSION, process.versions.node, environment, cluster, host, name, side, role];
  const all = [...sessions.values()];
  return {
    rarangi_info: [{ labels: info, value: 1 }],
    rarangi_state: [{ labels: [healthOf(state).state], value: 1 }],
    rarangi_view_complete: one(isComplete ? 1 : 0),
    rarangi_missing_hosts: one(missingCount),
    rarangi_servers: byWord(servers),
    rarangi_masters: byWord(masters),
    rarangi_instances: byWord({ ...catalogue.counts }),
    rarangi_services: one(catalogue.servicesCount),
    rarangi_registrations: one(owners.size),
    rarangi_history_rows: one(history.size),
    rarangi_sessions: tallied(all.map(transportOf)),
    rarangi_watches: tallied(
      all.map(transportOf),
      all.map(({ watches }) => watches.size),
    ),
  } satisfies Partial<Measured>;
}

/** The counts since the start. */
function countMeasures(state: Known) {
  const counted = (name: Counted): readonly Sample[] =>
    [...state.tally.of(name)].map(({ labels, times }) => ({ labels, value: times }));
  const limits = Object.keys(LIMITS).map((limit): Sample => ({ labels: [limit], value: 0 }));
  return {
    rarangi_instances_added_total: counted('added'),
    rarangi_instances_removed_total: counted('removed'),
    rarangi_servers_lost_total: counted('lost'),
    rarangi_entries_applied_total: counted('entries-applied'),
    rarangi_snapshots_total: counted('snapshots'),
    rarangi_state_differs_total: counted('state-differs'),
    rarangi_wants_total: counted('wants'),
    rarangi_lookups_total: counted('lookups'),
    rarangi_dns_queries_total: counted('dns-queries'),
    rarangi_dns_truncated_total: counted('dns-truncated'),
    rarangi_http_requests_total: counted('http-requests'),
    rarangi_refused_total: counted('refused'),
    rarangi_limit_reached_total: [...limits, ...counted('limit-reached')],
    rarangi_slept_seconds_total: counted('slept-seconds'),
  } satisfies Partial<Measured>;
}

/** The present links, and lost ones of servers that are still known. */
function linkMeasures(state: Known, unwrittenBytesOf: (connection: number) => number) {
  const known = new Set<string>();
  for (const { log } of state.origins.values()) known.add(log.facts.name);
  const downs = new Map<string, number>();
  for (const { labels, times } of state.tally.of('link-down')) {
    const [peer = ''] = labels;
    if (known.has(peer)) downs.set(peer, times);
  }
  const links = new Map<string, Link>();
  for (const { origin, connection } of state.links.values()) {
    links.set(state.origins.get(origin)?.log.facts.name ?? origin, connection);
  }
  const peers = [...new Set([...links.keys(), ...downs.keys()])].slice(0, ROWS_MAX);
  const byPeer = (valueOf: (peer: string, link: Link | undefined) => number): Sample[] =>
    peers.map((peer) => ({ labels: [peer], value: valueOf(peer, links.get(peer)) }));
  return {
    rarangi_link_up: byPeer((_, link) => (link === undefined ? 0 : 1)),
    rarangi_link_round_trip_seconds: byPeer((_, link) => (link?.roundTripMicros ?? NaN) / 1e6),
    rarangi_link_unwritten_bytes: byPeer((_, link) =>
      link === undefined ? 0 : unwrittenBytesOf(link.id),
    ),
    rarangi_link_down_total: byPeer((peer) => downs.get(peer) ?? 0),
  } satisfies Partial<Measured>;
}

interface Link {
  readonly id: number;
  readonly roundTripMicros: number | null;
}

/** The present services, and those that went a while ago. */
function serviceMeasures({ catalogue, clients: { vanished }, nowMs }: Known, isAsked: boolean) {
  if (!isAsked) return { rarangi_service_instances: null, rarangi_services_left_out: null };
  const gone = [...vanished].flatMap(([name, atMs]) =>
    nowMs - atMs <= VANISHED_MS_MAX ? [{ name, live: 0, stale: 0 }] : [],
  );
  const rows = [...catalogue.services(), ...gone];
  const instances = rows.slice(0, ROWS_MAX).flatMap(({ name, live, stale }): Sample[] => [
    { labels: [name, 'live'], value: live },
    { labels: [name, 'stale'], value: stale },
  ]);
  return {
    rarangi_service_instances: instances,
    rarangi_services_left_out: one(Math.max(rows.length - ROWS_MAX, 0)),
  } satisfies Partial<Measured>;
}

function transportOf({ connection }: Session): string {
  return connection.transport;
}

/** A sample for each word. */
function byWord(values: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(values).map(([word, value]) => ({ labels: [word], value }));
}

/** How often each word is there, or the sum of its values. */
function tallied(words: readonly string[], amounts?: readonly number[]): readonly Sample[] {
  const sums: Record<string, number> = {};
  for (const [index, word] of words.entries()) {
    sums[word] = (sums[word] ?? 0) + (amounts?.[index] ?? 1);
  }
  return byWord(sums);
}
