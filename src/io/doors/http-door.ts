// The HTTP door: one HTTP server at each of its places, all of them answering alike. The invariant:
// a connection belongs to this door until it is closed, and all are closed with the door; an error
// of a handler costs its own request, never the door.

import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer, request as plainRequest } from 'node:http';
import type { Server as SecureServer, ServerOptions } from 'node:https';
import type { Socket } from 'node:net';

import { failureBody } from '../../doors/http/failures.ts';
import type { HttpLimitName } from '../../doors/http/limits.ts';
import { HTTP_LIMITS } from '../../doors/http/limits.ts';
import { httpSeriesOf } from '../../doors/metrics/table.ts';
import { endpointOf } from '../machine/addresses.ts';
import type { Door, DoorContext, DoorListener, DoorPlace } from './door.ts';
import { isBeyondLoopback } from './http-access.ts';
import { HttpAnswers } from './http-answers.ts';
import { HttpBreaches } from './http-breaches.ts';
import { HttpConnections } from './http-connections.ts';
import { Exchange, JSON_TYPE, renderedBy } from './http-exchange.ts';
import type { TlsOptions } from './http-tls.ts';
import { httpTlsFilesOf, httpTlsOf } from './http-tls.ts';

/** Opens the door. */
export function openDoor(context: DoorContext): Door {
  return new HttpDoor(context);
}

class HttpDoor implements Door {
  readonly #context: DoorContext;
  readonly #answers: HttpAnswers;
  readonly #connections: HttpConnections<Exchange>;
  readonly #breaches: HttpBreaches;
  readonly #servers = new Set<Server | SecureServer>();
  /** What was read last and can be used: a place that comes late gets it, too. */
  #tls: TlsOptions | null = null;

  constructor(context: DoorContext) {
    this.#context = context;
    this.#answers = new HttpAnswers(context);
    const onLimit = (limit: HttpLimitName): void => {
      context.server.count('limit-reached', [limit]);
    };
    this.#connections = new HttpConnections({
      answer: context.guard((exchange) => {
        this.#answers.handle(exchange);
      }),
      onLimit,
      nowMs: () => context.server.runtime.nowMs(),
    });
    this.#breaches = new HttpBreaches({
      onLimit,
      answerTo: (failure) => {
        const body = `${JSON.stringify(failureBody(failure))}\n`;
        const { status } = failure;
        context.server.count('http-requests', httpSeriesOf('none', status));
        return renderedBy(context.server, { status, content: { type: JSON_TYPE, body } });
      },
    });
  }

  async listen(place: DoorPlace): Promise<DoorListener> {
    const server = this.#createServer(place);
    await bind(server, endpointOf(place.address));
    return { close: () => server.close() };
  }

  async isStranger(place: DoorPlace): Promise<boolean> {
    const { environment } = this.#context.server;
    const endpoint = endpointOf(place.address);
    const target = 'path' in endpoint ? { socketPath: endpoint.path } : endpoint;
    const { request, more } = this.#isLocked(place) ? secureLook() : PLAIN_LOOK;
    return await new Promise((resolve) => {
      const asked = request({ ...target, ...more, path: '/livez', timeout: LOOK_MS, agent: false });
      asked.on('response', (response: IncomingMessage) => {
        response.resume();
        resolve(response.headers['rarangi-environment'] !== environment);
      });
      asked.on('timeout', () => {
        asked.destroy();
        resolve(true);
      });
      asked.on('error', (error: NodeJS.ErrnoException) => {
        // No program is there any more, or it does not speak HTTP.
        resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
      });
      asked.end();
    });
  }

  reload(): void {
    const tls = httpTlsOf(this.#context.server);
    this.#tls = tls;
    this.#answers.reload();
    for (const server of this.#servers) {
      if (tls !== null && 'setSecureContext' in server) server.setSecureContext(tls);
    }
  }

  async close(): Promise<void> {
    this.#answers.close();
    await Promise.all([...this.#servers].map((server) => ended(server)));
  }

  /** Whether TLS is spoken there. */
  #isLocked(place: DoorPlace): boolean {
    return isBeyondLoopback(place) && httpTlsFilesOf(this.#context.server) !== null;
  }

  #createServer(place: DoorPlace): Server | SecureServer {
    const { guard, server: own } = this.#context;
    const listener: RequestListener = guard((request, response) => {
      const isPaced = this.#connections.isPaced(request.socket);
      const noteWritten = (bytes: number): void => {
        this.#connections.noteWritten(bytes);
      };
      const given = { request, response, place, isPaced, noteWritten };
      const exchange = new Exchange(this.#context, given);
      this.#connections.take(exchange);
    });
    const tls = this.#isLocked(place) ? (this.#tls ??= httpTlsOf(own)) : null;
    const server =
      tls === null ? createServer(SERVER_OPTIONS, listener) : createSecureServer(tls, listener);
    server.on(tls === null ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.#connections.add(socket);
    });
    server.setTimeout(HTTP_LIMITS['http-unread-ms'].max, (socket: Socket) => {
      this.#connections.meetStill(socket);
    });
    server.on(
      'clientError',
      guard((error: NodeJS.ErrnoException, socket) => {
        this.#breaches.meet(error, socket, this.#connections.answerAt(socket));
      }),
    );
    server.on('listening', () => {
      this.#servers.add(server);
    });
    server.on('close', () => {
      this.#servers.delete(server);
    });
    return server;
  }
}

async function bind(server: Server | SecureServer, endpoint: object): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...endpoint, backlog: BACKLOG, exclusive: true }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
  // What fails from now on is a single accept (EMFILE): its connection is lost, the listener is not.
  server.on('error', () => undefined);
}

/** Gives answers that have begun a moment to end. */
async function ended(server: Server | SecureServer): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      server.closeAllConnections();
    }, CLOSE_MS_MAX);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function createSecureServer(tls: ServerOptions, listener: RequestListener): SecureServer {
  // Loaded when it is used: it takes more than a megabyte.
  const https = process.getBuiltinModule('node:https');
  return https.createServer({ ...SERVER_OPTIONS, ...tls }, listener);
}

/** How a place without TLS is looked at. */
const PLAIN_LOOK = { request: plainRequest, more: {} } as const;

/** How a place with TLS is: nothing is told or believed there, so any certificate will do. */
function secureLook() {
  const { request } = process.getBuiltinModule('node:https');
  return { request, more: { rejectUnauthorized: false } } as const;
}

/** The limits of a request: rarangi-http(7) says the same. */
const SERVER_OPTIONS = {
  maxHeaderSize: HTTP_LIMITS['http-header-bytes'].max,
  headersTimeout: HTTP_LIMITS['http-header-ms'].max,
  requestTimeout: HTTP_LIMITS['http-request-ms'].max,
  // Node.js looks only so often for requests that take too long.
  connectionsCheckingInterval: 500,
  keepAliveTimeout: HTTP_LIMITS['http-idle-ms'].max,
  // A request without one is answered by us.
  requireHostHeader: false,
  noDelay: true,
} as const;

const BACKLOG = 4_096;
const LOOK_MS = 1_000;
const CLOSE_MS_MAX = 1_000;
