// What clients are answered: instances, services, servers, the state of this server; and what its
// watchers are told. The invariant: every answer says whether the view behind it is complete and
// which hosts are missing. Long answers go in parts.

import { FRAME_BYTES_TARGET } from '../protocol/constants.ts';
import type { InstanceId, Name } from '../protocol/ids.ts';
import type { MessageOf } from '../protocol/messages.ts';
import type { Instance, ServerRow, Service } from '../protocol/records.ts';
import type { Change } from './catalogue.ts';
import { compareText } from './catalogue.ts';
import type { ConnectionId } from './input.ts';
import { masterLinks } from './policy.ts';
import { reachesOtherHost } from './reachability.ts';
import type { Origin, Session, State } from './state.ts';
import { isOwnHost } from './state.ts';

/** Answers `lookup`. */
export function answerLookup(state: State, to: ConnectionId, asked: MessageOf<'lookup'>): void {
  const all = state.catalogue.instancesOf(asked.service);
  for (const [instances, more] of parts(all)) {
    const { request } = asked;
    state.out.send(to, { kind: 'instances', request, ...viewOf(state), instances, more });
  }
}

/** Answers `list`. */
export function answerList(state: State, to: ConnectionId, request: number): void {
  const { catalogue } = state;
  const all = catalogue.serviceNames().map((service): Service => {
    const instances = catalogue.instancesOf(service);
    const stale = instances.filter((instance) => instance.state === 'stale').length;
    return { name: service as Name, live: instances.length - stale, stale };
  });
  for (const [services, more] of parts(all)) {
    state.out.send(to, { kind: 'services', request, ...viewOf(state), services, more });
  }
}

/** Answers `peers`. */
export function answerPeers(state: State, to: ConnectionId, request: number): void {
  const all = [...state.origins.values()]
    .flatMap((origin) => serverRowOf(state, origin) ?? [])
    .sort((one, other) => compareText(one.facts.name, other.facts.name));
  for (const [servers, more] of parts(all)) {
    state.out.send(to, { kind: 'servers', request, ...viewOf(state), servers, more });
  }
}

/** Answers `status`. */
export function answerStatus(state: State, to: ConnectionId, request: number): void {
  const servers = { reachable: 0, suspect: 0, split: 0 };
  const masters = { reachable: 0, known: 0 };
  for (const { standing, log } of state.origins.values()) {
    if (standing === 'new' || standing === 'aside') continue;
    servers[standing] += 1;
    if (log.facts.role !== 'master') continue;
    masters.known += 1;
    if (standing === 'reachable') masters.reachable += 1;
  }
  const server = serverRowOf(state, state.self);
  if (server === null) return;
  state.out.send(to, {
    kind: 'report',
    request,
    ...viewOf(state),
    environment: state.options.environment,
    state: healthOf(state, servers),
    server,
    servers,
    masters,
    services: state.catalogue.servicesCount,
    instances: { ...state.catalogue.counts },
  });
}

/** Begins a watch: the present set, the mark where it ends, then every change. */
export function handleWatch(state: State, session: Session, asked: MessageOf<'watch'>): void {
  const { request, service } = asked;
  const to = session.connection.id;
  session.watches.set(request, service);
  const known = new Set<InstanceId>();
  for (const instance of state.catalogue.instancesOf(service)) {
    known.add(instance.registration.instance);
    state.out.send(to, { kind: 'change', request, change: 'present', instance });
  }
  state.out.send(to, { kind: 'change', request, change: 'synced', ...viewOf(state) });
}

/** Tells the watchers what has changed in this step. */
export function tellWatchers(state: State, isViewNew: boolean): void {
  const changes = state.catalogue.changes;
  state.catalogue.changes = [];
  if (changes.length === 0 && !isViewNew) return;
  for (const session of state.sessions.values()) {
    for (const [request, service] of session.watches) {
      tellWatcher(state, { to: session.connection.id, request, service }, changes);
      if (!isViewNew) continue;
      const view = viewOf(state);
      state.out.send(session.connection.id, { kind: 'change', request, change: 'view', ...view });
    }
  }
}

function tellWatcher(
  state: State,
  watch: { readonly to: ConnectionId; readonly request: number; readonly service: Name },
  changes: readonly Change[],
): void {
  for (const change of changes) {
    if (change.instance.registration.service !== watch.service) continue;
    state.out.send(watch.to, { kind: 'change', request: watch.request, ...change });
  }
}

function viewOf(state: State): { complete: boolean; missing: readonly Name[] } {
  return { complete: state.isComplete, missing: state.missing };
}

function serverRowOf(state: State, origin: Origin): ServerRow | null {
  const { standing, log, id } = origin;
  if (standing === 'new' || standing === 'aside') return null;
  return {
    origin: id,
    facts: log.facts,
    state: standing,
    links: log.links.size,
    registrations: log.registrations.size,
    isSelf: origin === state.self,
    roundTripMicros: state.links.get(id)?.connection.roundTripMicros ?? null,
  };
}

function healthOf(
  state: State,
  servers: { readonly suspect: number; readonly split: number },
): MessageOf<'report'>['state'] {
  const { origins, options } = state;
  const knowsOthers =
    options.peers.length > 0 ||
    [...origins.values()].some((origin) => !isOwnHost(state, origin.log.facts.host));
  if (knowsOthers && !reachesOtherHost(state)) return 'isolated';
  if (servers.split > 0) return 'split';
  const masters = masterLinks(state);
  return servers.suspect > 0 || masters.held < masters.wanted ? 'degraded' : 'healthy';
}

/** Cuts a list into parts that fit a frame: the part, and whether another follows. */
function* parts<T extends Instance | Service | ServerRow>(
  all: readonly T[],
): Generator<readonly [readonly T[], boolean]> {
  let start = 0;
  do {
    let end = start;
    let bytes = 0;
    while (end < all.length && bytes < FRAME_BYTES_TARGET) {
      bytes += bytesOf(all[end]);
      end += 1;
    }
    yield [all.slice(start, end), end < all.length];
    start = end;
  } while (start < all.length);
}

function bytesOf(row: Instance | Service | ServerRow | undefined): number {
  if (row === undefined || !('registration' in row)) return ROW_BYTES;
  const { tags } = row.registration;
  return tags.reduce((sum, tag) => sum + 3 * (tag.key.length + tag.value.length), ROW_BYTES);
}

/** An upper estimate of a row without its tags: names are of 128 characters, addresses of 255. */
const ROW_BYTES = 1_024;
