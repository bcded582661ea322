// One request and its answer. The invariant: every answer has the common headers, and is given
// once; a stream ends when its reader is gone or does not read, and its handler is told.

import type { IncomingMessage, ServerResponse } from 'node:http';

import type { StreamForm } from '../../doors/http/events.ts';
import { eventText, signOfLife, streamHeaders, streamStart } from '../../doors/http/events.ts';
import type { HttpFailure } from '../../doors/http/failures.ts';
import type { HttpStatus } from '../../doors/http/failures.ts';
import { failureBody, limitFailure } from '../../doors/http/failures.ts';
import type { HttpLimitName } from '../../doors/http/limits.ts';
import { HTTP_LIMITS } from '../../doors/http/limits.ts';
import type { RouteName } from '../../doors/http/routes.ts';
import type { HttpView } from '../../doors/http/view.ts';
import { viewHeaders } from '../../doors/http/view.ts';
import { httpSeriesOf } from '../../doors/metrics/table.ts';
import type { DoorContext, DoorPlace, DoorServer } from './door.ts';

/** The parts of an answer besides its body. */
export interface Extras {
  readonly view?: HttpView;
  readonly headers?: Headers;
}

/** Headers by their names; several values are as many lines. */
type Headers = Readonly<Record<string, string | readonly string[]>>;

/** An answer as it leaves: it may be given as often as it is right. */
export interface Rendered {
  readonly status: HttpStatus;
  /** The names and the values of its headers, in turn. */
  readonly head: string[];
  readonly body: string | null;
}

/** A stream of events. */
export interface HttpStream {
  readonly form: StreamForm;
  /** Writes an event of that name. */
  event(name: string, event: object): void;
  /** Writes events that are text in its form already. */
  send(text: string): void;
  /** Ends it from this side. */
  end(): void;
}

/** What an exchange is made of. */
interface ExchangeGiven extends Pick<Exchange, 'request' | 'response' | 'place' | 'isPaced'> {
  /** Told of everything that is written into the answer. */
  readonly noteWritten: (bytes: number) => void;
}

