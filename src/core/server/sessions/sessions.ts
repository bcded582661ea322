// Sessions: clients' connections, and the registrations that live exactly as long as they do. The
// invariant: an instance in our own log belongs to one session that is open; a session's end
// removes all its instances, with the cause. The client with an instance's key owns it: on a new
// connection, before the old one is known to be lost, it takes the instance along, and no other
// client can change it or give it up. A session that loses an instance while it lives is told.

import { SESSION_SILENCE_MS } from '../../../protocol/constants.ts';
import type { InstanceId } from '../../../protocol/ids.ts';
import type { MessageOf } from '../../../protocol/messages.ts';
import type { Registration } from '../../../protocol/records.ts';
import { registration as registrationRecord } from '../../../protocol/records.ts';
import { Account, ChargedMap } from '../../kit/account.ts';
import { detailOf } from '../../../protocol/texts.ts';
import type { End } from '../../catalogue/catalogue.ts';
import {
  beginLiveness,
  closeConnection,
  endHandshake,
  enterPhase,
  forgetConnection,
  isJudged,
} from '../links/connections.ts';
import { excessOf, refuseAtLimit } from '../links/admission.ts';
import type { SaidPace } from '../../kit/pace.ts';
import { hostPartOf } from '../../kit/text.ts';
import { appendOwn } from '../replication/replication.ts';
import type { NoticeFields } from '../../notices.ts';
import type { Connection, Session } from '../entities.ts';
import type { State } from '../state.ts';
import { CREDIT_MAX } from './throttle.ts';
import { Watches } from './watches.ts';

/** A client has shaken hands. */
export function becomeSession(state: State, connection: Connection, said: SaidPace): void {
  enterPhase(state, connection, { phase: 'session', said });
  endHandshake(state, connection);
  const session = createSession(state, connection);
  state.sessions.set(connection.id, session);
  // Over a UNIX socket only the kernel's close ends a session that sends no pings: the silence of a
  // swapped-out sidecar says nothing about its service.
  if (connection.transport === 'tcp') judgeSession(state, connection);
  if (state.life.isStopping) state.out.send(connection.id, { kind: 'goaway' });
}

/** A session that holds nothing; its later registrations are charged to it and to all of them. */
export function createSession(state: State, connection: Connection): Session {
  const held = new Account(state.clients.held);
  return {
    connection,
    held,
    registrations: new ChargedMap(held, registrationRecord.bytes),
    watches: new Watches(held, state.clients.watchers, connection.id),
    credit: CREDIT_MAX,
    creditMs: state.nowMs,
    isTooFast: false,
    isUnread: false,
  };
}

/** From now on the client's silence ends its session. */
export function judgeSession(state: State, connection: Connection): void {
  if (isJudged(state, connection)) return;
  beginLiveness(state, connection, (silent) => {
    state.out.sendError(silent.id, 'silent', 'nothing was heard from the other end for too long');
    closeConnection(state, silent, 'silent');
    endSession(state, silent, `silent for ${String(SESSION_SILENCE_MS / 1_000)} s`);
  });
}

/** A client's connection is closed: its registrations are gone. */
export function handleSessionClosed(state: State, connection: Connection, detail: string): void {
  forgetConnection(state, connection);
  endSession(state, connection, detail);
}

function endSession(state: State, connection: Connection, detail: string): void {
  const session = state.sessions.get(connection.id);
  if (session === undefined) return;
  state.sessions.delete(connection.id);
  const end = { cause: 'closed', detail: detailOf(detail) } as const;
  for (const instance of session.registrations.keys()) {
    removeInstance(state, session, { instance, ...end });
  }
  session.registrations.clear();
  session.watches.clear();
}

