// The meaning of a message depends on the phase of its connection: handshake, link or session. A
// message that has no place there is a breach of the protocol: told, logged, closed. After the
// handshake an unknown kind is answered with an error that does not close, so that old and new
// versions live together during an upgrade.

import { PROTOCOL_VERSIONS } from '../../protocol/constants.ts';
import type { ProtocolError, ProtocolErrorName } from '../../protocol/errors.ts';
import { PROTOCOL_ERRORS, protocolErrorName, versionsReason } from '../../protocol/errors.ts';
import type { Arrived, MessageOf } from '../../protocol/messages.ts';
import {
  answerHistory,
  answerList,
  answerLookup,
  answerPeers,
  answerStatus,
  handleWatch,
} from './sessions/answers.ts';
import { present } from '../kit/assert.ts';
import type { Arriving } from './links/connections.ts';
import {
  closeAtLimit,
  forgetConnection,
  mayArrive,
  noteRoundTrip,
  refuse,
} from './links/connections.ts';
import type { ConnectionId, Flow } from '../input.ts';
import { handleCheck } from './replication/checks.ts';
import {
  handleDigest,
  handleEntries,
  handleOffer,
  handleSnapshot,
} from './replication/receiving/intake.ts';
import { handlePrune, handleWant } from './replication/sending/wants.ts';
import {
  handleLinkClosed,
  handlePeerHello,
  handleWelcome,
  linkOf,
  loseLink,
  refuseEnvironment,
} from './links/links.ts';
import { takesPeers } from './links/sibling.ts';
import { noteForeign, noteRefused } from './links/targets.ts';
import type { LimitName } from './limits.ts';
import { hasRoom, linkExcessOf, refuseAtLimit, watchExcessOf } from './links/admission.ts';
import { LIMITS } from './limits.ts';
import { forgetOrigin } from './origins/reachability.ts';
import { forgetWaysTo } from './origins/ways.ts';
import { announceBy, flushBy, sendToAll } from './replication/replication.ts';
import {
  becomeSession,
  handleDeregister,
  handleRegister,
  handleSessionClosed,
  judgeSession,
} from './sessions/sessions.ts';
import { isNewWord, mayForget } from './forget-tokens.ts';
import { handleWhileWaking } from './sleep.ts';
import type { Connection, Link, Session } from './entities.ts';
import { emptyLogs } from './replication/receiving/bare.ts';
import type { State } from './state.ts';
import { charge, handleUnread } from './sessions/throttle.ts';
import { giveUpPeer } from './sessions/health.ts';
import { noteNeighbourView } from './replication/view.ts';

/** Takes in a message of an open connection. */
export function dispatch(state: State, connection: Connection, message: Arrived): void {
  const isDone = handleWhileWaking(state, { connection, message }, () => {
    dispatch(state, connection, message);
  });
  if (isDone) return;
  if (message.kind === 'unknown' && isShaken(connection)) {
    const { code } = PROTOCOL_ERRORS['unknown-message'];
    const reason = `this side does not know message kind ${String(message.code)}`;
    const request = message.request === undefined ? {} : { request: message.request };
    state.out.send(connection.id, { kind: 'error', error: code, reason, ...request });
  } else if (message.kind === 'unfit' && connection.phase === 'session') {
    state.out.sendRefusal(connection.id, message.request, message.reason);
    charge(state, present(state.sessions.get(connection.id), 'a session'), 0);
  } else if (!dispatchByPhase(state, connection, message)) {
    refuseUnexpected(state, connection, message);
  }
}

function isShaken(connection: Connection): boolean {
  return connection.phase === 'link' || connection.phase === 'session';
}

/** Returns whether the message has a place in the connection's phase. */
function dispatchByPhase(state: State, connection: Connection, message: Arrived): boolean {
  switch (connection.phase) {
    case 'welcome':
      if (!mayArrive('welcome', message)) return false;
      if (message.kind === 'welcome') handleWelcome(state, connection, message);
      else handleError(state, connection, message);
      return true;
    case 'hello':
      if (!mayArrive('hello', message)) return false;
      if (message.kind === 'hello') handleHello(state, connection, message);
      else handleError(state, connection, message);
      return true;
    case 'link':
      if (!mayArrive('link', message)) return false;
      receiveOnLink(state, present(linkOf(state, connection), 'a link'), message);
      return true;
    default:
      if (!mayArrive('session', message)) return false;
      dispatchSession(state, present(state.sessions.get(connection.id), 'a session'), message);
      return true;
  }
}

