// The bulkhead: how a server goes on after its own code has thrown. A handler changes several
// things, and may throw between two of them; so no derived state is trusted from then on. True
// state is taken over: the logs, the connections and their roles, the goodbyes. All else is built
// anew from it: catalogue, directory, graph, cursors, timers. The invariant: afterwards every field
// is one that a sound server could have, and only the connection at fault has lost anything. If no
// connection was at fault and it happens again within a minute, the server stops in order.

import type { OriginId } from '../../protocol/ids.ts';
import type { Message } from '../../protocol/messages.ts';
import type { Facts, Instance } from '../../protocol/records.ts';
import type { ConnectionId, Faulted } from '../input.ts';
import { createState } from './birth.ts';
import { handleFlow } from './dispatch.ts';
import { armHandshake, closeConnection, refuse } from './links/connections.ts';
import { armLink, createLink, linkOf, loseLink } from './links/links.ts';
import { armDeparted } from './origins/departed.ts';
import type { LogState } from './origins/log.ts';
import { OriginLog } from './origins/log.ts';
import { forgetNamed, isHeard } from './origins/named.ts';
import { addOrigin, applySnapshot } from './origins/origins.ts';
import type { Tidings } from './origins/reachability.ts';
import { armAskAgain, rearm } from './origins/reachability.ts';
import { armBare } from './replication/receiving/bare.ts';
import { announceBy, becomeLazy, flushBy } from './replication/replication.ts';
import { noteNeighbourView } from './replication/view.ts';
import { createSession, handleSessionClosed, judgeSession, tellLost } from './sessions/sessions.ts';
import type { Connection, Link, Origin, Session, Target } from './entities.ts';
import type { State } from './state.ts';
import { isOwnHost } from './state.ts';
import { armWake } from './sleep.ts';
import { armLeave } from './stop.ts';

/** The error, and the connection whose input was being handled; null for a timer or a settling. */
export interface Fault {
  readonly connection: ConnectionId | null;
  readonly reason: string;
}

/** The server as it is after a fault. */
export function recovered(old: State, tidings: Tidings, fault: Fault): State {
  const links = [...old.links.values()];
  const link = links.find(({ connection }) => connection.id === fault.connection);
  const facts = link === undefined ? undefined : old.origins.get(link.origin)?.log.facts;
  const state = takenOver(old);
  takeSessions(old, state);
  takeOrigins(old, state, { bad: link?.origin ?? null, tidings });
  takeDeparted(old, state);
  for (const one of links) takeLink(state, one);
  takeOwnLog(old, state);
  tellDifferences(old, state);
  rearmAll(old, state, tidings);
  tellFault(state, fault);
  if (fault.connection === null) noteNobodys(state);
  else putOut(state, fault.connection, { link, facts });
  return state;
}

/** Handles a message that is too long; returns whether that was all, or an error was thrown. */
export function handleFaulted(state: State, fault: Faulted): boolean {
  const { unsent, isTooLong } = fault;
  if (unsent === null || !isTooLong) return false;
  for (const id of unsent.to) {
    const connection = state.connections.get(id);
    if (connection === undefined) continue;
    const { kind: message } = unsent.message;
    const { tooLongTold } = state.life;
    if (!tooLongTold.has(message)) {
      tooLongTold.add(message);
      state.out.notice('too-long', { message, address: connection.remote });
    }
    refuseUnsent(state, connection, unsent.message);
  }
  return true;
}

/** A client that lacks a message because of the error does not wait for it; links ask anyway. */
export function refuseOthers(state: State, { unsent, connection: culprit }: Faulted): void {
  if (unsent === null) return;
  for (const id of unsent.to) {
    const connection = state.connections.get(id);
    const isClient = connection?.phase === 'session' && id !== culprit;
    if (isClient) refuseUnsent(state, connection, unsent.message);
  }
}

