// Questions by HTTP: the instances of a service, the services, the servers, the state. The invariant:
// the same question is answered as by the command line, key for key; and whoever waits for another
// answer is woken by a change of this answer and by nothing else.

import { formatted } from '../../answers/instance-text.ts';
import type { TextFormat } from '../../answers/instance-text.ts';
import { chosenOf } from '../../answers/choice.ts';
import type { InstanceInfo } from '../../answers/shapes.ts';
import { instanceInfoOf, peerInfoOf, statusReportOf } from '../../answers/shapes.ts';
import { viewInfoOf, type ViewInfo } from '../../answers/view.ts';
import type { Wanted } from '../../core/client/matching.ts';
import { isWanted, nearestFirst } from '../../core/client/matching.ts';
import { etagOf, isNamedIn } from '../../doors/http/etag.ts';
import { cannotTell, limitFailure, usageFailure } from '../../doors/http/failures.ts';
import type { Query } from '../../doors/http/routes.ts';
import { millisecondsOf } from '../../doors/http/routes.ts';
import type { Name } from '../../protocol/ids.ts';
import { isName } from '../../protocol/ids.ts';
import type { Instance } from '../../protocol/records.ts';
import { lookupAnswerOf } from '../../core/server/tally.ts';
import { isLive } from '../../protocol/records.ts';
import type { Exchange } from './http-exchange.ts';
import type { HttpInside } from './http-inside.ts';
import type { InnerAnswer } from './inner-session.ts';

/** The services of the environment. */
export function answerServices(exchange: Exchange, { inside, query }: Asked): void {
  const isMatch = inside.matcher(query.get('match')?.[0] ?? '*');
  if (typeof isMatch === 'string') {
    exchange.fail(usageFailure(isMatch));
    return;
  }
  inside.ask(exchange, { kind: 'list' }, (answer) => {
    if (answer.kind !== 'services') {
      failUnanswered(exchange, answer);
      return;
    }
    const view = viewInfoOf(answer);
    const services = answer.services.filter(({ name }) => isMatch(name)).map((one) => ({ ...one }));
    const body = { ...view, services };
    if (services.length > 0) exchange.json(200, body, { view });
    else if (view.complete) exchange.fail(noneFailure('no service is registered', body), { view });
    else exchange.fail(cannotTell('cannot tell which services there are', body), { view });
  });
}

/** Every server. */
export function answerPeers(exchange: Exchange, { inside }: Asked): void {
  inside.ask(exchange, { kind: 'peers' }, (answer) => {
    if (answer.kind !== 'servers') failUnanswered(exchange, answer);
    else {
      const { complete, ...lack } = viewInfoOf(answer);
      const servers = answer.servers.map(peerInfoOf);
      const body = { complete, ...(complete ? {} : lack), servers };
      exchange.json(200, body, { view: { complete, ...lack } });
    }
  });
}

/** The state of this server. */
export function answerStatus(exchange: Exchange, { inside }: Asked): void {
  inside.ask(exchange, { kind: 'status' }, (answer) => {
    if (answer.kind !== 'report') failUnanswered(exchange, answer);
    else exchange.json(200, statusReportOf(answer), { view: viewInfoOf(answer) });
  });
}

/** The instances of a service. */
export function answerService(exchange: Exchange, asked: Asked): void {
  const { part: name, query, inside } = asked;
  if (!isName(name)) {
    exchange.fail(usageFailure(`service ${JSON.stringify(name)} is not a name`));
    return;
  }
  const waitMs = millisecondsOf(query.get('wait')?.[0] ?? '0') ?? 0;
  if (waitMs > WAIT_MS_MAX) {
    exchange.fail(usageFailure('wait is more than 10m'));
    return;
  }
  const lookup: Lookup = { name, query, wanted: wantedOf(query), inside };
  look(exchange, lookup, (found) => {
    const known = exchange.header('if-none-match');
    const isOver = known === null ? hasLive(found) : !isNamedIn(known, found.etag);
    if (waitMs === 0 || isOver) answerFound(exchange, lookup, found);
    else waitFor(exchange, lookup, { waitMs, known });
  });
}

/** What a request asked for. */
export interface Asked {
  readonly part: string;
  readonly query: Query;
  readonly inside: HttpInside;
}

