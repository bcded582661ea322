// The addresses at which a client may find servers, and what is at each: from the dial through the
// handshake to the session. The core decides what to do with a session; here a connection is
// opened, greeted, refused or lost. The invariant: a listener hears of a contact in the order of
// the table below, and never of a connection that was closed from this side.

import { HANDSHAKE_MS_MAX, PROTOCOL_VERSIONS } from '../../protocol/constants.ts';
import type { ProtocolError, ProtocolErrorName } from '../../protocol/errors.ts';
import { PROTOCOL_ERRORS, protocolErrorName, versionsReason } from '../../protocol/errors.ts';
import type { Name, OriginId } from '../../protocol/ids.ts';
import type { Arrived, Message, MessageOf } from '../../protocol/messages.ts';
import type { Facts } from '../../protocol/records.ts';
import { assert, unreachable } from '../kit/assert.ts';
import type { ConnectionInput, Denial, ContactDenial, Refusal } from './effect.ts';
import { denialOf } from './effect.ts';
import type { Close, Dial, Send } from '../effect.ts';
import type { ConnectionId, Transport, Undialled } from '../input.ts';
import type { Pace } from '../kit/pace.ts';
import { agreedPace, SESSION_PACE } from '../kit/pace.ts';
import { hostPartOf } from '../kit/text.ts';
import type { ClientTimers } from './timers.ts';

