// Links: connections to other servers, from the handshake to their loss. The invariant: there is
// one link to an origin at most, and this server's own log claims exactly the links that stand
// here. A newer connection by the same dialler replaces the older; if both ends dialled, the one
// with the lower origin id keeps its own. A replaced link never goes down in the log.

import { PROTOCOL_VERSIONS } from '../../../protocol/constants.ts';
import { PROTOCOL_ERRORS, versionsReason } from '../../../protocol/errors.ts';
import type { OriginId } from '../../../protocol/ids.ts';
import type { MessageOf } from '../../../protocol/messages.ts';
import type { Facts, Loss } from '../../../protocol/records.ts';
import { detailOf } from '../../../protocol/texts.ts';
import { present } from '../../kit/assert.ts';
import type { SaidPace } from '../../kit/pace.ts';
import {
  beginLiveness,
  closeConnection,
  endHandshake,
  enterPhase,
  forgetConnection,
  measure,
  ownPace,
  refuse,
} from './connections.ts';
import { Progress } from '../replication/progress.ts';
import { addOrigin, noteMet } from '../origins/origins.ts';
import { unneededLinks } from './policy.ts';
import { appendOwn, sendDigest } from '../replication/replication.ts';
import { learnSibling, takesPeers } from './sibling.ts';
import { noteForeign, noteGreeted, noteRefused } from './targets.ts';
import { endWaiting, forgetWants, noteOrphans } from '../replication/questions.ts';
import { noteShaken } from '../origins/ways.ts';
import { touchTargets, touchView } from '../due.ts';
import type { Connection, Link } from '../entities.ts';
import type { State } from '../state.ts';
import { isOwnHost } from '../state.ts';
import { OVERDUE_MS } from '../replication/missing.ts';
import { forgetNeighbourView } from '../replication/view.ts';

/** The server at the other end of a connection that we dialled says who it is. */
export function handleWelcome(
  state: State,
  connection: Connection,
  welcome: MessageOf<'welcome'>,
): void {
  const { options } = state;
  const target =
    connection.dialled === null ? undefined : state.linking.targets.get(connection.dialled);
  if (welcome.environment !== options.environment) {
    refuseEnvironment(state, connection, welcome.environment);
    return;
  }
  const protocol = PROTOCOL_VERSIONS.find((version) => welcome.protocols.includes(version));
  if (protocol === undefined) {
    const reason = versionsReason(welcome.protocols);
    noteRefused(state, connection, reason);
    refuse(state, connection, { error: 'no-common-version', reason });
    return;
  }
  if (target !== undefined) noteGreeted(state, [target.address]);
  if (welcome.origin === state.self.id) {
    if (target !== undefined) target.isSelf = true;
    state.out.notice('own-address', { address: connection.remote });
    closeConnection(state, connection, 'self');
    return;
  }
  if (target !== undefined) {
    target.origin = welcome.origin;
    target.wasTried = true;
  }
  if (!takesPeers(connection)) {
    learnSibling(state, connection, welcome);
    return;
  }
  noteShaken(state, connection, welcome.facts);
  const isWanted =
    isToBeKept(state, welcome.origin, state.self.id) && mayLink(state, welcome.facts);
  if (!isWanted || isBarred(state, welcome.origin)) {
    closeConnection(state, connection, 'duplicate');
    return;
  }
  const { environment, origin, facts } = options;
  state.out.send(connection.id, {
    kind: 'hello',
    protocol,
    role: 'peer',
    environment,
    origin,
    facts,
    ...ownPace(state),
  });
  becomeLink(state, connection, welcome);
}

/** The server at the other end, by its handshake. */
interface Peer extends SaidPace {
  readonly origin: OriginId;
  readonly facts: Facts;
}

/** A server has dialled us. */
export function handlePeerHello(state: State, connection: Connection, peer: Peer): void {
  if (peer.origin === state.self.id) {
    closeConnection(state, connection, 'self');
  } else if (state.past.goodbyes.has(peer.origin)) {
    refuse(state, connection, { error: 'left', reason: 'this origin has said goodbye' });
  } else if (isBarred(state, peer.origin)) {
    refuse(state, connection, {
      error: 'overloaded',
      reason:
        'a message of that server caused a bug of this one, which now keeps it out for a while',
    });
  } else if (!isToBeKept(state, peer.origin, peer.origin)) {
    refuse(state, connection, { error: 'duplicate', reason: 'another connection is kept' });
  } else if (mayLink(state, peer.facts)) {
    noteShaken(state, connection, peer.facts);
    becomeLink(state, connection, peer);
  }
}