/** Which instances parameters ask for. */
export function wantedOf(query: Query): Wanted {
  const tags = (query.get('tag') ?? []).map((pair): [string, string] => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  const [cluster] = query.get('cluster') ?? [];
  return { tags: Object.fromEntries(tags), ...(cluster === undefined ? {} : { cluster }) };
}

/** Says that the core gave no answer. */
export function failUnanswered(exchange: Exchange, answer: InnerAnswer): void {
  if (answer.kind === 'refused') exchange.fail(limitFailure(answer.reason));
  else exchange.fail(cannotTell('this server stops', {}));
}

interface Lookup {
  readonly name: Name;
  readonly query: Query;
  readonly wanted: Wanted;
  readonly inside: HttpInside;
}

interface Found {
  /** All that match, nearest first. */
  readonly instances: readonly Instance[];
  readonly view: ViewInfo;
  readonly etag: string;
}

function look(exchange: Exchange, lookup: Lookup, done: (found: Found) => void): void {
  const { name, wanted, inside } = lookup;
  inside.ask(exchange, { kind: 'lookup', service: name }, (answer) => {
    if (answer.kind !== 'instances') {
      failUnanswered(exchange, answer);
      return;
    }
    const { complete, missing } = answer;
    const matching = answer.instances.filter((one) => isWanted(one, wanted));
    const { facts, runtime } = inside.server;
    done({
      instances: nearestFirst(matching, facts, () => runtime.random()),
      view: viewInfoOf(answer),
      etag: etagOf({ complete, missing, instances: matching }),
    });
  });
}

function hasLive({ instances }: Found): boolean {
  return instances.some(({ state }) => isLive(state));
}

function answerFound(exchange: Exchange, { name, query, inside }: Lookup, found: Found): void {
  const { view, etag } = found;
  inside.server.count('lookups', ['http', lookupAnswerOf(found.instances, view.complete)]);
  const headers: Record<string, string> = { ETag: etag };
  if (isNamedIn(exchange.header('if-none-match'), etag)) {
    exchange.bare(304, { view, headers });
    return;
  }
  const choice = { all: query.has('all'), live: query.has('live') };
  const chosen = chosenOf(found.instances, choice, () => name);
  const instances = query.has('one') ? chosen.slice(0, 1) : chosen;
  if (instances.length === 0) {
    const body = { service: name, ...view, instances: [] };
    exchange.fail(emptyFailure(name, found, body), { view, headers });
    return;
  }
  if (!instances.some(({ state }) => isLive(state))) headers['Rarangi-State'] = 'stale';
  const [format] = query.get('format') ?? [];
  if (format === undefined) {
    const head = JSON.stringify({ service: name, ...view }).slice(0, -1);
    const json = `${head},"instances":[${instances.map(jsonOf).join()}]}`;
    exchange.ready(200, json, { view, headers });
  } else {
    const lines = formatted(instances.map(instanceInfoOf), format as TextFormat);
    exchange.text(200, lines.map((line) => `${line}\n`).join(''), { view, headers });
  }
}

function emptyFailure(name: string, { instances, view }: Found, body: object) {
  const { complete } = view;
  if (instances.length > 0) {
    const message = `no live instance of ${name}; stale ones: ${String(instances.length)}`;
    return { ...cannotTell(message, body), code: 'only-stale' as const };
  }
  if (complete) return noneFailure(`no instance of ${name}`, body);
  return cannotTell(`cannot tell whether ${name} is there`, body);
}

function noneFailure(message: string, more: object) {
  const hint = 'see what there is with: /v1/services';
  return { status: 404, code: 'none', message, hint, more } as const;
}

interface Wait {
  readonly waitMs: number;
  /** The header If-None-Match: until the answer is another one; null: until one is live. */
  readonly known: string | null;
}

/** Holds the answer back until it is what is waited for, or the time is over. */
function waitFor(exchange: Exchange, lookup: Lookup, { waitMs, known }: Wait): void {
  const { inside, name } = lookup;
  const session = inside.openStream(exchange);
  if (session === null) return;
  let isLooking = false;
  const end = (): void => {
    cancelAlarm();
    session.close('waited');
  };
  const lookAgain = (): void => {
    isLooking = false;
    if (!session.isOpen) return;
    look(exchange, lookup, (found) => {
      const isOver = known === null ? hasLive(found) : !isNamedIn(known, found.etag);
      if (!isOver) return;
      end();
      answerFound(exchange, lookup, found);
    });
  };
  const cancelAlarm = exchange.alarm(waitMs, () => {
    end();
    look(exchange, lookup, (found) => {
      if (known === null && !hasLive(found)) failTimedOut(exchange, lookup, found);
      else answerFound(exchange, lookup, found);
    });
  });
  exchange.onClose(end);
  const onChange = (): void => {
    // All that one step tells is one piece of news.
    if (isLooking) return;
    isLooking = true;
    queueMicrotask(exchange.guarded(lookAgain));
  };
  session.watch({ service: name }, onChange, (reason) => {
    end();
    exchange.fail(limitFailure(reason));
  });
}

function failTimedOut(exchange: Exchange, { name }: Lookup, { view, etag }: Found): void {
  const failure = {
    status: 504,
    code: 'timed-out',
    message: `no live instance of ${name} came in time`,
    hint: 'see what is there with: /v1/services',
    more: { service: name, ...view, instances: [] },
  } as const;
  exchange.fail(failure, { view, headers: { ETag: etag } });
}

/** An instance as JSON; what was written once is ready for the next one who asks. */
function jsonOf(instance: Instance): string {
  const ready = READY.get(instance);
  if (ready !== undefined) return ready;
  const json = JSON.stringify(instanceInfoOf(instance) satisfies InstanceInfo);
  READY.set(instance, json);
  return json;
}

const READY = new WeakMap<Instance, string>();
const WAIT_MS_MAX = 600_000;
