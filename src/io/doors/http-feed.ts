// The feed of the status page: everything at first, then the changes. The invariants: each kind of
// event comes at most four times a second, whatever happens; changes are found and written once for
// all readers; without a reader no work is done and nothing is kept.

import { historyAnswerOf, historyFacts } from '../../answers/history.ts';
import {
  peerInfoOf,
  type ServiceInfo,
  statusFactsOf,
  statusReportOf,
} from '../../answers/shapes.ts';
import { serverRowOf } from '../../core/server/sessions/answers.ts';
import type { Origin } from '../../core/server/entities.ts';
import type { State } from '../../core/server/state.ts';
import { eventText, type StreamForm } from '../../doors/http/events.ts';
import {
  type FeedAway,
  type FeedEvent,
  type FeedServer,
  type FeedService,
  type FeedStatus,
  inParts,
  ToldRows,
} from '../../doors/http/feed.ts';
import type { MessageOf } from '../../protocol/messages.ts';
import type { Instance } from '../../protocol/records.ts';
import { writtenTimes } from '../machine/written-times.ts';
import type { Exchange, HttpStream } from './http-exchange.ts';
import type { HttpInside } from './http-inside.ts';

interface Reader {
  readonly exchange: Exchange;
  readonly stream: HttpStream;
  /** Whether it has got nothing yet. */
  isNew: boolean;
  /** When it was last told that this server lives. */
  assuredMs: number;
}

/** An event, written once for all readers. */
interface Written {
  readonly name: FeedEvent['event'];
  readonly json: string;
}

function written(event: FeedEvent): Written {
  return { name: event.event, json: JSON.stringify(event) };
}

/** The core's answers about itself. */
interface Said {
  readonly report: MessageOf<'report'>;
  readonly events: MessageOf<'events'>;
}

/** The feed of one door. */
export class HttpFeed {
  readonly #inside: HttpInside;
  readonly #readers = new Set<Reader>();
  #told = new Told();
  #lookedMs = -Infinity;
  #isArmed = false;

  constructor(inside: HttpInside) {
    this.#inside = inside;
  }

  /** Sends a new reader everything, and then the changes, as long as it reads. */
  open(exchange: Exchange): void {
    const reading = this.#inside.openReading(exchange, {
      key: 'event',
      onEnd: () => {
        this.#readers.delete(reader);
      },
    });
    if (reading === null) return;
    const { stream } = reading;
    const reader: Reader = { exchange, stream, isNew: true, assuredMs: -Infinity };
    this.#readers.add(reader);
    this.#arm();
  }

  /** Looks again when it is time. An error then costs the reader that it is done for. */
  #arm(): void {
    const [reader] = this.#readers;
    if (this.#isArmed || reader === undefined) return;
    this.#isArmed = true;
    const { runtime } = this.#inside.server;
    const delayMs = Math.max(0, this.#lookedMs + LOOK_MS - runtime.nowMs());
    reader.exchange.alarm(delayMs, () => {
      this.#isArmed = false;
      this.#lookedMs = runtime.nowMs();
      this.#assure();
      this.#look();
      this.#arm();
    });
  }

  /** A page cannot see comments, and must know whether it shows the present state. */
  #assure(): void {
    for (const reader of this.#readers) {
      if (this.#lookedMs - reader.assuredMs < ALIVE_MS || reader.isNew) continue;
      reader.assuredMs = this.#lookedMs;
      reader.stream.event('alive', ALIVE);
    }
  }

  #look(): void {
    const [reader] = this.#readers;
    if (reader === undefined) {
      this.#told = new Told();
      return;
    }
    const after = this.#hasNew() ? 0 : this.#told.number;
    this.#inside.ask(reader.exchange, { kind: 'status' }, (report) => {
      const question = { kind: 'history', limit: ROWS_MAX, after } as const;
      this.#inside.ask(reader.exchange, question, (events) => {
        // A session that was lost is there again at the next look.
        if (report.kind === 'report' && events.kind === 'events') this.#tell({ report, events });
      });
    });
  }

  #hasNew(): boolean {
    return [...this.#readers].some(({ isNew }) => isNew);
  }

  #tell(said: Said): void {
    const { news, whole } = this.#told.next(this.#inside.server.state(), said);
    const all = new Texts(this.#hasNew() ? whole() : []);
    const changes = new Texts(news);
    for (const reader of this.#readers) {
      const text = (reader.isNew ? all : changes).in(reader.stream.form);
      if (text !== '') reader.stream.send(text);
      reader.isNew = false;
    }
  }
}