function refuseUnsent(state: State, connection: Connection, message: Message): void {
  const reason = 'the answer cannot be sent: a bug of this server';
  const link = linkOf(state, connection);
  if (link !== undefined) {
    refuse(state, connection, { error: 'overloaded', reason: 'a message is longer than a frame' });
    loseLink(state, link, { loss: 'released', reason: 'a message for it is longer than a frame' });
  } else if (message.kind !== 'change' && 'request' in message) {
    state.out.sendRefusal(connection.id, message.request, reason);
  } else {
    refuse(state, connection, { error: 'overloaded', reason });
    handleSessionClosed(state, connection, reason);
  }
}

/**
 * The state that is true in spite of the error; every other slice is as at the beginning of a life.
 */
function takenOver(old: State): State {
  const { nowMs, out, tally, history, connections, addresses, linking, reach, past, life } = old;
  const { isSynced, isComplete, missing, missingCount, why, ownMissing, ...view } = old.view;
  const { removals, heldByRemovals, vanished, views, backlog } = old.clients;
  const state = createState(old.options);
  return {
    ...state,
    ...{ nowMs, out, tally, history, connections, addresses },
    reach: { ...state.reach, newsMs: reach.newsMs, unspoken: reach.unspoken },
    past: { ...past, departed: state.past.departed },
    view: {
      ...state.view,
      ...{ isSynced, isComplete, missing, missingCount, why, ownMissing },
      ...{ askedMs: view.askedMs, givenUpPeers: view.givenUpPeers },
    },
    linking: { ...linking, isWithoutMaster: false },
    clients: { ...state.clients, removals, heldByRemovals, vanished, views, backlog },
    life: { ...life, waiting: life.waiting === null ? null : [], isSecondFault: false },
  };
}

function takeSessions(old: State, state: State): void {
  const { registrations: held } = old.self.log;
  for (const [id, session] of old.sessions) {
    if (state.connections.has(id)) takeSession(state, session, held);
  }
}

/** Its contents are charged anew. */
function takeSession(state: State, old: Session, held: Origin['log']['registrations']): void {
  const { connection, credit, creditMs, isUnread } = old;
  const session = { ...createSession(state, connection), credit, creditMs, isUnread };
  state.sessions.set(connection.id, session);
  for (const instance of old.registrations.keys()) {
    const registration = held.get(instance);
    if (registration === undefined) {
      tellLost(state, session, instance);
      continue;
    }
    state.clients.owners.set(instance, connection.id);
    session.registrations.set(instance, registration);
  }
  for (const [request, watch] of old.watches) session.watches.set(request, watch);
}

interface Taking {
  /**
   * The server whose link is at fault: the logs that came by it are dropped, and asked for
   * elsewhere.
   */
  readonly bad: OriginId | null;
  readonly tidings: Tidings;
}

function takeOrigins(old: State, state: State, { bad, tidings }: Taking): void {
  for (const origin of old.origins.values()) {
    if (origin === old.self) continue;
    const isBad = bad !== null && (origin.id === bad || origin.source === bad);
    if (isBad || !takeOrigin(state, origin)) tidings.forgotten.add(origin.id);
    else if (old.replication.unshared.has(origin.id)) state.replication.unshared.add(origin.id);
  }
  for (const id of state.origins.keys()) if (isHeard(state, id)) forgetNamed(state, id);
}

/** The instances of servers that have left are in doubt for a grace, from now. */
function takeDeparted(old: State, state: State): void {
  for (const [id, { origin, unclaimed }] of old.past.departed) {
    const held = [...unclaimed].flatMap((instance) => origin.log.registrations.get(instance) ?? []);
    if (held.length === 0) continue;
    const instances = held.map(({ instance }) => instance);
    state.past.departed.set(id, { origin, unclaimed: new Set(instances) });
    for (const registration of held) state.catalogue.put(id, registration);
    armDeparted(state, id, state.nowMs + state.options.graceMs);
  }
}

