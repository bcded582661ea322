// Certain answers: a complete view lacks no living instance that a server within reach knows,
// however many hops away: the server holds it, answers it, even as stale, or misses its host. Asked
// whenever a server's answers have changed, and every 100 ms. "Within reach" is a path of five
// seconds. For a life that begins in a calm network it is, from its first moment on, every server
// to which a server named by `--peer` has had such a path, if that one was there first: one that begins
// later, or anew, is found when it is dialled next. Nothing is promised of a service while the only
// server of its host restarts (guide.md): when it is back after a grace, that is news.

import { GRACE_MS } from '../../../src/protocol/constants.ts';
import type { OriginId } from '../../../src/protocol/ids.ts';
import type { Cluster, SimServer } from '../world/cluster.ts';
import { instancesAt } from '../world/cluster.ts';
import type { SimService } from '../world/service.ts';
import type { Checker } from './checker.ts';
import type { Paths } from './paths.ts';

/** No certain "no" for an instance that the living fleet knows. */
export function certainAnswers(): Checker {
  const knowledge = new Knowledge();
  const sessions = new Sessions();
  const looked = new Map<SimServer, string>();
  let doubts: Doubt[] = [];
  let checkedMs = 0;
  const look = (server: SimServer, world: Cluster, paths: Paths): readonly string[] => {
    for (const { service, knower } of lackedBy(server, { world, paths, knowledge, sessions })) {
      const by = holdersAt(knower, service);
      doubts.push({ server, service, knower, by, atMs: world.nowMs });
    }
    return [];
  };
  return {
    name: 'a complete answer lacks nothing that a server within reach knows of',
    look: (server, world, paths) => {
      const mark = markOf(server);
      if (looked.get(server) === mark) return [];
      looked.set(server, mark);
      knowledge.forget(server);
      return look(server, world, paths);
    },
    check: (world, paths) => {
      knowledge.note(world);
      sessions.note(world);
      // The paths are as of the last look: only now is it known which are back since.
      doubts = doubts.filter(({ atMs, server, service }) => {
        return atMs <= checkedMs || !isPathNews(server, { service, world, paths });
      });
      checkedMs = world.nowMs;
      for (const server of world.running()) look(server, world, paths);
      const due = doubts.filter(({ atMs }) => world.nowMs - atMs >= STILL_MS);
      doubts = doubts.filter((doubt) => !due.includes(doubt));
      return due.flatMap((doubt) => sentencesOf(doubt, knowledge, world.nowMs));
    },
  };
}

/**
 * A possible error: it is one if the server that knew still knows it when all had time to forget,
 * and not only because another server holds it since.
 */
interface Doubt {
  readonly server: SimServer;
  readonly service: SimService;
  readonly knower: SimServer;
  readonly by: ReadonlySet<OriginId>;
  readonly atMs: number;
}

function sentencesOf(doubt: Doubt, knowledge: Knowledge, nowMs: number): string[] {
  const { server, service, knower, by, atMs } = doubt;
  const isStill = knowledge.forMs(knower, service, nowMs) > nowMs - atMs;
  const holders = holdersAt(knower, service);
  const isNews = by.size > 0 && ![...by].some((holder) => holders.has(holder));
  if (!isStill || isNews || !service.isOffered) return [];
  const what = `${service.instance} on ${service.host}`;
  return [`${server.name} is complete without ${what}, of which ${knower.name} knows`];
}

/** The part of its answers that is cheap to ask after every step. */
function markOf({ core: { state } }: SimServer): string {
  const { live, stale } = state.catalogue.counts;
  return `${String(state.view.isComplete)} ${String(live)} ${String(stale)}`;
}

interface Surroundings {
  readonly world: Cluster;
  readonly paths: Paths;
  readonly knowledge: Knowledge;
  readonly sessions: Sessions;
}