/** Closes a connection to another environment. */
export function refuseEnvironment(state: State, connection: Connection, theirs: string): void {
  const ours = state.options.environment;
  noteForeign(state, connection, theirs);
  state.out.send(connection.id, {
    kind: 'error',
    error: PROTOCOL_ERRORS['wrong-environment'].code,
    reason: `this server serves environment ${ours}, not ${theirs}`,
    environment: ours,
  });
  state.tally.add('refused', ['wrong-environment']);
  closeConnection(state, connection, 'wrong-environment');
}

/**
 * A server that stops links only to its sibling, which must have its instances before it leaves.
 */
function mayLink(state: State, { host }: Facts): boolean {
  return !state.life.hasLeft && (!state.life.isStopping || isOwnHost(state, host));
}

/** Whether a server is kept out for a while, because its input met a bug. */
function isBarred(state: State, origin: OriginId): boolean {
  return (state.life.barred.get(origin) ?? -Infinity) > state.nowMs;
}

function isToBeKept(state: State, peer: OriginId, dialler: OriginId): boolean {
  const old = state.links.get(peer);
  if (old === undefined) return true;
  const oldDialler = old.isDialledByUs ? state.self.id : peer;
  return oldDialler === dialler || dialler < oldDialler;
}

function becomeLink(state: State, connection: Connection, peer: Peer): void {
  const old = state.links.get(peer.origin);
  enterPhase(state, connection, { phase: 'link', said: peer });
  endHandshake(state, connection);
  if (!state.origins.has(peer.origin)) addOrigin(state, peer.origin, peer.facts);
  awaitFirstWord(state, peer.origin);
  const link = createLink(state, connection, peer.origin);
  connection.peer = peer.origin;
  state.links.set(peer.origin, link);
  if (old !== undefined) {
    forgetLink(state, old);
    forgetWants(state, old);
    refuse(state, old.connection, { error: 'duplicate', reason: 'a newer connection is kept' });
  }
  armLink(state, link);
  sendDigest(state, link);
  measure(state, connection);
  // It may have dialled us: who is at its addresses has greeted all the same.
  noteGreeted(state, peer.facts.addresses);
  noteTwice(state, peer);
  notePace(state, peer);
  touchTargets(state);
  touchView(state);
  if (old !== undefined) return;
  appendOwn(state, { kind: 'up', peer: peer.origin });
  const address = connection.remote;
  state.out.notice('link-up', { peer: peer.facts.name, host: peer.facts.host, address });
  if (isOwnHost(state, peer.facts.host)) {
    const sessions = [...state.sessions.keys()];
    state.out.send(sessions, { kind: 'sibling' });
  }
}

/**
 * A neighbour that has shaken hands is not missing for a moment; then it is, until it sends its
 * log.
 */
function awaitFirstWord(state: State, id: OriginId): void {
  const origin = present(state.origins.get(id), 'a neighbour');
  if (origin.standing !== 'new') return;
  noteMet(state, origin);
  state.timers.set(`overdue ${id}`, origin.metMs + OVERDUE_MS, () => {
    touchView(state);
  });
}

/** Forgets what belongs to a link that has ended. */
function forgetLink(state: State, link: Link): void {
  forgetNeighbourView(state, link);
  endWaiting(state, link);
}

/** Its signs of life, and what happens when it has held. */
export function armLink(state: State, link: Link): void {
  beginLiveness(state, link.connection, (silent) => {
    handleLinkSilent(state, silent);
  });
  armHeld(state, link);
}

/** A link on which nothing was said yet. */
export function createLink(state: State, connection: Connection, origin: OriginId): Link {
  return {
    connection,
    origin,
    isDialledByUs: connection.dialled !== null,
    upMs: state.nowMs,
    progress: new Progress(state.origins),
    hasDigest: false,
    agreedMs: -Infinity,
    isNeighbourComplete: false,
    neighbourMissing: [],
    neighbourMissingCount: 0,
    isCongested: false,
    differences: 0,
    differedMs: -Infinity,
  };
}

/** A link that has held resets its addresses' back-off; and what it replaces may go. */
function armHeld(state: State, link: Link): void {
  const { id } = link.connection;
  state.timers.set(`held ${String(id)}`, state.nowMs + HELD_MS, () => {
    for (const target of state.linking.targets.values()) {
      if (target.origin === link.origin) target.backoff.reset();
    }
    touchTargets(state);
  });
}

/** Gives up the links that policy no longer needs. */
export function dropUnneeded(state: State): void {
  for (const link of unneededLinks(state)) {
    state.out.sendError(link.connection.id, 'duplicate', 'other links have taken its place');
    closeConnection(state, link.connection, 'unneeded');
    const reason = 'other links have taken its place';
    loseLink(state, link, { loss: 'released', reason, isUnneeded: true });
  }
}