/** Takes a log over, unless it is inconsistent. Returns whether it was taken. */
function takeOrigin(state: State, old: Origin): boolean {
  const { sequence, facts, links, registrations, missing, hash, isBare } = old.log;
  const snapshot = {
    sequence,
    facts,
    links: [...links],
    registrations: [...registrations.values()],
    missing,
    isBare,
  };
  if (hashOf(old.id, snapshot) !== hash) return false;
  const origin = addOrigin(state, old.id, facts);
  const { standing, isProven, isPast, sinceMs, verdict, returnedMs, fellSilent } = old;
  const { isOutlived, losses, source, reachedOver } = old;
  Object.assign(origin, { standing, isProven, isPast, sinceMs, verdict, returnedMs, fellSilent });
  Object.assign(origin, { isOutlived, losses, source, reachedOver });
  origin.metMs = old.metMs;
  applySnapshot(state, origin, snapshot);
  if (standing !== 'reachable' && standing !== 'new') state.reach.away.add(origin);
  if (standing === 'crashed') state.reach.crashed.add(origin);
  state.replication.journal.note(origin);
  state.reach.grown.add(origin.id);
  return true;
}

function hashOf(id: OriginId, snapshot: LogState): number {
  const log = new OriginLog(id, snapshot.facts);
  log.replace(snapshot);
  return log.hash;
}

/** It is not certain what a link was sent: it is offered everything, and the other end asks. */
function takeLink(state: State, old: Link): void {
  const { connection, origin } = old;
  if (!state.connections.has(connection.id)) return;
  const link: Link = {
    ...createLink(state, connection, origin),
    upMs: old.upMs,
    hasDigest: old.hasDigest,
    agreedMs: old.agreedMs,
    differedMs: old.differedMs,
    isCongested: old.isCongested,
  };
  link.progress.takeArriving(old.progress);
  state.links.set(origin, link);
  const { isNeighbourComplete: complete, neighbourMissing: missing } = old;
  noteNeighbourView(state, link, { complete, missing, missingCount: old.neighbourMissingCount });
  for (const id of old.progress.asked) state.replication.orphaned.add(id);
  if (!link.progress.hasAllListed) state.replication.expecting.add(link);
  becomeLazy(state, link);
  link.progress.setModeAt(state.self.slot, 'lazy');
  for (const id of state.origins.keys()) link.progress.look(id, { isOffered: true });
}

/** Our own log lists our links and our sessions; where it did not, it gets another entry. */
function takeOwnLog(old: State, state: State): void {
  const { sequence, hash, missing, registrations: held } = old.self.log;
  const { facts } = state.options;
  const links = [...state.links.keys()];
  const registrations = [...held.values()].filter(({ instance }) =>
    state.clients.owners.has(instance),
  );
  const snapshot = { sequence, facts, links, registrations, missing };
  const isSame = hashOf(state.self.id, snapshot) === hash;
  applySnapshot(state, state.self, { ...snapshot, sequence: sequence + (isSame ? 0 : 1) });
  state.replication.journal.note(state.self);
}

/** The watchers were told the state of the old catalogue. */
function tellDifferences(old: State, state: State): void {
  const { changes } = old.catalogue;
  state.catalogue.changes = [...changes];
  const services = new Set<string>();
  for (const { watches } of state.sessions.values()) {
    for (const { service } of watches.values()) services.add(service);
  }
  for (const service of services) {
    const before = new Map(toldOf(old, service).map((one) => [idOf(one), one]));
    for (const instance of state.catalogue.instancesOf(service)) {
      const was = before.get(idOf(instance));
      before.delete(idOf(instance));
      if (was === undefined)
        state.catalogue.changes.push({ change: 'added', instance, servers: [] });
    }
    for (const instance of before.values()) {
      const end = { cause: 'crash', detail: BUG, servers: [] } as const;
      state.catalogue.changes.push({ change: 'removed', instance, ...end });
    }
  }
}

/**
 * The answers of the old catalogue, if it still gives them; else the watchers are told everything.
 */
function toldOf(old: State, service: string): readonly Instance[] {
  try {
    return old.catalogue.instancesOf(service);
  } catch {
    return [];
  }
}

function idOf({ registration }: { readonly registration: { readonly instance: string } }): string {
  return registration.instance;
}