/** A request and its answer. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly place: DoorPlace;
  /** Whether its sender asks no faster than it may. */
  readonly isPaced: boolean;
  /** The route, once it is known. */
  route: RouteName | 'none' = 'none';
  readonly #context: DoorContext;
  readonly #noteWritten: (bytes: number) => void;
  /** Headers of this answer alone, as those of an answer. */
  #own: readonly string[] = [];

  constructor(context: DoorContext, given: ExchangeGiven) {
    this.request = given.request;
    this.response = given.response;
    this.place = given.place;
    this.isPaced = given.isPaced;
    this.#context = context;
    this.#noteWritten = given.noteWritten;
  }

  /** Does something for this request. An error is a bug of ours: it costs this request alone. */
  attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const fields = { door: 'HTTP', address: this.remote, reason };
      this.#context.server.tell({ name: 'door-fault', fields });
      if (this.response.headersSent) this.response.destroy();
      else this.fail(BUG);
    }
  }

  /** The same function, to be called back; an error in it costs this request alone. */
  guarded<A extends readonly unknown[]>(act: (...given: A) => void): (...given: A) => void {
    return (...given) => {
      this.attempt(() => {
        act(...given);
      });
    };
  }

  /** Calls back once, in so many milliseconds; call the returned function to cancel that. */
  alarm(delayMs: number, ring: () => void): () => void {
    const { runtime } = this.#context.server;
    return runtime.setAlarm(runtime.nowMs() + delayMs, this.guarded(ring));
  }

  /** Calls back once, when the answer is over or its reader has gone. */
  onClose(act: () => void): void {
    this.response.once('close', this.guarded(act));
  }

  /** Lets a web origin read the answer. */
  allowOrigin(origin: string): void {
    this.#own = ['Access-Control-Allow-Origin', origin, 'Vary', 'Origin'];
  }

  /** A header of the request; null if it is not there. */
  header(name: string): string | null {
    const value = this.request.headers[name];
    return typeof value === 'string' ? value : null;
  }

  /** Whether its sender wants the headers of the answer alone. */
  get isForHead(): boolean {
    return this.request.method === 'HEAD';
  }

  /** The client, in words for people. */
  get remote(): string {
    const { remoteAddress, remotePort } = this.request.socket;
    if (remoteAddress === undefined) return `${this.place.address}:0`;
    const host = remoteAddress.replace(/^::ffff:/i, '');
    return `${host.includes(':') ? `[${host}]` : host}:${String(remotePort ?? 0)}`;
  }

  /** The view of this server, for answers without a question to the core. */
  view(): HttpView {
    return viewOf(this.#context.server);
  }

  /** Counts that a limit was reached. */
  noteLimit(limit: HttpLimitName): void {
    this.#context.server.count('limit-reached', [limit]);
  }

  /** Answers JSON. */
  json(status: HttpStatus, body: object, extras: Extras = {}): void {
    this.ready(status, JSON.stringify(body), extras);
  }

  /** Answers JSON that is text already. */
  ready(status: HttpStatus, json: string, extras: Extras = {}): void {
    this.give(this.rendered(status, { type: JSON_TYPE, body: `${json}\n` }, extras));
  }

  /** Answers plain text. */
  text(status: HttpStatus, body: string, extras: Extras & { readonly type?: string } = {}): void {
    this.give(this.rendered(status, { type: extras.type ?? TEXT_TYPE, body }, extras));
  }

  /** Answers only a status. */
  bare(status: 204 | 304, extras: Extras = {}): void {
    this.give(this.rendered(status, null, extras));
  }

  /** Makes an answer, to be given now or later. */
  rendered(status: HttpStatus, content: Content | null, extras: Extras = {}): Rendered {
    return renderedBy(this.#context.server, { status, content, extras });
  }

  /** Gives an answer that is made. */
  give({ status, head, body }: Rendered): void {
    const { response } = this;
    if (response.headersSent || response.destroyed) return;
    this.#begin(status, head);
    if (body === null || this.isForHead) response.end();
    else {
      response.end(body);
      this.#noteWritten(body.length);
    }
  }

  /** Says what is wrong. */
  fail(failure: HttpFailure, { view, headers = {} }: Extras = {}): void {
    const { status } = failure;
    const more = {
      ...(status === 503 || status === 429 ? { 'Retry-After': '1' } : {}),
      ...(status === 401 ? { 'WWW-Authenticate': CHALLENGES } : {}),
      ...headers,
    };
    this.json(status, failureBody(failure), {
      headers: more,
      ...(view === undefined ? {} : { view }),
    });
  }

  /** Answers the headers of a stream, without the stream. */
  streamHead(form: StreamForm): void {
    this.#beginStream(form);
    this.response.end();
  }

  /** Says that a limit of the door is reached. */
  failAtLimit(limit: HttpLimitName, reason: string): void {
    this.noteLimit(limit);
    this.fail(limitFailure(reason));
  }

  /** Begins a stream. `onEnd` is called once, when it has no reader any more. */
  stream(form: StreamForm, onEnd: () => void): HttpStream {
    const { response } = this;
    let cancelBeat = (): void => undefined;
    const write = (text: string): void => {
      if (response.destroyed || response.writableEnded) return;
      response.write(text);
      if (response.writableLength > UNREAD_BYTES_MAX) {
        this.noteLimit('http-unread-bytes');
        response.destroy();
      } else this.#noteWritten(text.length);
    };
    const beat = (): void => {
      cancelBeat = this.alarm(BEAT_MS, () => {
        write(signOfLife(form) ?? eventText(form, 'alive', ALIVE));
        beat();
      });
    };
    this.onClose(() => {
      cancelBeat();
      onEnd();
    });
    this.#beginStream(form);
    response.flushHeaders();
    write(streamStart(form));
    beat();
    return {
      form,
      event: (name, event) => {
        write(eventText(form, name, JSON.stringify(event)));
      },
      send: write,
      end: () => {
        response.end();
      },
    };
  }

  #beginStream(form: StreamForm): void {
    const headers = { ...commonHeaders(this.#context.server), ...streamHeaders(form) };
    this.#begin(200, linesOf(headers));
  }

  #begin(status: HttpStatus, head: string[]): void {
    this.#context.server.count('http-requests', httpSeriesOf(this.route, status));
    this.response.writeHead(status, this.#own.length === 0 ? head : [...head, ...this.#own]);
  }
}

/** Makes an answer of a server, with the headers of all. */
export function renderedBy(
  server: DoorServer,
  { status, content, extras = {} }: Pick<Rendered, 'status'> & RenderedParts,
): Rendered {
  const { view, headers } = extras;
  const all: Record<string, Headers[string]> = { ...commonHeaders(server, view), ...headers };
  if (content === null) return { status, head: linesOf(all), body: null };
  const { type, body } = content;
  all['Content-Type'] = type;
  all['Content-Length'] = String(Buffer.byteLength(body));
  return { status, head: linesOf(all), body };
}

/** An answer without its status. */
interface RenderedParts {
  readonly content: Content | null;
  readonly extras?: Extras;
}

function commonHeaders(
  server: DoorServer,
  view: HttpView = viewOf(server),
): Record<string, string> {
  const { environment, facts } = server;
  return {
    'Rarangi-Environment': environment,
    'Rarangi-Server': facts.name,
    ...viewHeaders(view),
    'Cache-Control': 'no-cache',
    'X-Content-Type-Options': 'nosniff',
  };
}

function viewOf(server: DoorServer): HttpView {
  const { isComplete: complete, missing, missingCount, why } = server.state().view;
  return { complete, missing, missingCount, why };
}

function linesOf(headers: Headers): string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [name, value] : value.flatMap((one) => [name, one]),
  );
}

/** What an answer has to say. */
export interface Content {
  readonly type: string;
  readonly body: string;
}

/** What JSON is sent as. */
export const JSON_TYPE = 'application/json';
/** What text is sent as. */
export const TEXT_TYPE = 'text/plain; charset=utf-8';

const BUG: HttpFailure = {
  status: 500,
  code: 'bug',
  message: 'this is a bug in rarangi',
  hint: 'please report it, with the log of this server',
};

// Chromium takes a line for one challenge: of two in a line it knows neither.
const CHALLENGES = ['Bearer realm="rarangi"', 'Basic realm="rarangi", charset="UTF-8"'];
const ALIVE = JSON.stringify({ event: 'alive' });
const BEAT_MS = 5_000;

/** The bytes that may wait in memory for a reader that does not read. */
const { max: UNREAD_BYTES_MAX } = HTTP_LIMITS['http-unread-bytes'];
