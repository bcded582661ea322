// Answers for clients: instances, services, servers, the state of this server; and the changes for
// its watchers. The invariant: every answer says whether the view behind it is complete and which
// hosts are missing. Long answers go in parts. A watcher that comes from another server names the
// instances that it has; only a complete view may say that one of them is gone.

import type { Name } from '../../../protocol/ids.ts';
import type { MessageOf } from '../../../protocol/messages.ts';
import { messageBytes } from '../../../protocol/parts.ts';
import type { Instance, ServerRow } from '../../../protocol/records.ts';
import type { Change } from '../../catalogue/catalogue.ts';
import { lastingOf } from '../../catalogue/fleeting.ts';
import { compareText } from '../../kit/text.ts';
import type { ConnectionId } from '../../input.ts';
import type { Origin, Session, Watch } from '../entities.ts';
import { takeTurn } from '../due.ts';
import type { State } from '../state.ts';
import { roundTripOf } from '../links/connections.ts';
import { goneCount, goneRows } from '../origins/gone.ts';
import type { CountedAnswer } from '../tally.ts';
import { lookupAnswerOf } from '../tally.ts';
import { doubtsOf, healthOf, NO_DOUBTS } from './health.ts';
import { tellChanges } from './turns.ts';
import { tellUntold, tellViews, viewOf } from './views.ts';

/** Answers `lookup`. This and the next ones return how many rows the answer has. */
export function answerLookup(state: State, to: ConnectionId, asked: MessageOf<'lookup'>): number {
  const instances = state.catalogue.instancesOf(asked.service);
  countLookup(state, to, instances);
  state.out.send(to, instancesMessage(state, asked.request, instances));
  return instances.length;
}

/** A literal is made in half the time of an object of spread parts, and most answers are one. */
function instancesMessage(
  state: State,
  request: number,
  instances: readonly Instance[],
): MessageOf<'instances'> {
  const { isComplete: complete, missing, why } = state.view;
  const doubts = doubtsOf(state);
  if (why === null && doubts === NO_DOUBTS) {
    return { kind: 'instances', request, complete, missing, instances, more: false };
  }
  const view = viewOf(state);
  return { kind: 'instances', request, ...view, ...doubts, instances, more: false };
}

/** A door counts its own lookups, because it answers many of them without a question. */
function countLookup(state: State, to: ConnectionId, all: readonly Instance[]): void {
  const transport = state.connections.get(to)?.transport;
  if (transport !== 'tcp' && transport !== 'unix') return;
  state.tally.add('lookups', LABELS[transport][lookupAnswerOf(all, state.view.isComplete)]);
}

/** Answers `list`. */
export function answerList(state: State, to: ConnectionId, request: number): number {
  const { catalogue } = state;
  const services = catalogue.services();
  const view = { ...viewOf(state), ...doubtsOf(state) };
  state.out.send(to, { kind: 'services', request, ...view, services, more: false });
  return catalogue.counts.live + catalogue.counts.stale;
}

/** Answers `peers`. */
export function answerPeers(state: State, to: ConnectionId, asked: MessageOf<'peers'>): number {
  const { request } = asked;
  const servers = [...state.origins.values()]
    .flatMap((origin) => serverRowOf(state, origin) ?? [])
    .sort((one, other) => compareText(one.facts.name, other.facts.name));
  const gone = asked.all === true ? { gone: goneRows(state) } : {};
  state.out.send(to, { kind: 'servers', request, ...viewOf(state), servers, more: false, ...gone });
  return servers.length + (gone.gone?.length ?? 0);
}

/** Answers `history`. Returns how many rows it has looked at, though few may fit. */
export function answerHistory(state: State, to: ConnectionId, asked: MessageOf<'history'>): number {
  const { request } = asked;
  const { looked, ...answer } = state.history.answer(state.nowMs, asked);
  state.out.send(to, { kind: 'events', request, ...answer, more: false });
  return looked;
}

/** Answers `status`. Returns how many servers it has looked at. */
export function answerStatus(state: State, to: ConnectionId, request: number): number {
  const server = serverRowOf(state, state.self);
  if (server === null) return 0;
  state.out.send(to, {
    kind: 'report',
    request,
    ...viewOf(state),
    environment: state.options.environment,
    lock: state.options.lock ?? 'none',
    ...healthOf(state),
    server,
    ...serverCountsOf(state),
    services: state.catalogue.servicesCount,
    instances: { ...state.catalogue.counts },
    gone: goneCount(state),
  });
  return state.origins.size;
}