/** The life of a contact. A transition that is not listed cannot happen. */
const CONTACT_STATES = {
  idle: { dial: 'dialling' },
  dialling: { opened: 'greeting', lost: 'idle', refused: 'refused' },
  greeting: { welcomed: 'open', lost: 'idle', refused: 'refused' },
  open: { lost: 'idle', refused: 'refused' },
  refused: {},
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The state of an address. A `refused` one is never dialled again. */
export type ContactState = keyof typeof CONTACT_STATES;

/** An address, and the server that was last found there. */
export interface Contact {
  readonly address: string;
  state: ContactState;
  connection: ConnectionId | null;
  transport: Transport;
  /** The server that answered last; kept after the session is lost. */
  server: { readonly origin: OriginId; readonly facts: Facts } | null;
  refusal: Refusal | null;
  /** When the other end last said something. */
  heardMs: number;
  /** Its rhythm: a server whose links are slower is slower here as well. */
  pace: Pace;
  /** When the session opened. */
  openedMs: number;
  /** The messages on this session up to now are no older than this. */
  echoedMs: number;
  /** Why the other end says that it closes. */
  parting: Denial | null;
  /** Whether the server has taken this session: it has said something after its greeting. */
  isTaken: boolean;
  /**
   * Why there is no session although somebody is there, or why an offer is refused; the next try may
   * end otherwise. Null where a server takes us and all that we offer, and where nobody is.
   */
  denial: ContactDenial | null;
}

/** How a contact was lost: before a connection, before a welcome, or as a session. */
export interface ContactLoss {
  readonly from: 'dialling' | 'greeting' | 'open';
  readonly reason: string;
  /** Whether this side gave it up, because of the other end's messages or silence. */
  readonly isOurs: boolean;
  /** Whether the other end said why it takes no session: there never was one. */
  readonly isTurnedAway: boolean;
}

/** The listener for the events of a contact. */
export interface ContactListener {
  /** The handshake is done: the session is open. */
  readonly onOpen: (contact: Contact) => void;
  readonly onLost: (contact: Contact, loss: ContactLoss) => void;
  readonly onRefused: (contact: Contact, refusal: Refusal) => void;
  /** A message on an open session that is no part of the handshake or of liveness. */
  readonly onMessage: (contact: Contact, message: Message) => void;
}

/** Whether a host, IPv6 without its brackets, is this machine's own: the shell knows. */
export type IsOwnHost = (host: string) => boolean;

/** Why a contact is refused; the text of the protocol where there is no reason. */
interface Grounds {
  readonly why: ProtocolErrorName;
  readonly theirs?: string | null;
  readonly reason?: string;
}

type ConnectedInput = Exclude<
  Extract<ConnectionInput, { readonly connection: ConnectionId }>,
  { readonly kind: 'opened' }
>;
type OpenedInput = Extract<ConnectionInput, { readonly kind: 'opened' }>;

/** What the contacts of a client share. */
export interface ContactsOptions {
  readonly environment: Name;
  readonly addresses: readonly string[];
  readonly timers: ClientTimers;
  readonly emit: (effect: Send | Dial | Close) => void;
  readonly isOwnHost?: IsOwnHost | undefined;
  readonly listener: ContactListener;
}

/** The contacts of one client, in the order in which its addresses are preferred. */
export class Contacts {
  readonly all: readonly Contact[];
  readonly #options: ContactsOptions;
  readonly #byAddress: ReadonlyMap<string, Contact>;
  readonly #byConnection = new Map<ConnectionId, Contact>();
  #nowMs = 0;

  constructor(options: ContactsOptions) {
    this.#options = options;
    this.#byAddress = new Map(options.addresses.map((address) => [address, contactAt(address)]));
    this.all = [...this.#byAddress.values()];
  }

  /** Those in a state. */
  in(...states: readonly ContactState[]): Contact[] {
    return this.all.filter((contact) => states.includes(contact.state));
  }

  /** Whether a contact is on this host: frequent dials of it burden no other host. */
  isLocal({ address }: Contact): boolean {
    if (isSocketPath(address) || LOOPBACK.test(address)) return true;
    return this.#options.isOwnHost?.(hostPartOf(address)) === true;
  }

  dial(contact: Contact): void {
    become(contact, 'dial');
    this.#options.emit({ kind: 'dial', address: contact.address });
  }

  send(contact: Contact, message: Message): void {
    assert(contact.connection !== null, `the connection to ${contact.address}`);
    this.#options.emit({ kind: 'send', connections: [contact.connection], message });
  }

  /** Ends what there is with a contact; the listener is not told. */
  drop(contact: Contact, why: Close['why']): void {
    if (contact.state === 'idle' || contact.state === 'refused') return;
    become(contact, 'lost');
    this.#close(contact, why);
  }

  /** Gives a contact up from this side: says why, closes, and tells the listener. */
  lose(contact: Contact, why: ProtocolErrorName, reason: string): void {
    this.send(contact, errorOf(why, reason));
    this.#close(contact, why);
    contact.denial = { why, reason, isOurs: true };
    this.#lost(contact, reason);
  }

  /** A server that is waited for gets the time in which this process did not run. */
  giveTime(lateMs: number): void {
    for (const contact of this.in('greeting')) {
      this.#options.timers.delay(handshakeTimer(contact), lateMs + READ_MS);
    }
  }

  handle(input: ConnectionInput): void {
    this.#nowMs = input.nowMs;
    if (input.kind === 'opened') this.#handleOpened(input);
    else if (input.kind === 'undialled') this.#handleUndialled(input);
    else if (input.kind !== 'deadline') {
      const contact = this.#byConnection.get(input.connection);
      if (contact !== undefined) this.#handleConnected(contact, input);
    }
  }

  #handleConnected(contact: Contact, input: ConnectedInput): void {
    switch (input.kind) {
      case 'received':
        contact.heardMs = input.nowMs;
        if (contact.state === 'greeting') this.#handleGreeting(contact, input.message);
        else this.#handleMessage(contact, input.message);
        return;
      case 'heard':
        contact.heardMs = input.nowMs;
        return;
      case 'unreadable':
        this.#handleUnreadable(contact, input.error);
        return;
      case 'closed':
        this.#handleClosed(contact, input.reason);
        return;
      case 'congested':
      case 'drained':
        return;
      default:
        unreachable(input);
    }
  }

  #handleClosed(contact: Contact, reason: string): void {
    const { parting } = contact;
    const isDenial = parting !== null && !LAPSES.has(parting.why);
    contact.denial = isDenial ? { ...parting, isOurs: false } : null;
    this.#lost(contact, parting?.reason ?? reason);
  }

  #handleUnreadable(contact: Contact, { kind, message }: ProtocolError): void {
    if (kind === 'locked') this.#refuse(contact, { why: kind, reason: message });
    else this.lose(contact, kind, message);
  }

  #handleUndialled({ address, reason, isRefusal }: Undialled): void {
    const contact = this.#byAddress.get(address);
    if (contact?.state !== 'dialling') return;
    if (isRefusal === true) this.#refuse(contact, { why: 'not-trusted', reason });
    else {
      contact.denial = null;
      this.#lost(contact, reason);
    }
  }

  #handleOpened(input: OpenedInput): void {
    const contact = this.#byAddress.get(input.dialled ?? '');
    if (contact?.state !== 'dialling') {
      this.#options.emit({ kind: 'close', connection: input.connection, why: 'unneeded' });
      return;
    }
    become(contact, 'opened');
    contact.connection = input.connection;
    contact.transport = input.transport;
    contact.heardMs = input.nowMs;
    contact.parting = null;
    contact.isTaken = false;
    this.#byConnection.set(input.connection, contact);
    this.#options.timers.set(handshakeTimer(contact), input.nowMs + HANDSHAKE_MS_MAX, () => {
      this.lose(contact, 'handshake-timeout', 'it is silent');
    });
  }

  #handleGreeting(contact: Contact, message: Arrived): void {
    if (message.kind === 'welcome') this.#handleWelcome(contact, message);
    else if (message.kind === 'error') this.#handleError(contact, message);
    else this.lose(contact, 'unexpected-message', 'it is no server of rarangi');
  }

  #handleWelcome(contact: Contact, welcome: MessageOf<'welcome'>): void {
    const { environment } = this.#options;
    if (welcome.environment !== environment) {
      this.#refuse(contact, { why: 'wrong-environment', theirs: welcome.environment });
      return;
    }
    const protocol = PROTOCOL_VERSIONS.find((version) => welcome.protocols.includes(version));
    if (protocol === undefined) {
      const reason = versionsReason(welcome.protocols);
      this.#refuse(contact, { why: 'no-common-version', reason });
      return;
    }
    this.send(contact, { kind: 'hello', protocol, role: 'client', environment });
    this.#options.timers.cancel(handshakeTimer(contact));
    become(contact, 'welcomed');
    contact.server = { origin: welcome.origin, facts: welcome.facts };
    contact.pace = agreedPace(SESSION_PACE, welcome);
    contact.openedMs = this.#nowMs;
    contact.echoedMs = this.#nowMs;
    this.#options.listener.onOpen(contact);
  }

  #handleMessage(contact: Contact, message: Arrived): void {
    if (!contact.isTaken && message.kind !== 'error') {
      contact.isTaken = true;
      contact.denial = null;
    }
    switch (message.kind) {
      case 'ping':
        if (message.stamp !== undefined) this.send(contact, { kind: 'pong', stamp: message.stamp });
        return;
      case 'pong':
        contact.echoedMs = Math.max(contact.echoedMs, Math.min(message.stamp, this.#nowMs));
        return;
      case 'error':
        this.#handleError(contact, message);
        return;
      case 'unknown':
        this.send(contact, errorOf('unknown-message', `code ${String(message.code)}`));
        return;
      case 'unfit':
        this.lose(contact, 'unexpected-message', 'a server does not send such a message');
        return;
      default:
        this.#options.listener.onMessage(contact, message);
    }
  }

  #handleError(contact: Contact, message: MessageOf<'error'>): void {
    const name = protocolErrorName(message.error);
    if (name === 'wrong-environment') {
      this.#refuse(contact, { why: name, theirs: message.environment ?? null });
    } else if (name === 'no-common-version' || name === 'not-trusted') {
      this.#refuse(contact, { why: name, reason: message.reason });
    } else if (message.request !== undefined && contact.state === 'open') {
      this.#options.listener.onMessage(contact, message);
    } else {
      contact.parting = denialOf(message);
    }
  }

  #refuse(contact: Contact, { why, theirs = null, reason }: Grounds): void {
    const { address } = contact;
    const ours: string = this.#options.environment;
    const environments = `it serves environment ${String(theirs)}, this client asks for ${ours}`;
    const said = reason ?? (theirs === null ? PROTOCOL_ERRORS[why].doc : environments);
    this.#close(contact, why);
    become(contact, 'refused');
    contact.refusal = { address, ours, theirs, why, reason: said };
    this.#options.listener.onRefused(contact, contact.refusal);
  }

  #lost(contact: Contact, reason: string): void {
    const { state: from, isTaken, denial } = contact;
    const isOurs = denial?.isOurs === true;
    const isTurnedAway = !isTaken && denial !== null && !isOurs;
    assert(from !== 'idle' && from !== 'refused', `a loss of ${contact.address}`);
    become(contact, 'lost');
    this.#forgetConnection(contact);
    this.#options.listener.onLost(contact, { from, reason, isOurs, isTurnedAway });
  }

  #close(contact: Contact, why: Close['why']): void {
    const { connection } = contact;
    this.#forgetConnection(contact);
    if (connection !== null) this.#options.emit({ kind: 'close', connection, why });
  }

  #forgetConnection(contact: Contact): void {
    this.#options.timers.cancel(handshakeTimer(contact));
    if (contact.connection !== null) this.#byConnection.delete(contact.connection);
    contact.connection = null;
  }
}

