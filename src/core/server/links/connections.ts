// Every connection from its opening to its end: the handshake, the signs of life, the close. After
// the handshake links.ts (servers) and sessions.ts (clients) take over. The life of a connection is
// a table; a message that has no entry in it is a breach of the protocol. Beside the table, in
// code: environments, versions, roles, and which of two connections to one server is kept.

import { HANDSHAKE_MS_MAX, PROTOCOL_VERSIONS } from '../../../protocol/constants.ts';
import type { ProtocolErrorName } from '../../../protocol/errors.ts';
import type { Arrived, Message, MessageKind } from '../../../protocol/messages.ts';
import { assert } from '../../kit/assert.ts';
import type { Pace, SaidPace } from '../../kit/pace.ts';
import { agreedPace, SESSION_PACE } from '../../kit/pace.ts';
import type { Close } from '../../effect.ts';
import type { ConnectionId, Opened } from '../../input.ts';
import type { LimitName } from '../limits.ts';
import { admit } from './admission.ts';
import { limitReason, noteLimit } from '../limits-told.ts';
import type { Connection } from '../entities.ts';
import type { State } from '../state.ts';
import { cancelTimersOf } from '../timers.ts';
import { handleTargetIdle, moveTarget, noteUngreeted } from './targets.ts';

/** Which messages may arrive in which phase, and the phases that each may lead to. */
export const CONNECTION_PHASES = {
  /** We dialled, and wait for the server to speak. */
  welcome: { welcome: ['link'], error: [] },
  /** We have sent `welcome`, and wait for an answer: a peer's or a client's. */
  hello: { hello: ['link', 'session'], error: [] },
  link: {
    digest: [],
    entries: [],
    snapshot: [],
    want: [],
    offer: [],
    prune: [],
    check: [],
    view: [],
    forget: [],
    ping: [],
    pong: [],
    error: [],
  },
  session: {
    register: [],
    deregister: [],
    lookup: [],
    list: [],
    peers: [],
    status: [],
    history: [],
    watch: [],
    unwatch: [],
    forget: [],
    ping: [],
    pong: [],
    error: [],
  },
} as const satisfies Readonly<
  Record<Phase, Readonly<Partial<Record<MessageKind, readonly Phase[]>>>>
>;

type Phase = Connection['phase'];

/** A message that may arrive in a phase. */
export type Arriving<P extends Phase> = Extract<
  Message,
  { readonly kind: keyof (typeof CONNECTION_PHASES)[P] }
>;

/** Whether a message has a place in a phase. */
export function mayArrive<P extends Phase>(phase: P, message: Arrived): message is Arriving<P> {
  return Object.hasOwn(CONNECTION_PHASES[phase], message.kind);
}

/** Moves a connection on, along the table. */
export function enterPhase(
  state: State,
  connection: Connection,
  { phase, said }: { readonly phase: 'link' | 'session'; readonly said: SaidPace },
): void {
  const ways: readonly (readonly Phase[])[] = Object.values(CONNECTION_PHASES[connection.phase]);
  assert(
    ways.some((phases) => phases.includes(phase)),
    `no way leads from ${connection.phase} to ${phase}`,
  );
  connection.phase = phase;
  const least = phase === 'link' ? {} : SESSION_PACE;
  connection.pace = agreedPace(agreedPace(ownPace(state), said), least);
}

/** The times of this server, for its handshakes. */
export function ownPace({ options: { heartbeatMs, silenceMs } }: State): Pace {
  return { heartbeatMs, silenceMs };
}