/** Signs of life, and messages that may come at any time. */
function dispatchSign(
  state: State,
  connection: Connection,
  message: MessageOf<'ping'> | MessageOf<'pong'> | MessageOf<'error'>,
): void {
  if (message.kind === 'ping') {
    const { stamp } = message;
    if (stamp !== undefined) state.out.send(connection.id, { kind: 'pong', stamp });
    if (connection.phase === 'session') judgeSession(state, connection);
  } else if (message.kind === 'pong') {
    noteRoundTrip(state, connection, message.stamp);
  } else {
    handleError(state, connection, message);
  }
}

function handleHello(state: State, connection: Connection, hello: MessageOf<'hello'>): void {
  const { environment, role, origin, facts, protocol } = hello;
  if (environment !== state.options.environment) {
    refuseEnvironment(state, connection, environment);
  } else if (!PROTOCOL_VERSIONS.includes(protocol)) {
    const reason = versionsReason([protocol]);
    handleBreach(state, connection.id, { kind: 'no-common-version', message: reason });
  } else if (role === 'unknown') {
    const reason = 'hello: its role is neither client nor peer';
    handleBreach(state, connection.id, { kind: 'malformed-message', message: reason });
  } else if (role === 'peer' && !takesPeers(connection)) {
    const reason = 'a UNIX socket takes clients only: servers link by TCP';
    handleBreach(state, connection.id, { kind: 'unexpected-message', message: reason });
  } else if (!hasRoom(state, role, connection)) {
    closeAtLimit(state, connection, 'connections');
  } else if (role === 'client') {
    becomeSession(state, connection, hello);
  } else if (origin === undefined || facts === undefined) {
    const reason = 'hello: a peer has to say who it is, in `origin` and `facts`';
    handleBreach(state, connection.id, { kind: 'malformed-message', message: reason });
  } else {
    handlePeerHello(state, connection, { ...hello, origin, facts });
  }
}

/** A neighbour's content is trusted, its amount is not. */
function receiveOnLink(state: State, link: Link, message: Arriving<'link'>): void {
  const { bytes: bytesBefore } = state.reach.heldByLogs;
  dispatchLink(state, link, message);
  const batches = message.kind === 'entries' ? message.batches : [];
  const excess = linkExcessOf(state, link, { bytesBefore, batches });
  if (excess === null) return;
  if (excess.limit === 'bytes-of-logs') emptyLogs(state, excess.link.origin);
  endAtLimit(state, excess.link.connection, excess.limit);
}

function dispatchLink(state: State, link: Link, message: Arriving<'link'>): void {
  switch (message.kind) {
    case 'digest':
      handleDigest(state, link, message);
      break;
    case 'entries':
      handleEntries(state, link, message);
      break;
    case 'snapshot':
      handleSnapshot(state, link, message);
      break;
    case 'want':
      handleWant(state, link, message);
      break;
    case 'offer':
      handleOffer(state, link, message);
      break;
    case 'prune':
      handlePrune(state, link, message);
      break;
    case 'check':
      handleCheck(state, link, message);
      break;
    case 'view':
      noteNeighbourView(state, link, message);
      break;
    case 'forget':
      handleForget(state, message, link);
      break;
    default:
      dispatchSign(state, link.connection, message);
  }
}

function dispatchSession(state: State, session: Session, message: Arriving<'session'>): void {
  const rows = answerSession(state, session, message);
  if (state.sessions.has(session.connection.id)) charge(state, session, rows);
}

/** Handles a client's request; returns how many rows the answer has. */
function answerSession(state: State, session: Session, message: Arriving<'session'>): number {
  const to = session.connection.id;
  switch (message.kind) {
    case 'register':
      handleRegister(state, session, message);
      break;
    case 'deregister':
      handleDeregister(state, session, message);
      break;
    case 'lookup':
      return answerLookup(state, to, message);
    case 'list':
      return answerList(state, to, message.request);
    case 'peers':
      return answerPeers(state, to, message);
    case 'history':
      return answerHistory(state, to, message);
    case 'status':
      return answerStatus(state, to, message.request);
    case 'watch': {
      const limit = watchExcessOf(state, session, message);
      if (limit === null) return handleWatch(state, session, message);
      refuseAtLimit(state, session, { request: message.request, limit });
      break;
    }
    case 'unwatch':
      session.watches.delete(message.request);
      break;
    case 'forget':
      answerForget(state, session, message);
      break;
    default:
      dispatchSign(state, session.connection, message);
  }
  return 0;
}

/** The other end does not read its messages, or has caught up. */
export function handleFlow(state: State, flow: Flow): void {
  const { kind, connection: id, unwrittenBytes = 0, isTooMuchInAll = false } = flow;
  const connection = state.connections.get(id);
  if (connection === undefined) return;
  const link = linkOf(state, connection);
  const session = state.sessions.get(id);
  if (isTooMuchInAll) {
    endAtLimit(state, connection, 'unread-bytes-in-all');
  } else if (unwrittenBytes > LIMITS['unread-bytes'].max) {
    endAtLimit(state, connection, 'unread-bytes');
  } else if (link !== undefined) {
    link.isCongested = kind === 'congested';
    flushBy(state, state.nowMs);
    announceBy(state, state.nowMs);
  } else if (session !== undefined) {
    handleUnread(state, session, {
      isUnread: kind === 'congested',
      end: (limit) => {
        endAtLimit(state, connection, limit);
      },
    });
  }
}

