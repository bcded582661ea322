// Answers for other programs in their own formats: Prometheus, Traefik, Envoy. The invariant: a
// server that has not synced yet answers 503, never an empty list, because all of them keep what
// they have on an error and drop it on an empty list.

import { instanceInfoOf } from '../../answers/shapes.ts';
import { isWanted } from '../../core/client/matching.ts';
import { assignmentOf, envoyAnswer, envoyAsked, resourceParts } from '../../doors/http/envoy.ts';
import { etagOf } from '../../doors/http/etag.ts';
import { cannotTell, usageFailure } from '../../doors/http/failures.ts';
import type { ScrapeTarget } from '../../doors/http/prometheus.ts';
import { targetGroupOf } from '../../doors/http/prometheus.ts';
import type { QueryParameters } from '../../doors/http/routes.ts';
import { matchRoute, millisecondsOf, queryOf } from '../../doors/http/routes.ts';
import { traefikOf } from '../../doors/http/traefik.ts';
import type { Name } from '../../protocol/ids.ts';
import { isName } from '../../protocol/ids.ts';
import type { Cause, Instance } from '../../protocol/records.ts';
import { isLive } from '../../protocol/records.ts';
import type { Exchange } from './http-exchange.ts';
import type { HttpInside } from './http-inside.ts';
import type { HttpQuestion } from './http-lookup.ts';
import { failUnanswered, wantedOf } from './http-lookup.ts';

/** Targets for Prometheus. */
export function answerPrometheus(exchange: Exchange, { inside, query }: HttpQuestion): void {
  if (failUnsynced(exchange, inside)) return;
  const patterns = [...(query.get('service') ?? []), ...(query.get('match') ?? [])];
  const isMatch = anyOf(inside, patterns.length === 0 ? ['*'] : patterns);
  if (typeof isMatch === 'string') {
    exchange.fail(usageFailure(isMatch));
    return;
  }
  const { environment, state } = inside.server;
  const wanted = wantedOf(query);
  gather(exchange, { inside, isMatch }, (instances) => {
    const goneMs = millisecondsOf(query.get('gone')?.[0] ?? '0') ?? 0;
    const present = instances.map((instance): ScrapeTarget & { readonly instance: Instance } => ({
      instance,
      info: instanceInfoOf(instance),
      state: isLive(instance.state) ? 'live' : 'stale',
    }));
    const gone = lostWithin(state(), goneMs)
      .filter(({ registration }) => isMatch(registration.service))
      .map((instance) => ({ instance, info: instanceInfoOf(instance), state: 'gone' as const }));
    const groups = [...present, ...gone]
      .filter(({ instance }) => isWanted(instance, wanted))
      .map((target) => targetGroupOf(target, environment));
    exchange.json(200, groups);
  });
}

/** Services and routers for Traefik. */
export function answerTraefik(exchange: Exchange, { inside }: HttpQuestion): void {
  if (failUnsynced(exchange, inside)) return;
  gather(exchange, { inside, isMatch: () => true }, (instances) => {
    exchange.json(200, traefikOf(instances.map(instanceInfoOf)));
  });
}

/** Endpoints for Envoy. */
export function answerEnvoy(exchange: Exchange, inside: HttpInside, body: unknown): void {
  if (failUnsynced(exchange, inside)) return;
  const asked = envoyAsked(body);
  if (typeof asked === 'string') {
    exchange.fail(usageFailure(asked));
    return;
  }
  const wishes = asked.resources.map((resource) => ({ resource, wish: wishOf(resource) }));
  const [wrong] = wishes.flatMap(({ wish }) => (typeof wish === 'string' ? [wish] : []));
  if (wrong !== undefined) {
    exchange.fail(usageFailure(wrong));
    return;
  }
  const names = new Set(wishes.map(({ wish }) => (typeof wish === 'string' ? '' : wish.name)));
  gather(exchange, { inside, isMatch: (name) => names.has(name as Name) }, (instances) => {
    const { facts, state } = inside.server;
    const assigned = wishes.map(({ resource, wish }) => ({
      resource,
      instances: instances.filter((one) => isMeant(one, wish)),
    }));
    const { isComplete: complete, missing } = state().view;
    const all = assigned.flatMap((one) => one.instances);
    const version = etagOf({ complete, missing, instances: all, asked: asked.resources });
    if (asked.version === version) exchange.bare(304);
    else {
      const resources = assigned.map((one) => assignmentOf(one, facts.cluster));
      exchange.json(200, envoyAnswer(version, resources));
    }
  });
}