function rearmAll(old: State, state: State, tidings: Tidings): void {
  for (const connection of state.connections.values()) {
    if (connection.phase === 'welcome' || connection.phase === 'hello') {
      armHandshake(state, connection);
    }
  }
  for (const link of state.links.values()) armLink(state, link);
  for (const session of state.sessions.values()) {
    const { connection } = session;
    if (old.timers.has(`silence ${String(connection.id)}`)) judgeSession(state, connection);
    const kind = session.isUnread ? 'congested' : 'drained';
    handleFlow(state, { kind, connection: connection.id, nowMs: state.nowMs });
  }
  for (const origin of state.origins.values()) rearm(state, origin, tidings);
  if (state.life.waiting !== null) armWake(state);
  armBare(state);
  if (state.life.isStopping) armLeave(state);
  if (old.timers.has('ask again')) armAskAgain(state, tidings);
  flushBy(state, state.nowMs);
  announceBy(state, state.nowMs);
}

/** Once a second at most while the server fails: it cannot do more about it. */
export function tellFault(state: State, { connection, reason }: Fault): void {
  state.life.faultsCount += 1;
  if (state.life.isFailing) {
    if (state.nowMs - state.life.failureToldMs < TOLD_AGAIN_MS) return;
    state.life.failureToldMs = state.nowMs;
  }
  const remote = connection === null ? undefined : state.connections.get(connection)?.remote;
  const address = connection === null ? 'this server' : (remote ?? 'a connection that is closed');
  const what =
    connection === null ? 'an event of its own, such as a timer' : `what came from ${address}`;
  state.out.notice('fault', { what, address, count: state.life.faultsCount, reason });
}

/**
 * Whether a fault without a connection to blame was not the first within a minute: see
 * `noteNobodys`.
 */
export function isSecond({ life: { isSecondFault } }: State): boolean {
  return isSecondFault;
}

function noteNobodys(state: State): void {
  state.life.isSecondFault = state.nowMs - state.life.faultedMs < AGAIN_MS;
  state.life.faultedMs = state.nowMs;
}

interface Culprit {
  readonly link: Link | undefined;
  readonly facts: Facts | undefined;
}

/** The connection is closed. A client may come again, a server after a while. */
function putOut(state: State, id: ConnectionId, { link, facts }: Culprit): void {
  const connection = link?.connection ?? state.connections.get(id);
  if (connection === undefined) return;
  const isSibling = facts !== undefined && isOwnHost(state, facts.host);
  const barredMs = isSibling ? SIBLING_BARRED_MS : BARRED_MS;
  if (connection.peer !== null) bar(state, connection.peer, barredMs);
  const target =
    connection.dialled === null ? undefined : state.linking.targets.get(connection.dialled);
  if (target !== undefined) barAddress(state, target, barredMs);
  if (state.connections.has(id)) closeConnection(state, connection, 'fault');
  handleSessionClosed(state, connection, 'a message of it caused a bug of the server');
  const now = linkOf(state, connection);
  if (now === undefined) return;
  loseLink(state, now, { loss: 'released', reason: 'a message of it caused a bug of this server' });
}

/** No link is made to that server for a while. */
function bar(state: State, origin: OriginId, barredMs: number): void {
  const [oldest] = state.life.barred.keys();
  if (oldest !== undefined && state.life.barred.size >= BARRED_MAX)
    state.life.barred.delete(oldest);
  state.life.barred.delete(origin);
  state.life.barred.set(origin, state.nowMs + barredMs);
}

/**
 * Nor is its address dialled: for a second, then longer each time; after a long time without faults
 * it begins anew.
 */
function barAddress(state: State, target: Target, barredMsMax: number): void {
  if (state.nowMs - target.barredMs > BARRED_MS) target.faultsCount = 0;
  const barredMs = Math.min(DIAL_AGAIN_MS * 2 ** target.faultsCount, barredMsMax);
  target.barredMs = state.nowMs + barredMs;
  target.faultsCount += 1;
}

/** The detail of a removal because the catalogue was built anew, for people. */
const BUG = 'a bug of this server';

/**
 * A second fault within this time, again without a connection to blame, is one that will not go
 * away.
 */
const AGAIN_MS = 60_000;

/**
 * How long a server whose messages met a bug is kept out; the sibling for less, because it is
 * needed sooner.
 */
const BARRED_MS = 5 * 60_000;
const SIBLING_BARRED_MS = 1_000;
const BARRED_MAX = 1_024;
const DIAL_AGAIN_MS = 1_000;
const TOLD_AGAIN_MS = 1_000;