/** A connection at a limit is closed, and its registrations are gone. */
export function endAtLimit(state: State, connection: Connection, limit: LimitName): void {
  closeAtLimit(state, connection, limit);
  endWithout(state, connection, LIMITS[limit].noun);
}

/** Answers `forget` with how many servers were dropped here. */
function answerForget(state: State, session: Session, message: MessageOf<'forget'>): void {
  const { request } = message;
  if (!mayForget(state, message)) {
    refuseAtLimit(state, session, { request, limit: 'forgets-per-minute' });
    return;
  }
  const count = handleForget(state, message);
  state.out.send(session.connection.id, { kind: 'done', request, count });
}

/**
 * Drops the split servers of a host, and no longer waits for an answer from it, here and at every
 * server that can be reached.
 */
function handleForget(state: State, message: MessageOf<'forget'>, from?: Link): number {
  if (!isNewWord(state, message, { isOwn: from === undefined })) return 0;
  sendToAll(state, message, from);
  let count = 0;
  for (const origin of [...state.reach.directory.ofHost(message.host)]) {
    if (origin.standing !== 'split') continue;
    forgetOrigin(state, origin, 'an operator gave its host up with: rarangi peers --forget');
    count += 1;
  }
  forgetWaysTo(state, message.host);
  const isGivenUp = giveUpPeer(state, message.host);
  return count === 0 && isGivenUp ? 1 : count;
}

function refuseUnexpected(state: State, connection: Connection, message: Arrived): void {
  const what = message.kind === 'unknown' ? `message kind ${String(message.code)}` : message.kind;
  const reason = `message \`${what}\` is not expected here`;
  handleBreach(state, connection.id, { kind: 'unexpected-message', message: reason });
}

/** The other end broke the wire contract: it is told, the operator too, and the connection ends. */
export function handleBreach(
  state: State,
  id: ConnectionId,
  error: Pick<ProtocolError, 'kind' | 'message'>,
): void {
  const connection = state.connections.get(id);
  if (connection === undefined) return;
  const isStranger = !isShaken(connection);
  const name = isStranger ? 'refused-stranger' : 'protocol-breach';
  if (error.kind === 'locked' && connection.dialled !== null) {
    noteRefused(state, connection, error.message);
  } else {
    const reason = isStranger ? strangenessOf(connection, error) : error.message;
    state.out.notice(name, { address: connection.remote, reason });
  }
  refuse(state, connection, { error: error.kind, reason: error.message });
  endWithout(state, connection, error.message);
}

/** What does not even speak in frames, where we have called, is another program. */
function strangenessOf(
  { dialled }: Connection,
  { kind, message }: Pick<ProtocolError, 'kind' | 'message'>,
): string {
  if (dialled === null || kind !== 'malformed-frame') return message;
  return `another program has that port, not a server: ${message}`;
}

/** A connection is closed, by the other end or by the network. */
export function handleGone(state: State, id: ConnectionId, reason: string): void {
  const connection = state.connections.get(id);
  if (connection === undefined) return;
  if (connection.phase === 'link') handleLinkClosed(state, connection, reason);
  else if (connection.phase === 'session')
    handleSessionClosed(state, connection, 'its connection ended');
  else forgetConnection(state, connection);
}

function endWithout(state: State, connection: Connection, reason: string): void {
  const link = linkOf(state, connection);
  if (link !== undefined) loseLink(state, link, { loss: 'released', reason });
  if (connection.phase === 'session') handleSessionClosed(state, connection, reason);
}

function handleError(state: State, connection: Connection, error: MessageOf<'error'>): void {
  const name = protocolErrorName(error.error);
  noteParting(connection, { name, reason: error.reason });
  if (isShaken(connection)) return;
  if (name === 'wrong-environment') {
    noteForeign(state, connection, error.environment ?? 'another');
  } else if (name === 'no-common-version' || name === 'not-trusted') {
    noteRefused(state, connection, error.reason);
  }
}

/**
 * The reason of the other end for its close, if it gives one: it may be a word of a newer version.
 */
function noteParting(
  connection: Connection,
  { name, reason }: { readonly name: ProtocolErrorName | undefined; readonly reason: string },
): void {
  if (name !== undefined && !PROTOCOL_ERRORS[name].closes) return;
  connection.parting = reason;
  connection.wasReleased ||= name === 'duplicate';
  connection.wasSilent ||= name === 'silent';
}