interface ResourceWish {
  readonly name: Name;
  readonly query: QueryParameters;
}

/** The meaning of a resource; a text says what is wrong with it. */
function wishOf(resource: string): ResourceWish | string {
  const { name, query: text } = resourceParts(resource);
  if (!isName(name)) return `resource ${JSON.stringify(resource)} does not begin with a name`;
  const match = matchRoute('GET', `/v1/services/${name}`);
  const query = match.kind === 'found' ? queryOf(match.route, text) : new Map<string, string[]>();
  return typeof query === 'string' ? query : { name, query };
}

function isMeant(instance: Instance, wish: ResourceWish | string): boolean {
  if (typeof wish === 'string' || instance.registration.service !== wish.name) return false;
  return isWanted(instance, wantedOf(wish.query));
}

function failUnsynced(exchange: Exchange, { server }: HttpInside): boolean {
  if (server.state().view.isSynced) return false;
  exchange.fail(cannotTell('this server has not yet learnt everything since its start', {}));
  return true;
}

function anyOf(
  inside: HttpInside,
  patterns: readonly string[],
): ((name: string) => boolean) | string {
  const matchers: ((name: string) => boolean)[] = [];
  for (const pattern of patterns) {
    const matcher = inside.matcher(pattern);
    if (typeof matcher === 'string') return matcher;
    matchers.push(matcher);
  }
  return (name) => matchers.some((isMatch) => isMatch(name));
}

/** The instances of all services that match, in the order of their names and ids. */
function gather(
  exchange: Exchange,
  { inside, isMatch }: { readonly inside: HttpInside; readonly isMatch: (name: string) => boolean },
  done: (instances: readonly Instance[]) => void,
): void {
  inside.ask(exchange, { kind: 'list' }, (list) => {
    if (list.kind !== 'services') {
      failUnanswered(exchange, list);
      return;
    }
    const names = list.services.map(({ name }) => name).filter(isMatch);
    const found: (readonly Instance[])[] = [];
    const finish = (): void => {
      done(found.flat());
    };
    if (names.length === 0) finish();
    for (const service of names) {
      inside.ask(exchange, { kind: 'lookup', service }, (answer) => {
        found.push(answer.kind === 'instances' ? answer.instances : []);
        if (found.length === names.length) finish();
      });
    }
  });
}

type Known = ReturnType<HttpInside['server']['state']>;

/**
 * Instances that were lost a while ago and are not back, under whatever id: of each place the one
 * that went last. Those given up on purpose were not lost.
 */
function lostWithin(
  { clients: { removals }, nowMs, catalogue }: Known,
  withinMs: number,
): Instance[] {
  const lost = new Map<string, Instance>();
  for (const { instance, cause, atMs } of removals.values()) {
    const isLost = cause !== undefined && IS_LOST[cause] && nowMs - atMs <= withinMs;
    lost.delete(placeOf(instance));
    if (isLost) lost.set(placeOf(instance), instance);
  }
  const gone = [...lost.values()];
  const present = new Set<string>();
  for (const service of new Set(gone.map(({ registration }) => registration.service))) {
    for (const one of catalogue.instancesOf(service)) {
      present.add(placeOf(one)).add(one.registration.instance);
    }
  }
  return gone.filter((one) => {
    return !present.has(placeOf(one)) && !present.has(one.registration.instance);
  });
}

function placeOf({ registration: { service, address, port } }: Instance): string {
  return `${service} ${address} ${String(port)}`;
}

const IS_LOST: Readonly<Record<Cause, boolean>> = {
  closed: true,
  deregistered: false,
  unhealthy: true,
  crash: true,
  replaced: false,
  unknown: false,
};