function lackedBy(
  server: SimServer,
  { world, paths, knowledge, sessions }: Surroundings,
): { service: SimService; knower: SimServer }[] {
  const {
    view: { isComplete },
    life: { waiting: held, isStopping },
  } = server.core.state;
  if (!isComplete || held !== null || isStopping) return [];
  if (server.process.state !== 'running') return [];
  const answered = answeredBy(server);
  return world.services.flatMap((service) => {
    if (!service.isOffered || service.environment !== server.environment) return [];
    if (answered.has(service.instance)) return [];
    if (isPathNews(server, { service, world, paths })) return [];
    const isBack = sessions.isBack(service, world.nowMs);
    const holders = isBack ? holdersIn(world, service) : [];
    const knower = knowledge.of(service, world.nowMs).find((other) => {
      // Other checkers judge an instance that the server itself gave up a moment ago.
      if (other === server || !knows(other, service)) return false;
      if (isBack && isNewsTo(server, { service, holders, knower: other })) return false;
      return isWithinReach(server, other, { world, paths });
    });
    return knower === undefined ? [] : [{ service, knower }];
  });
}

function isWithinReach(
  server: SimServer,
  other: SimServer,
  { world, paths }: Pick<Surroundings, 'world' | 'paths'>,
): boolean {
  if (paths.lastedMs(server, other) >= LASTED_MS) return true;
  const shakenMs = Math.max(world.mendedMs, world.silencedMs.at(-1) ?? 0);
  if (server.bornMs <= shakenMs || world.nowMs - shakenMs < LASTED_MS) return false;
  return world.running().some((named) => {
    const isFirst = named.bornMs <= server.bornMs;
    const isNamed = isFirst && server.spec.peers?.includes(named.spec.host) === true;
    const { network } = world;
    const [here, there] = [server.spec.host, named.spec.host];
    const isCut = network.isCut(here, there) || network.isCut(there, here);
    return isNamed && !isCut && isSteady(named, other, paths);
  });
}

function isSteady(named: SimServer, other: SimServer, paths: Paths): boolean {
  return named.process.state === 'running' && paths.lastedMs(named, other) >= LASTED_MS;
}

interface Return {
  readonly service: SimService;
  /** The servers with which it is now. */
  readonly holders: readonly SimServer[];
  readonly knower: SimServer;
}

/**
 * Whether no log says to a server that a service is back, and another knows nothing but that, or
 * still doubts that it is gone.
 */
function isNewsTo({ core: { state } }: SimServer, { service, holders, knower }: Return): boolean {
  if (misses(knower, service)) return false;
  const ids = new Set(holders.map((holder) => holder.core.state.self.id));
  if ([...holdersAt(knower, service)].some((id) => !ids.has(id))) return false;
  return ![...ids].some((id) => {
    return state.origins.get(id)?.log.registrations.has(service.instance) === true;
  });
}

/**
 * Whether the only paths to the servers that a service is with are back since a moment ago. They may
 * have been gone for nearly a grace: then the verdict may come before the news of their return.
 */
function isPathNews(server: SimServer, { service, world, paths }: Asked): boolean {
  const holders = holdersIn(world, service);
  const wholeMs = holders.flatMap((holder) => paths.wholeForMs(server, holder) ?? []);
  return wholeMs.length > 0 && wholeMs.every((ms) => ms < NEWS_MS);
}

interface Asked {
  readonly service: SimService;
  readonly world: Cluster;
  readonly paths: Paths;
}

function holdersIn(world: Cluster, service: SimService): SimServer[] {
  return world.running().filter((one) => isWith(service, one));
}

/** Whether a service is with a server, even with one that stands still. */
function isWith({ instance }: SimService, { core }: SimServer): boolean {
  return core.state.clients.owners.has(instance);
}

/** When services were with a server, as of the looks at the whole world. */
class Sessions {
  readonly #stays = new Map<SimService, Stay>();
  #lookedMs = 0;