/** A connection is open. The accepting side speaks first. `end` makes room for it. */
export function handleOpened(state: State, input: Opened, end: EndAtLimit): Connection {
  const connection: Connection = {
    id: input.connection,
    remote: input.dialled ?? input.remote,
    dialled: input.dialled,
    transport: input.transport,
    peer: null,
    phase: input.dialled === null ? 'hello' : 'welcome',
    pace: ownPace(state),
    heardMs: state.nowMs,
    sentMs: state.nowMs,
    roundTripMicros: null,
    ...{ roundTripMs: -Infinity, stampedMs: -Infinity },
    isPaused: false,
    wasSilent: false,
    wasReleased: false,
    parting: null,
  };
  state.connections.set(connection.id, connection);
  if (input.dialled === null && !welcomeStranger(state, connection, end)) return connection;
  armHandshake(state, connection);
  const target = input.dialled === null ? undefined : state.linking.targets.get(input.dialled);
  if (target !== undefined) {
    moveTarget(target, 'opened');
    target.wasToldOf = false;
    noteUngreeted(state, target);
    target.hasFailed = false;
    target.connection = connection.id;
  }
  return connection;
}

/** Ends a connection, with its session or link, because of a limit. */
export type EndAtLimit = (state: State, connection: Connection, limit: LimitName) => void;

/**
 * Makes room for a newcomer, at the cost of the stranger that has waited longest; returns whether
 * there is room.
 */
function welcomeStranger(state: State, connection: Connection, end: EndAtLimit): boolean {
  const full = admit(state, connection);
  if (full !== null) end(state, full.leaving, full.limit);
  if (full?.leaving === connection) return false;
  sendWelcome(state, connection);
  return true;
}

function sendWelcome(state: State, connection: Connection): void {
  const { environment, origin, facts } = state.options;
  const protocols = PROTOCOL_VERSIONS;
  const pace = ownPace(state);
  state.out.send(connection.id, {
    kind: 'welcome',
    protocols,
    environment,
    origin,
    facts,
    ...pace,
  });
}

/** A connection that has not shaken hands by then is closed. */
export function armHandshake(state: State, connection: Connection): void {
  const limitMs = connection.dialled === null ? HANDSHAKE_MS_MAX : state.options.silenceMs;
  armStep(state, connection, { stepMs: limitMs / STEPS, left: STEPS, lateLeft: LATE_STEPS_MAX });
}

/**
 * The limit is counted in steps. One that comes late does not count: this server was starved, its host
 * perhaps, and the other end's answer may wait in the socket. No more than a few are
 * excused: an attacker that starves the server with handshakes must not keep their places.
 */
function armStep(
  state: State,
  connection: Connection,
  steps: { readonly stepMs: number; readonly left: number; readonly lateLeft: number },
): void {
  const { stepMs, left, lateLeft } = steps;
  const dueMs = state.nowMs + stepMs;
  state.timers.set(`handshake ${String(connection.id)}`, dueMs, () => {
    const isExcused = lateLeft > 0 && state.nowMs > dueMs + ON_TIME_MS;
    if (isExcused) armStep(state, connection, { stepMs, left, lateLeft: lateLeft - 1 });
    else if (left > 1) armStep(state, connection, { stepMs, left: left - 1, lateLeft });
    else handleHandshakeTimeout(state, connection);
  });
}

const STEPS = 4;

/** As many again. */
const LATE_STEPS_MAX = STEPS;

/** As late as a server may be that is merely busy. */
const ON_TIME_MS = 50;

function handleHandshakeTimeout(state: State, connection: Connection): void {
  const reason = 'the handshake was not finished in time';
  const told = connection.phase === 'welcome' ? UNGREETED : reason;
  state.out.notice('refused-stranger', { address: connection.remote, reason: told });
  refuse(state, connection, { error: 'handshake-timeout', reason });
}

/** Such as a door, which waits for a question. */
const UNGREETED = 'no server greets there: another program has that port, or a server hangs';

/** Tells the other end what is wrong and closes. */
export function refuse(
  state: State,
  connection: Connection,
  breach: { readonly error: ProtocolErrorName; readonly reason: string },
): void {
  state.tally.add('refused', [breach.error]);
  state.out.sendError(connection.id, breach.error, breach.reason);
  closeConnection(state, connection, breach.error);
}