function noteTwice(state: State, peer: { origin: OriginId; facts: Facts }): void {
  const { host, side, addresses } = peer.facts;
  for (const { id, log, standing } of state.reach.directory.ofHost(host)) {
    const isTwin = log.facts.side === side && id !== peer.origin;
    if (!isTwin || standing !== 'reachable') continue;
    const [address = '?'] = addresses;
    const [other = '?'] = log.facts.addresses;
    if (address !== other) state.out.notice('host-twice', { host, side, address, other });
  }
}

/** A server with other timings is logged once, and again when it has changed them. */
function notePace(state: State, { facts, ...said }: Peer): void {
  const own = ownPace(state);
  const { heartbeatMs = own.heartbeatMs, silenceMs = own.silenceMs } = said;
  const pace = `${String(heartbeatMs)} ${String(silenceMs)}`;
  const isSame = heartbeatMs === own.heartbeatMs && silenceMs === own.silenceMs;
  if (state.linking.pacesTold.get(facts.name) === pace) return;
  state.linking.pacesTold.delete(facts.name);
  if (isSame) return;
  const [oldest] = state.linking.pacesTold.keys();
  if (oldest !== undefined && state.linking.pacesTold.size >= PACES_MAX)
    state.linking.pacesTold.delete(oldest);
  state.linking.pacesTold.set(facts.name, pace);
  state.out.notice('timings-differ', {
    server: state.options.facts.name,
    ...own,
    peer: facts.name,
    peerHeartbeatMs: heartbeatMs,
    peerSilenceMs: silenceMs,
  });
}

function handleLinkSilent(state: State, connection: Connection): void {
  const link = linkOf(state, connection);
  if (link === undefined) return;
  state.out.sendError(connection.id, 'silent', 'nothing was heard from the other end for too long');
  closeConnection(state, connection, 'silent');
  loseLink(state, link, { loss: 'silent', reason: 'it fell silent' });
}

/** The other end, or the network, has closed a link. */
export function handleLinkClosed(state: State, connection: Connection, reason: string): void {
  const link = linkOf(state, connection);
  forgetConnection(state, connection);
  if (link === undefined) return;
  if (!connection.wasReleased) {
    const loss = connection.wasSilent ? 'silent' : 'closed';
    const { parting } = connection;
    loseLink(state, link, { loss, reason: parting === null ? reason : `it said: ${parting}` });
    return;
  }
  // The link that takes its place may still be shaking hands: the two connections are not in order.
  state.timers.set(`released ${String(connection.id)}`, state.nowMs + REPLACED_MS, () => {
    if (linkOf(state, connection) !== link) return;
    loseLink(state, link, { loss: 'released', reason: 'it keeps other links', isUnneeded: true });
  });
}

/** How a link was lost. */
interface LostLink {
  readonly loss: Exclude<Loss, 'unknown'>;
  readonly reason: string;
  /** One of its ends no longer needed it: nothing is wrong. */
  readonly isUnneeded?: boolean;
}

/** Takes a link out, and says so in our log. */
export function loseLink(state: State, link: Link, lost: LostLink): void {
  state.links.delete(link.origin);
  forgetLink(state, link);
  noteOrphans(state, link);
  touchTargets(state);
  touchView(state);
  const { loss, reason, isUnneeded = false } = lost;
  appendOwn(state, { kind: 'down', peer: link.origin, loss });
  // A goodbye has been logged already.
  if (state.past.goodbyes.has(link.origin)) return;
  const origin = state.origins.get(link.origin);
  const peer = origin?.log.facts.name ?? link.origin;
  const address = link.connection.remote;
  if (isUnneeded) {
    state.tally.forget('link-down', [peer]);
    state.out.notice('link-released', { peer, address, reason });
    return;
  }
  state.tally.add('link-down', [peer]);
  state.out.notice('link-down', { peer, address, reason });
  if (origin === undefined) return;
  // For people the connection is closed, whichever end did it.
  const cause = loss === 'released' ? 'closed' : loss;
  const event = { event: 'link-down', cause, detail: detailOf(reason) } as const;
  state.history.noteServer(state.nowMs, origin, event);
}

/** The link of a connection, if it is one and was not replaced. */
export function linkOf(state: State, connection: Connection): Link | undefined {
  const link = connection.peer === null ? undefined : state.links.get(connection.peer);
  return link?.connection === connection ? link : undefined;
}

/** An end that closes a link because it keeps another has opened that one by then. */
const REPLACED_MS = 500;

/** So many servers with other timings are remembered: beyond that, some are logged again. */
const PACES_MAX = 1_024;

/** A link that held for this long has earned its address a fresh back-off. */
const HELD_MS = 10_000;