  note(world: Cluster): void {
    const { nowMs } = world;
    for (const service of world.services) {
      if (!service.isOffered || !world.running().some((one) => isWith(service, one))) continue;
      const before = this.#stays.get(service);
      const wasHere = before?.seenMs === this.#lookedMs;
      const stay = wasHere ? before : { leftMs: before?.seenMs ?? nowMs, backMs: nowMs };
      this.#stays.set(service, { ...stay, seenMs: nowMs });
    }
    this.#lookedMs = nowMs;
  }

  /**
   * Whether a service has been with no server for a grace or, if it is back, was with none a grace
   * ago, and the news of its return may still be under way.
   */
  isBack(service: SimService, nowMs: number): boolean {
    const stay = this.#stays.get(service);
    if (stay === undefined) return false;
    const { leftMs, backMs, seenMs } = stay;
    if (seenMs < this.#lookedMs) return nowMs - seenMs >= GRACE_MS;
    return nowMs - leftMs >= GRACE_MS && nowMs - backMs < NEWS_MS;
  }
}

interface Stay {
  /** When it was last with a server before its present stay; if it never was, the begin of that. */
  readonly leftMs: number;
  readonly backMs: number;
  readonly seenMs: number;
}

/** Which servers have known of which instances, and since when. */
class Knowledge {
  readonly #since = new Map<SimServer, Map<SimService, number>>();

  note(world: Cluster): void {
    const running = world.running().filter(({ process }) => process.state === 'running');
    for (const server of this.#since.keys()) {
      if (!running.includes(server)) this.#since.delete(server);
    }
    for (const server of running) {
      const before = this.#since.get(server);
      const now = new Map<SimService, number>();
      for (const service of world.services) {
        if (!service.isOffered || service.environment !== server.environment) continue;
        if (!knows(server, service)) continue;
        now.set(service, before?.get(service) ?? world.nowMs);
      }
      this.#since.set(server, now);
    }
  }

  /**
   * The instances that a server no longer knows after this step: it may learn of them again before
   * the next look.
   */
  forget(server: SimServer): void {
    const known = this.#since.get(server);
    for (const service of known?.keys() ?? []) {
      if (!knows(server, service)) known?.delete(service);
    }
  }

  /** For how long a server has known of a service. */
  forMs(server: SimServer, service: SimService, nowMs: number): number {
    return nowMs - (this.#since.get(server)?.get(service) ?? nowMs);
  }

  /** The servers that have known of a service for long enough. */
  of(service: SimService, nowMs: number): SimServer[] {
    return [...this.#since.keys()].filter((server) => {
      return this.forMs(server, service, nowMs) >= LASTED_MS;
    });
  }
}

/** Whether a server answers a service, as live or as stale, or misses its host. */
function knows(server: SimServer, service: SimService): boolean {
  if (misses(server, service)) return true;
  const instances = server.core.state.catalogue.instancesOf(service.service);
  return instances.some(({ registration }) => registration.instance === service.instance);
}

function misses({ core }: SimServer, { host }: SimService): boolean {
  return core.state.view.ownMissing.some((missed) => missed === host);
}

/** Whose logs answer, at a server, for a service. */
function holdersAt({ core: { state } }: SimServer, { instance }: SimService): Set<OriginId> {
  const { origins, catalogue } = state;
  const holders = [...origins.values()].filter(({ id, standing }) => {
    return standing !== 'crashed' && catalogue.isHeldBy(id, instance);
  });
  return new Set(holders.map(({ id }) => id));
}

function answeredBy(server: SimServer): Set<string> {
  return new Set(instancesAt(server).map(({ registration }) => registration.instance));
}

/** Others could know a state that has lasted this long. */
const LASTED_MS = 5_000;

/** An instance that is forgotten on purpose is forgotten everywhere by then. */
const STILL_MS = 1_000;

/** By then, most of all that a server within reach is told has come. */
const NEWS_MS = GRACE_MS / 2;