/** How many servers and masters there are, by standing. */
export function serverCountsOf({ origins }: Pick<State, 'origins'>): ServerCounts {
  const servers = { reachable: 0, suspect: 0, split: 0 };
  const masters = { reachable: 0, known: 0 };
  for (const { standing, log } of origins.values()) {
    if (standing === 'new' || standing === 'crashed') continue;
    servers[standing] += 1;
    if (log.facts.role !== 'master') continue;
    masters.known += 1;
    if (standing === 'reachable') masters.reachable += 1;
  }
  return { servers, masters };
}

type ServerCounts = Pick<MessageOf<'report'>, 'servers' | 'masters'>;

/**
 * Begins a watch: the present set, the removals among the instances that the client knew, the mark
 * where this ends, then every change.
 */
export function handleWatch(state: State, session: Session, asked: MessageOf<'watch'>): number {
  const { request, service } = asked;
  const to = session.connection.id;
  const watch: Watch = {
    service,
    bytes: messageBytes(asked),
    untold: new Set(asked.known),
    told: state.clients.backlog.latest,
    viewed: state.clients.views.latest,
  };
  session.watches.set(request, watch);
  const present = state.catalogue.instancesOf(service);
  for (const instance of present) {
    watch.untold.delete(instance.registration.instance);
    state.out.send(to, { kind: 'change', request, change: 'present', instance });
  }
  if (state.view.isComplete) tellUntold(state, { to, request, watch });
  state.out.send(to, { kind: 'change', request, change: 'synced', ...viewOf(state) });
  return present.length;
}

/**
 * Tells the watchers the changes of this step. They are not told of an instance that came and went
 * in it; but it happened, so it is counted and remembered.
 */
export function tellWatchers(state: State, isViewNew: boolean): void {
  const { changes } = state.catalogue;
  if (changes.length > 0) state.catalogue.changes = [];
  for (const change of changes) {
    count(state, change);
    noteRemoval(state, change);
    state.history.noteChange(state.nowMs, change);
  }
  const isTurn = takeTurn(state);
  tellChanges(state, lastingOf(changes), isTurn);
  tellViews(state, isViewNew, isTurn);
}

function count(state: State, { change, cause = 'unknown', instance }: Change): void {
  const { service } = instance.registration;
  if (change === 'added') {
    state.tally.add('added', []);
    state.clients.vanished.delete(service);
  } else if (change === 'removed') {
    state.tally.add('removed', [cause]);
    noteVanished(state, service);
  }
}

function noteVanished(state: State, service: Name): void {
  if (state.catalogue.instancesOf(service).length > 0) return;
  const { vanished } = state.clients;
  vanished.delete(service);
  vanished.set(service, state.nowMs);
  vanished.dropOldest(() => vanished.size > VANISHED_MAX);
}

function noteRemoval(state: State, change: Change): void {
  const id = change.instance.registration.instance;
  const { removals, heldByRemovals } = state.clients;
  removals.delete(id);
  if (change.change !== 'removed') return;
  removals.set(id, { ...change, atMs: state.nowMs });
  const isMuch = (): boolean =>
    removals.size > REMOVALS_MAX || heldByRemovals.bytes > REMOVALS_BYTES_MAX;
  removals.dropOldest(isMuch);
}

/** A row of `peers`; null for a server that was never in reach, or has crashed. */
export function serverRowOf(state: Readonly<State>, origin: Origin): ServerRow | null {
  const { standing, log, id } = origin;
  if (standing === 'new' || standing === 'crashed') return null;
  return {
    origin: id,
    facts: log.facts,
    state: standing,
    links: log.links.size,
    registrations: log.registrations.size,
    isSelf: origin === state.self,
    roundTripMicros: roundTripOf(state, state.links.get(id)?.connection),
  };
}

type Transport = 'tcp' | 'unix';

/** The labels of counted lookups, made once: a list that was counted before is found at once. */
const LABELS = { tcp: labelsOf('tcp'), unix: labelsOf('unix') };

function labelsOf(transport: Transport): {
  readonly [A in CountedAnswer]: readonly [Transport, A];
} {
  return {
    live: [transport, 'live'],
    stale: [transport, 'stale'],
    none: [transport, 'none'],
    cannot_tell: [transport, 'cannot_tell'],
  };
}

/** As many as metrics list. */
const VANISHED_MAX = 1_000;

/** Removals remembered: those of the seconds that a watcher needs to find another server. */
const REMOVALS_MAX = 4_096;

/** Room for the largest few hundred of them, and for all of the usual size. */
const REMOVALS_BYTES_MAX = 4 * 1_024 * 1_024;