/** Closes a connection at a limit, and tells both sides. */
export function closeAtLimit(state: State, connection: Connection, limit: LimitName): void {
  noteLimit(state, limit, connection.remote);
  refuse(state, connection, { error: 'overloaded', reason: limitReason(state, limit) });
}

/** Closes a connection from our side and forgets it. */
export function closeConnection(state: State, connection: Connection, why: Close['why']): void {
  state.out.close(connection.id, why);
  forgetConnection(state, connection);
}

/** Forgets a connection that is closed. */
export function forgetConnection(state: State, connection: Connection): void {
  if (state.connections.delete(connection.id))
    state.linking.strangers.forget(connection.id, state.nowMs);
  cancelTimersOf(state.timers, 'connection', connection.id);
  if (connection.dialled === null) return;
  const target = state.linking.targets.get(connection.dialled);
  if (target?.connection === connection.id) handleTargetIdle(state, target);
}

/** The handshake came in time. */
export function endHandshake(state: State, connection: Connection): void {
  state.linking.strangers.prove(connection.id);
  state.timers.cancel(`handshake ${String(connection.id)}`);
}

/** Signs of life begin, as the kind of connection asks for them. */
export function beginLiveness(
  state: State,
  connection: Connection,
  becomeSilent: (connection: Connection) => void,
): void {
  armBeat(state, connection);
  armSilence(state, connection, becomeSilent);
}

/** Whether the other end's silence is watched. */
export function isJudged(state: State, connection: Connection): boolean {
  return state.timers.has(`silence ${String(connection.id)}`);
}

function armBeat(state: State, connection: Connection): void {
  const { heartbeatMs } = connection.pace;
  state.timers.set(`beat ${String(connection.id)}`, connection.sentMs + heartbeatMs, () => {
    const isDue = state.nowMs >= connection.sentMs + heartbeatMs;
    const isOld = state.nowMs >= connection.stampedMs + MEASURE_MS;
    if (connection.phase === 'link' && isOld) measure(state, connection);
    else if (isDue) state.out.send(connection.id, { kind: 'ping' });
    if (isDue) connection.sentMs = state.nowMs;
    armBeat(state, connection);
  });
}

/** Begins to measure a round trip. */
export function measure(state: State, connection: Connection): void {
  connection.stampedMs = state.nowMs;
  state.out.send(connection.id, { kind: 'ping', stamp: stampOf(state) });
}

/** An answer to a measuring ping. */
export function noteRoundTrip(state: State, connection: Connection, stamp: number): void {
  connection.roundTripMicros = Math.max(0, stampOf(state) - stamp);
  connection.roundTripMs = state.nowMs;
}

/** The round trip of the last minute; null where none was measured in it. */
export function roundTripOf({ nowMs }: State, connection: Connection | undefined): number | null {
  if (connection === undefined || nowMs - connection.roundTripMs > MEASURED_MS) return null;
  return connection.roundTripMicros;
}

/** A stamp for a ping: microseconds, as a whole number. */
function stampOf(state: State): number {
  return Math.round(state.nowMs * 1_000);
}

function armSilence(
  state: State,
  connection: Connection,
  becomeSilent: (connection: Connection) => void,
): void {
  const { silenceMs } = connection.pace;
  state.timers.set(`silence ${String(connection.id)}`, connection.heardMs + silenceMs, () => {
    if (connection.isPaused) connection.heardMs = state.nowMs;
    if (state.nowMs >= connection.heardMs + silenceMs) becomeSilent(connection);
    else armSilence(state, connection, becomeSilent);
  });
}

/** A connection that the inputs name; undefined for one that we have closed already. */
export function connectionOf(state: State, id: ConnectionId): Connection | undefined {
  return state.connections.get(id);
}

/** A round trip is measured this often on a link, and told for as long. */
const MEASURE_MS = 15_000;
const MEASURED_MS = 60_000;