/** What is told at a time, as one text for all readers of a form. */
class Texts {
  readonly #events: readonly Written[];
  readonly #texts = new Map<StreamForm, string>();

  constructor(events: readonly Written[]) {
    this.#events = events;
  }

  in(form: StreamForm): string {
    const known = this.#texts.get(form);
    if (known !== undefined) return known;
    const text = this.#events.map(({ name, json }) => eventText(form, name, json)).join('');
    this.#texts.set(form, text);
    return text;
  }
}

/** The state that all readers have got. */
class Told {
  /** The number of the newest event. */
  number = 0;
  readonly #servers = new ToldRows<FeedServer>();
  readonly #services = new ToldRows<FeedService>();
  readonly #where = new WeakMap<object, FeedService>();
  readonly #rows = new Map<Origin, ServerLook>();
  #status = '';

  /** The changes in the core's knowledge; for a reader that has got nothing, all of it. */
  next(
    state: Readonly<State>,
    said: Said,
  ): { readonly news: readonly Written[]; readonly whole: () => readonly Written[] } {
    const servers = this.#serversOf(state);
    const services = this.#servicesOf(state);
    const status = statusOf(state, said.report);
    const last = this.number;
    this.number = said.events.rows.at(-1)?.number ?? last;
    return {
      news: [
        ...this.#statusNews(status),
        ...peersOf(this.#servers.changesTo(servers), false),
        ...servicesOf(this.#services.changesTo(services), false),
        ...historyOf(said.events, { whole: false, after: last }),
      ],
      whole: () => [
        written(status),
        ...peersOf({ changed: [...servers.values()], gone: [] }, true),
        ...servicesOf({ changed: [...services.values()], gone: [] }, true),
        ...historyOf(said.events, { whole: true, after: 0 }),
      ],
    };
  }

  /** Passing time is no news. */
  #statusNews(status: FeedStatus): Written[] {
    const away = status.away.map(({ host, state }) => [host, state]);
    const text = JSON.stringify({ ...status, away });
    if (text === this.#status) return [];
    this.#status = text;
    return [written(status)];
  }

  /** The catalogue has the same row for a service until something of it has changed. */
  #servicesOf({ catalogue }: Readonly<State>): ReadonlyMap<string, FeedService> {
    const services = new Map<string, FeedService>();
    for (const row of catalogue.services()) {
      const known = this.#where.get(row) ?? whereabouts(row, catalogue.instancesOf(row.name));
      this.#where.set(row, known);
      services.set(row.name, known);
    }
    return services;
  }

  /** Rows of servers, the same records as before where nothing is different. */
  #serversOf(state: Readonly<State>): ReadonlyMap<string, FeedServer> {
    for (const origin of this.#rows.keys()) {
      if (state.origins.get(origin.id) !== origin) this.#rows.delete(origin);
    }
    const servers = new Map<string, FeedServer>();
    for (const origin of state.origins.values()) {
      const look = lookAt(state, origin, this.#rows.get(origin));
      if (look === null) continue;
      this.#rows.set(origin, look);
      servers.set(look.row.name, look.row);
    }
    return servers;
  }
}

function whereabouts(row: ServiceInfo, instances: readonly Instance[]): FeedService {
  const hosts = new Set(instances.map(({ host }) => host));
  const clusters = new Set(instances.map(({ cluster }) => cluster));
  return { ...row, hosts: hosts.size, clusters: clusters.size };
}

/** A row, and its sources. */
interface ServerLook {
  readonly row: FeedServer;
  readonly standing: Origin['standing'];
  readonly sequence: number;
  /** Whether it names all servers that it has links to. */
  readonly isWhole: boolean;
}

function lookAt(
  state: Readonly<State>,
  origin: Origin,
  before: ServerLook | undefined,
): ServerLook | null {
  const { standing, log } = origin;
  const { sequence } = log;
  const isSame = before?.standing === standing && before.sequence === sequence;
  if (isSame && before.isWhole) return before;
  const given = serverRowOf(state, origin);
  if (given === null) return null;
  const links = [...log.links].flatMap((id) => state.origins.get(id)?.log.facts.name ?? []);
  if (isSame && links.length === before.row.links.length) return before;
  const { name, host, cluster, role, state: word, registrations, self } = peerInfoOf(given);
  const { side } = log.facts;
  const row = { name, side, host, cluster, role, state: word, registrations, self, links };
  return { row, standing, sequence, isWhole: links.length === log.links.size };
}

function statusOf(state: Readonly<State>, report: MessageOf<'report'>): FeedStatus {
  return { event: 'status', ...statusFactsOf(statusReportOf(report)), away: awayOf(state) };
}

/** Each host that is out of reach, by its server that went first. */
function awayOf({ reach: { away }, nowMs, options }: Readonly<State>): FeedAway[] {
  const hosts = new Map<string, FeedAway>();
  for (const { log, standing, sinceMs } of away) {
    const { host } = log.facts;
    const agoMs = Math.max(0, Math.round(nowMs - sinceMs));
    if ((standing !== 'split' && standing !== 'suspect') || agoMs < (hosts.get(host)?.agoMs ?? 0)) {
      continue;
    }
    const leftMs = Math.max(0, Math.round(options.splitHoldMs - agoMs));
    hosts.set(host, { host, state: standing, agoMs, ...(standing === 'split' ? { leftMs } : {}) });
  }
  return [...hosts.values()].sort((one, other) => (one.host < other.host ? -1 : 1));
}

interface Changes<Row> {
  readonly changed: readonly Row[];
  readonly gone: readonly string[];
}

/**
 * The changes, in parts: the first says which names are gone, and whether all before it is void.
 */
function partsOf<Row>(
  { changed, gone }: Changes<Row>,
  whole: boolean,
  eventOf: (rows: readonly Row[], head: PartHead) => FeedEvent,
): Written[] {
  if (!whole && changed.length === 0 && gone.length === 0) return [];
  return inParts(changed).map((rows, index) =>
    written(eventOf(rows, index === 0 ? { whole, gone } : { whole: false, gone: [] })),
  );
}

interface PartHead {
  readonly whole: boolean;
  readonly gone: readonly string[];
}

function peersOf(changes: Changes<FeedServer>, whole: boolean): Written[] {
  return partsOf(changes, whole, (servers, head) => ({ event: 'peers', ...head, servers }));
}

function servicesOf(changes: Changes<FeedService>, whole: boolean): Written[] {
  return partsOf(changes, whole, (services, head) => ({ event: 'services', ...head, services }));
}

function historyOf(
  events: MessageOf<'events'>,
  { whole, after }: { readonly whole: boolean; readonly after: number },
): Written[] {
  const rows = events.rows.filter(({ number }) => number > after);
  if (!whole && rows.length === 0) return [];
  const answer = historyFacts(historyAnswerOf({ ...events, rows }, writtenTimes()));
  return [written({ event: 'history', whole, ...answer })];
}

/** Four times a second: as much as anybody can read. */
const LOOK_MS = 250;

const ALIVE = { event: 'alive' };
const ALIVE_MS = 2_000;

/** Events that are sent at once; `/v1/history` has older ones. */
const ROWS_MAX = 200;
