// The answers of the library, as plain records: exactly the shapes that `--json` prints. The
// invariant: nothing of the wire leaks out; brands, rows and nulls end here.

import type { MessageOf } from '../protocol/messages.ts';
import type { GoneRow, Instance, ServerRow } from '../protocol/records.ts';
import { isLive } from '../protocol/records.ts';
import type { DoubtsInfo } from './doubts.ts';
import { viewInfoOf, type ViewInfo } from './view.ts';

/** One running offer of a service. */
export interface InstanceInfo {
  readonly name: string;
  /** Unique for all time. */
  readonly instance: string;
  readonly address: string;
  readonly port: number;
  readonly scheme?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly cluster: string;
  readonly host: string;
  /** `stale`: only servers that are split off hold it. */
  readonly state: 'live' | 'stale';
}

/** A part of the present set, the mark where it ends (`synced`), or a change. */
export interface WatchEvent {
  readonly change: 'present' | 'synced' | 'added' | 'updated' | 'stale' | 'live' | 'removed';
  /** Absent for `synced`. */
  readonly instance?: InstanceInfo;
  /** Why it is gone: for `removed`. */
  readonly cause?: string;
}

/** The answer to a lookup: all that match, live ones nearest first, then stale ones. */
export interface LookupAnswer extends ViewInfo {
  readonly service: string;
  readonly instances: InstanceInfo[];
  /** Why a "none" of a complete view may be wrong; absent where nothing says so. */
  readonly doubts?: DoubtsInfo;
}

/** A service and how many instances of it there are. */
export interface ServiceInfo {
  readonly name: string;
  readonly live: number;
  readonly stale: number;
}

/** Every service of the environment. */
export interface ServicesAnswer extends ViewInfo {
  readonly services: ServiceInfo[];
  /** As in LookupAnswer. */
  readonly doubts?: DoubtsInfo;
}

/** A catalogue server, there or gone. */
interface ServerInfo<State> {
  readonly name: string;
  readonly origin: string;
  readonly host: string;
  readonly cluster: string;
  /** Here and below: `unknown` stands for a word of a newer server. */
  readonly role: 'master' | 'leaf' | 'unknown';
  readonly state: State;
  /** Each as `host:port`. */
  readonly addresses: string[];
}

/** A catalogue server, as the one that was asked sees it. */
export interface PeerInfo extends ServerInfo<'reachable' | 'suspect' | 'split' | 'unknown'> {
  readonly links: number;
  readonly registrations: number;
  /** Whether it is the server that was asked. */
  readonly self: boolean;
  /** Milliseconds there and back; absent without a direct link. */
  readonly roundTripMs?: number;
}

/** Every server of the environment. */
export interface PeersAnswer extends ViewInfo {
  readonly servers: PeerInfo[];
  /** Those that have gone lately, the latest first; absent unless all were asked for. */
  readonly gone?: GoneInfo[];
}

/**
 * A server that has left, crashed or was forgotten within the split hold: `left` with a goodbye, taken
 * for `crashed`, or `forgotten` after a split.
 */
export interface GoneInfo extends ServerInfo<'left' | 'crashed' | 'forgotten' | 'unknown'> {
  /** Milliseconds since it was last in reach. */
  readonly agoMs: number;
  /** Why it was forgotten. */
  readonly reason?: string;
}

/** Something that is wrong. */
export interface ReasonInfo {
  /** One of those in rarangi-status(1), as `suspect`; later versions know more. */
  readonly code: string;
  readonly message: string;
  /** What to do. */
  readonly hint: string;
}

/** The state of the server that was asked, and what it sees. */
export interface StatusReport extends ViewInfo {
  readonly environment: string;
  /** What locks the TCP of the server. */
  readonly lock: 'none' | 'secret' | 'certificate' | 'unknown';
  readonly state: 'isolated' | 'split' | 'degraded' | 'healthy' | 'unknown';
  /** Each thing that is wrong, and what to do. */
  readonly reasons: ReasonInfo[];
  readonly server: Omit<PeerInfo, 'roundTripMs'>;
  readonly servers: {
    readonly reachable: number;
    readonly suspect: number;
    readonly split: number;
    /** Those that left, crashed or were forgotten within the split hold. */
    readonly gone: number;
  };
  readonly masters: { readonly reachable: number; readonly known: number };
  readonly services: number;
  readonly instances: { readonly live: number; readonly stale: number };
}

/** The state for programs: without the lock of the server, which is for people. */
export type StatusFacts = Omit<StatusReport, 'lock'>;

/** An instance as the library shows it. */
export function instanceInfoOf(given: Instance): InstanceInfo {
  const { registration, cluster, host, state } = given;
  return {
    name: registration.service,
    instance: registration.instance,
    address: registration.address,
    port: registration.port,
    ...(registration.scheme === null ? {} : { scheme: registration.scheme }),
    tags: Object.fromEntries(registration.tags.map(({ key, value }) => [key, value])),
    cluster,
    host,
    state: isLive(state) ? 'live' : 'stale',
  };
}

/** A row of `peers`. */
export function peerInfoOf(row: ServerRow): PeerInfo {
  const { roundTripMicros } = row;
  return {
    ...serverInfoOf(row, row.state),
    links: row.links,
    registrations: row.registrations,
    self: row.isSelf,
    ...(roundTripMicros === null ? {} : { roundTripMs: roundTripMicros / 1000 }),
  };
}

/** A row of `peers` for a server that is gone. */
export function goneInfoOf(row: GoneRow): GoneInfo {
  const { why, agoMs, detail } = row;
  return {
    ...serverInfoOf(row, why),
    agoMs,
    ...(detail === undefined ? {} : { reason: detail }),
  };
}

function serverInfoOf<State>(
  { origin, facts }: Pick<ServerRow, 'origin' | 'facts'>,
  state: State,
): ServerInfo<State> {
  const { name, host, cluster, role, addresses } = facts;
  return { name, origin, host, cluster, role, state, addresses: [...addresses] };
}

/** What `status` shows. */
export function statusReportOf(report: MessageOf<'report'>): StatusReport {
  const { roundTripMs: _, ...server } = peerInfoOf(report.server);
  return {
    environment: report.environment,
    lock: report.lock ?? 'none',
    state: report.state,
    ...viewInfoOf(report),
    reasons: (report.reasons ?? []).map((reason) => ({ ...reason })),
    server,
    servers: { ...report.servers, gone: report.gone ?? 0 },
    masters: { ...report.masters },
    services: report.services,
    instances: { ...report.instances },
  };
}

/** What `status --json` prints, and the HTTP door answers. */
export function statusFactsOf({ lock: _, ...facts }: StatusReport): StatusFacts {
  return facts;
}