/** Whether an address is the path of a socket. */
export function isSocketPath(address: string): boolean {
  return address.includes('/');
}

function contactAt(address: string): Contact {
  return {
    address,
    state: 'idle',
    connection: null,
    transport: 'tcp',
    server: null,
    refusal: null,
    heardMs: 0,
    pace: SESSION_PACE,
    openedMs: 0,
    echoedMs: 0,
    parting: null,
    isTaken: false,
    denial: null,
  };
}

function become(contact: Contact, event: string): void {
  const table: Readonly<Record<string, ContactState>> = CONTACT_STATES[contact.state];
  const next = table[event];
  assert(next !== undefined, `a place for ${event} while ${contact.state}`);
  contact.state = next;
}

function errorOf(name: ProtocolErrorName, reason: string): Message {
  return { kind: 'error', error: PROTOCOL_ERRORS[name].code, reason: reason.slice(0, 100) };
}

function handshakeTimer(contact: Contact): `handshake ${string}` {
  return `handshake ${contact.address}`;
}

/** The other end has waited for us in vain: it refuses nothing. */
const LAPSES: ReadonlySet<ProtocolErrorName> = new Set(['handshake-timeout', 'silent']);

/** Long enough to read what waits in the sockets. */
const READ_MS = 50;

const LOOPBACK = /^(127\.|\[::1\]|localhost:)/;

/** The longest delay for an address of this host: a client is back within half a second. */
export const LOCAL_CAP_MS = 300;
