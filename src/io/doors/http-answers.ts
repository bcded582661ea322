// Requests by HTTP and their handlers: a request is judged, found in the table of routes, and
// handed to its handler. The invariant: nothing is done before the request is allowed, every
// request has one answer, and an error of a handler is an answer as well.

import type { HttpFailure } from '../../doors/http/failures.ts';
import { limitFailure, usageFailure } from '../../doors/http/failures.ts';
import { openApi } from '../../doors/http/openapi.ts';
import type { RequestMeaning } from '../../doors/http/questions.ts';
import { Questions, targetOf } from '../../doors/http/questions.ts';
import type { Route, RouteName } from '../../doors/http/routes.ts';
import { ALL_ROUTES } from '../../doors/http/routes.ts';
import { allowedOrigin, judge } from '../../doors/http/access.ts';
import type { DoorContext } from './door.ts';
import { HttpAccess } from './http-access.ts';
import { readBody } from './http-body.ts';
import type { Exchange } from './http-exchange.ts';
import { answerLive, answerReady, answerSynced } from './http-health.ts';
import { answerExplain } from './http-explain.ts';
import { answerHistory } from './http-history.ts';
import { HttpFeed } from './http-feed.ts';
import { HttpInside } from './http-inside.ts';
import type { HttpQuestion } from './http-lookup.ts';
import { answerPeers, answerServices, answerStatus } from './http-lookup.ts';
import { answerEnvoy, answerPrometheus, answerTraefik } from './http-programs.ts';
import { answerPage, wantsPage } from './http-page.ts';
import { HttpMetrics } from './http-metrics.ts';
import { HttpRegistrations } from './http-register.ts';
import { answerService } from './http-service.ts';
import { answerWatch } from './http-watch.ts';

/** What a request means: a route, and the host if its target names one. */
interface Meant {
  readonly route: Route | null;
  readonly host: string | null;
}

type Handler = (exchange: Exchange, asked: HttpQuestion) => void;

/** The requests of one door. */
export class HttpAnswers {
  readonly #context: DoorContext;
  readonly #inside: HttpInside;
  readonly #questions = new Questions();
  readonly #access: HttpAccess;
  readonly #registrations: HttpRegistrations;
  readonly #metrics: HttpMetrics;
  readonly #handlers: Readonly<Record<RouteName, Handler>>;

  constructor(context: DoorContext) {
    this.#context = context;
    this.#inside = new HttpInside(context);
    this.#access = new HttpAccess(context.server);
    this.#registrations = new HttpRegistrations(this.#inside);
    this.#metrics = new HttpMetrics(this.#inside);
    this.#handlers = this.#createHandlers();
  }

  /** Answers a request. */
  handle(exchange: Exchange): void {
    exchange.attempt(() => {
      if (exchange.isPaced) this.#route(exchange);
      else exchange.fail(limitFailure(TOO_FAST));
    });
  }

  /** Reads tokens anew. Throws RARANGI_USAGE. */
  reload(): void {
    this.#access.reload();
    this.#metrics.reload();
  }

  close(): void {
    this.#metrics.close();
    this.#inside.close();
  }

  #route(exchange: Exchange): void {
    const { method = 'GET', url = '/' } = exchange.request;
    const { host, address } = targetOf(url);
    const question = this.#questions.of(method, address);
    const route = question.kind === 'asked' ? question.route : null;
    if (route !== null) exchange.route = route.name;
    if (!this.#mayPass(exchange, { route, host })) return;
    if (question.kind === 'asked') this.#answer(exchange, question);
    else if (question.kind === 'unknown') exchange.fail(noRoute(question.path));
    else {
      const headers = { Allow: question.allowed.join(', ') };
      exchange.fail(noMethod(method, question.path), { headers });
    }
  }

  /** Judges a request, and answers one that is refused. */
  #mayPass(exchange: Exchange, { route, host }: Meant): boolean {
    const visit = this.#access.visitOf(exchange, host);
    const rules = this.#access.rulesAt(exchange);
    const target = {
      isRoot: route?.name === 'root',
      isOpen: route?.isOpen === true,
      hasBody: route?.body !== undefined,
      writes: route?.writes === true,
    };
    const refusal = judge(visit, target, rules);
    if (refusal !== null) {
      this.#access.noteRefusal(exchange, refusal);
      exchange.fail(refusal);
      return false;
    }
    const origin = allowedOrigin(visit, rules);
    if (origin !== null) exchange.allowOrigin(origin);
    return true;
  }

  #answer(
    exchange: Exchange,
    { route, part, query }: Extract<RequestMeaning, { readonly kind: 'asked' }>,
  ): void {
    if (typeof query === 'string') exchange.fail(usageFailure(query));
    else this.#handlers[route.name](exchange, { part, query, inside: this.#inside });
  }

  /** Reads a body in JSON, then hands it over. */
  #withBody(exchange: Exchange, act: (body: unknown) => void): void {
    readBody(exchange, act);
  }

  #createHandlers(): Readonly<Record<RouteName, Handler>> {
    const { state } = this.#context.server;
    const registrations = this.#registrations;
    const feed = new HttpFeed(this.#inside);
    // Most servers are never asked for it.
    let document: string | null = null;
    return {
      root: (exchange) => {
        if (wantsPage(exchange)) answerPage(exchange);
        else this.#listRoutes(exchange);
      },
      services: answerServices,
      service: answerService,
      watch: answerWatch,
      feed: (exchange) => {
        feed.open(exchange);
      },
      status: answerStatus,
      peers: answerPeers,
      history: answerHistory,
      explain: answerExplain,
      register: (exchange) => {
        this.#withBody(exchange, (body) => {
          registrations.register(exchange, body);
        });
      },
      change: (exchange, { part }) => {
        this.#withBody(exchange, (body) => {
          registrations.change(exchange, part, body);
        });
      },
      deregister: (exchange, { part }) => {
        registrations.deregister(exchange, part);
      },
      prometheus: answerPrometheus,
      traefik: answerTraefik,
      envoy: (exchange, { inside }) => {
        this.#withBody(exchange, (body) => {
          answerEnvoy(exchange, inside, body);
        });
      },
      openapi: (exchange) => {
        document ??= JSON.stringify(openApi(API_VERSION));
        exchange.ready(200, document);
      },
      metrics: (exchange, asked) => {
        this.#metrics.answer(exchange, asked);
      },
      livez: answerLive,
      readyz: (exchange) => {
        answerReady(exchange, state());
      },
      syncedz: (exchange) => {
        answerSynced(exchange, state());
      },
    };
  }

  #listRoutes(exchange: Exchange): void {
    const { environment, facts } = this.#context.server;
    const routes = ALL_ROUTES.map(({ method, path, doc }) => ({ method, path, doc }));
    exchange.json(200, { environment, server: facts.name, routes });
  }
}

function noRoute(path: string): HttpFailure {
  return {
    ...usageFailure(`there is no route ${path}`, 'see which routes there are: /'),
    status: 404,
  };
}

function noMethod(method: string, path: string): HttpFailure {
  return { ...usageFailure(`${path} has no method ${method}`), status: 405 };
}

const TOO_FAST = 'the limit is 1000 requests a second of one address: ask less often';

/** That of the interface: its routes and keys. */
const API_VERSION = '1';