/** Registers an instance, or changes it. */
export function handleRegister(
  state: State,
  session: Session,
  message: MessageOf<'register'>,
): void {
  if (!mayOffer(state, session, message)) return;
  const { request } = message;
  const address = message.registration.address || ownHostPart(state);
  const isWhole = message.registration.address === address;
  const given = isWhole ? message.registration : { ...message.registration, address };
  const limit = excessOf(state, session, given);
  if (limit !== null) {
    refuseAtLimit(state, session, { request, limit });
    return;
  }
  const registration = state.catalogue.shared(given);
  const { instance, revision } = registration;
  const owner = state.sessions.get(state.clients.owners.get(instance) ?? session.connection.id);
  if (owner !== undefined && owner !== session) disown(state, owner, instance);
  state.clients.owners.set(instance, session.connection.id);
  const known = state.self.log.registrations.get(instance);
  const isNews = known === undefined || known.revision < revision;
  if (isNews) {
    appendOwn(state, { kind: 'put', registration });
    if (known === undefined) {
      state.out.noticeOf(session.connection, 'instance-registered', labels(registration));
    }
  }
  const record = state.self.log.registrations.get(instance) ?? registration;
  session.registrations.set(instance, record);
  state.out.send(session.connection.id, { kind: 'done', request, address });
}

/** Whether a request has the key of the instance that it names; if not, it is refused. */
function hasKey(
  state: State,
  session: Session,
  message: MessageOf<'register'> | MessageOf<'deregister'>,
): boolean {
  const { request, key } = message;
  const { instance } = message.kind === 'register' ? message.registration : message;
  if (state.options.instanceOf(key) === instance) return true;
  const reason = `this is not the key of instance ${instance}`;
  state.out.sendRefusal(session.connection.id, request, { reason, error: 'wrong-key' });
  return false;
}

/**
 * Whether an offer has the key of its instance, and comes before its end: an instance that was given
 * up at that revision is shown by no server. If not, it is refused.
 */
function mayOffer(state: State, session: Session, message: MessageOf<'register'>): boolean {
  if (!hasKey(state, session, message)) return false;
  const { instance, revision } = message.registration;
  const { givenUp } = state.catalogue;
  if (!givenUp.isOver(instance, revision)) return true;
  const next = String(givenUp.nextRevisionOf(instance));
  const reason = `instance ${instance} was given up: offer it at revision ${next} or a higher one`;
  const { request } = message;
  state.out.sendRefusal(session.connection.id, request, { reason, error: 'given-up' });
  return false;
}

/** A session that lives has lost an instance: it is told, so that it can register anew. */
function disown(state: State, session: Session, instance: InstanceId): void {
  if (session.registrations.delete(instance)) tellLost(state, session, instance);
}

/** Tells a session that an instance which it held is gone, though it did not give it up. */
export function tellLost(state: State, session: Session, instance: InstanceId): void {
  state.out.send(session.connection.id, { kind: 'lost', instance });
}

/** Gives an instance up. */
export function handleDeregister(
  state: State,
  session: Session,
  message: MessageOf<'deregister'>,
): void {
  const { instance } = message;
  if (!hasKey(state, session, message)) return;
  if (session.registrations.delete(instance)) removeInstance(state, session, message);
  state.out.send(session.connection.id, { kind: 'done', request: message.request });
}

function removeInstance(
  state: State,
  { connection }: Session,
  removed: End & { readonly instance: InstanceId },
): void {
  const { instance, cause, detail } = removed;
  state.clients.owners.delete(instance);
  const registration = state.self.log.registrations.get(instance);
  // Clients that were told to leave close their sessions: their instances go with our goodbye, when
  // the sibling has them.
  const isHandedOver = state.life.isStopping && cause === 'closed';
  if (registration === undefined || isHandedOver) return;
  const because = detail === undefined ? {} : { detail };
  appendOwn(state, { kind: 'delete', instance, cause, ...because });
  state.out.noticeOf(connection, 'instance-removed', { ...labels(registration), cause });
}

/** The host part of this server's advertised address: the address of a service that gives none. */
function ownHostPart(state: State): string {
  const [address = ''] = state.options.facts.addresses;
  return hostPartOf(address);
}

/** The name of an instance for the operator. */
function labels(registration: Registration): NoticeFields<'instance-registered'> {
  const { service, instance, port } = registration;
  const host = registration.address;
  const address = `${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
  return { service, address, instance };
}
