// The ring of events: the newest events that this server saw, for people who ask who removed what,
// when and why. The invariants: no decision depends on it; a row has its age and no time of day,
// because the clocks of two hosts never agree; and its size is fixed, so a row keeps only
// the fields of a registration that name it.

import { EVENT_SERVERS_MAX } from '../../protocol/constants.ts';
import type { InstanceId, Name } from '../../protocol/ids.ts';
import type { MessageOf } from '../../protocol/messages.ts';
import type { EventCause, EventKind, EventRow, Registration } from '../../protocol/records.ts';
import type { Change } from '../catalogue/catalogue.ts';
import type { Log } from './origins/log.ts';

/** Something that happened to an instance or to a server. */
interface Happening {
  readonly event: EventKind;
  readonly host: Name;
  readonly cluster: Name;
  /** For an instance, the servers that held it. */
  readonly servers: readonly Name[];
  readonly registration?: Registration;
  readonly cause?: EventCause;
  readonly detail?: string | undefined;
}

/** A row as it is kept. */
interface Kept {
  readonly number: number;
  readonly atMs: number;
  readonly event: EventKind;
  readonly host: Name;
  readonly cluster: Name;
  readonly servers: readonly Name[];
  readonly service: Name | null;
  readonly instance: InstanceId | null;
  readonly address: string | null;
  readonly port: number | null;
  readonly cause: EventCause | null;
  readonly detail: string | null;
}

/** The question. */
export type HistoryRequest = Omit<MessageOf<'history'>, 'kind' | 'request'>;

/** The newest events. */
export class History {
  readonly #rowsMax: number;
  readonly #rows: Kept[] = [];
  #count = 0;
  #bornMs = 0;

  constructor(rowsMax: number) {
    this.#rowsMax = rowsMax;
  }

  /** It records from now on. */
  begin(nowMs: number): void {
    this.#bornMs = nowMs;
  }

  /** The rows that there are. */
  get size(): number {
    return this.#rows.length;
  }

  /** An instance has changed for clients. */
  noteChange(nowMs: number, { change, instance, servers, ...end }: Change): void {
    const { registration, host, cluster } = instance;
    const place = { host, cluster, servers, registration };
    if (change === 'removed') {
      const { cause = 'unknown', detail } = end;
      this.#note(nowMs, { event: change, ...place, cause, detail });
    } else if (change === 'stale') {
      this.#note(nowMs, { event: change, ...place, cause: 'split', detail: end.detail });
    } else {
      this.#note(nowMs, { event: EVENT_OF_CHANGE[change], ...place });
    }
  }

  /** The standing of a server has changed, or a link to it is lost. */
  noteServer(
    nowMs: number,
    { log, verdict }: { readonly log: Pick<Log, 'facts'>; readonly verdict: string | null },
    what: Pick<Happening, 'event' | 'cause' | 'detail'>,
  ): void {
    const { host, cluster, name } = log.facts;
    const detail = what.detail ?? verdict ?? undefined;
    this.#note(nowMs, { ...what, detail, host, cluster, servers: [name] });
  }

  /**
   * The newest rows that fit the question, the oldest of them first, and how far back the ring
   * reaches; and how many were looked at.
   */
  answer(
    nowMs: number,
    query: HistoryRequest,
  ): { readonly rows: EventRow[]; readonly reachesBackMs: number; readonly looked: number } {
    const rows: EventRow[] = [];
    let looked = 0;
    const { after = 0, withinMs = Infinity, limit } = query;
    for (const kept of this.#newestFirst()) {
      const isOver = kept.number <= after || nowMs - kept.atMs > withinMs;
      if (isOver || rows.length >= limit) break;
      looked += 1;
      if (isAsked(kept, query)) rows.push(rowOf(kept, nowMs));
    }
    const oldest = this.#count <= this.#rowsMax ? null : this.#rows[this.#count % this.#rowsMax];
    const sinceMs = this.#rowsMax === 0 ? nowMs : (oldest?.atMs ?? this.#bornMs);
    const reachesBackMs = Math.max(0, Math.round(nowMs - sinceMs));
    return { rows: rows.reverse(), reachesBackMs, looked };
  }

  *#newestFirst(): Generator<Kept> {
    for (let back = 1; back <= this.#rows.length; back += 1) {
      const kept = this.#rows[(this.#count - back) % this.#rowsMax];
      if (kept !== undefined) yield kept;
    }
  }

  #note(atMs: number, { registration, servers, ...what }: Happening): void {
    if (this.#rowsMax === 0) return;
    this.#rows[this.#count % this.#rowsMax] = {
      number: this.#count + 1,
      atMs,
      event: what.event,
      host: what.host,
      cluster: what.cluster,
      servers: servers.length > EVENT_SERVERS_MAX ? servers.slice(0, EVENT_SERVERS_MAX) : servers,
      ...subjectOf(registration),
      cause: what.cause ?? null,
      detail: what.detail ?? null,
    };
    this.#count += 1;
  }
}

type Subject = Pick<Kept, 'service' | 'instance' | 'address' | 'port'>;

function subjectOf(registration: Registration | undefined): Subject {
  if (registration === undefined) return NO_INSTANCE;
  const { service, instance, address, port } = registration;
  return { service, instance, address, port };
}

const NO_INSTANCE: Subject = { service: null, instance: null, address: null, port: null };

function isAsked(kept: Kept, { service, host, instance }: HistoryRequest): boolean {
  if (service !== undefined && kept.service !== service) return false;
  if (host !== undefined && kept.host !== host) return false;
  return instance === undefined || kept.instance === instance;
}

function rowOf({ atMs, cause, detail, ...kept }: Kept, nowMs: number): EventRow {
  return {
    ...kept,
    ageMs: Math.max(0, Math.round(nowMs - atMs)),
    ...(cause === null ? {} : { cause }),
    ...(detail === null ? {} : { detail }),
  };
}

const EVENT_OF_CHANGE = { added: 'registered', updated: 'changed', live: 'live' } as const;

/** Some two megabytes: hours of an ordinary fleet, and the whole of a bad minute. */
export const HISTORY_ROWS = 10_000;
