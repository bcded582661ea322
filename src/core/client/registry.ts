// The offers of a client, and which server has acknowledged which. The invariant: an instance that
// was given up is never sent again, on any session; and giving it up is over when every session
// that holds it has acknowledged that, or is lost, or two seconds have passed.

import type { Denial, Refusal } from './effect.ts';
import { denialOf } from './effect.ts';
import type { Identity, InstanceId, InstanceKey, Name } from '../../protocol/ids.ts';
import type { MessageOf } from '../../protocol/messages.ts';
import type { Cause, Registration } from '../../protocol/records.ts';
import { detailOf } from '../../protocol/texts.ts';
import { bracketed, hostPartOf } from '../kit/text.ts';
import type { Contact, Contacts } from './contacts.ts';
import type { ClientTimers } from './timers.ts';

/** The offer of a service: a registration without its id and revision. */
export type Offered = Omit<Registration, 'instance' | 'revision'>;

/** Why it is given up and, for people, who or what did it. */
export interface Ending {
  readonly cause: Cause;
  readonly detail?: string | undefined;
}

/** What a client reports. */
export type ClientReport =
  | {
      readonly kind: 'registered';
      readonly instance: InstanceId;
      readonly service: Name;
      readonly server: string;
    }
  | { readonly kind: 'deregistered'; readonly instance: InstanceId }
  /** Every server with a session refuses it. */
  | ({ readonly kind: 'denied'; readonly instance: InstanceId } & Denial)
  /** A server says that it is lost though the session lives: it is offered anew by `renew`. */
  | { readonly kind: 'disowned'; readonly instance: InstanceId; readonly server: string }
  /** `turned-away`: a server takes no session of us for now; its address is tried again. */
  | {
      readonly kind: 'lost' | 'refused' | 'turned-away';
      readonly server: string;
      readonly reason: string;
    }
  | { readonly kind: 'refused-by-all'; readonly refusal: Refusal };

/** The parts of a registry. */
export interface RegistryOptions {
  readonly contacts: Contacts;
  readonly timers: ClientTimers;
  readonly report: (report: ClientReport) => void;
  readonly now: () => number;
}

interface Held {
  readonly registration: Registration;
  readonly key: InstanceKey;
}

interface Pending {
  readonly kind: 'register' | 'deregister';
  readonly contact: Contact;
  readonly instance: InstanceId;
  readonly service: Name;
}

/** The registrations of one client. */
export class Registry {
  readonly #options: RegistryOptions;
  readonly #held = new Map<InstanceId, Held>();
  readonly #leaving = new Set<InstanceId>();
  readonly #pending = new Map<number, Pending>();
  /** Which instances each server has refused. */
  readonly #denied = new Map<Contact, Set<InstanceId>>();
  #request = 0;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** Whether nothing is held and nothing is being given up. */
  isEmpty(): boolean {
    return this.#held.size === 0 && this.#leaving.size === 0;
  }

  register({ instance, key }: Identity, offer: Offered): void {
    this.#put({ registration: { ...offer, instance, revision: 1 }, key });
  }

  /** The new one is there before the old one goes: a lookup finds one of them. */
  renew(instance: InstanceId, identity: Identity): void {
    const held = this.#held.get(instance);
    if (held === undefined) return;
    this.register(identity, held.registration);
    this.deregister(instance, { cause: 'replaced' });
  }

  update(instance: InstanceId, change: Partial<Offered>): void {
    const held = this.#held.get(instance);
    if (held === undefined) return;
    const { registration, key } = held;
    const revision = registration.revision + 1;
    this.#put({ registration: { ...registration, ...change, instance, revision }, key });
  }

  /**
   * A server tells its new address: an offer without an address of its own moves there, too. A
   * server that lost its address, and has it again, moves no offer.
   */
  readdress(contact: Contact, host: string): void {
    const { server } = contact;
    const [before = ''] = server?.facts.addresses ?? [];
    if (server === null || hostPartOf(before) === host) return;
    const address = bracketed(host) + before.slice(before.lastIndexOf(':'));
    contact.server = { ...server, facts: { ...server.facts, addresses: [address] } };
    for (const { registration } of [...this.#held.values()]) {
      if (registration.address === '') this.update(registration.instance, {});
    }
  }

  deregister(instance: InstanceId, { cause, detail }: Ending): void {
    const held = this.#held.get(instance);
    if (held === undefined) return;
    this.#held.delete(instance);
    this.#leaving.add(instance);
    for (const contact of this.#options.contacts.in('open')) {
      this.#forgive(contact, instance);
      const { registration, key } = held;
      const { service } = registration;
      const request = this.#expect({ kind: 'deregister', contact, instance, service });
      const because = detail === undefined ? {} : { detail: detailOf(detail) };
      const message = { kind: 'deregister', request, instance, cause, key, ...because } as const;
      this.#options.contacts.send(contact, message);
    }
    this.#options.timers.set(leaveTimer(instance), this.#options.now() + LEAVE_MS, () => {
      this.#becomeGone(instance);
    });
    this.#maybeGone(instance);
  }

  deregisterAll(ending: Ending): void {
    for (const instance of [...this.#held.keys()]) this.deregister(instance, ending);
  }

  /** Puts everything on a session that has just opened. */
  sendAll(contact: Contact): void {
    for (const held of this.#held.values()) this.#send(contact, held);
  }

  /** A session is lost, and with it its open answers. */
  release(contact: Contact): void {
    this.#denied.delete(contact);
    for (const [request, pending] of [...this.#pending]) {
      if (pending.contact === contact) this.#pending.delete(request);
    }
    for (const instance of [...this.#leaving]) this.#maybeGone(instance);
  }

  handleDone(contact: Contact, done: MessageOf<'done'>): void {
    const pending = this.#take(done.request);
    if (pending === undefined) return;
    const { instance, service } = pending;
    if (pending.kind === 'deregister') this.#maybeGone(instance);
    else if (this.#held.has(instance)) {
      const server = nameOf(contact);
      this.#options.report({ kind: 'registered', instance, service, server });
    }
  }

  handleDenial(contact: Contact, error: MessageOf<'error'>): void {
    const pending = error.request === undefined ? undefined : this.#take(error.request);
    if (pending === undefined) return;
    if (pending.kind === 'deregister') this.#maybeGone(pending.instance);
    else if (this.#held.has(pending.instance)) {
      const denial = denialOf(error);
      const { reason } = denial;
      this.#options.report({ kind: 'refused', server: nameOf(contact), reason });
      contact.denial = { ...denial, isOurs: false };
      this.#noteDenied(contact, pending.instance, denial);
    }
  }

  handleDisowned(contact: Contact, instance: InstanceId): void {
    if (!this.#held.has(instance)) return;
    this.#options.report({ kind: 'disowned', instance, server: nameOf(contact) });
  }

  #noteDenied(contact: Contact, instance: InstanceId, denial: Denial): void {
    const denied = this.#denied.get(contact) ?? new Set();
    this.#denied.set(contact, denied.add(instance));
    const open = this.#options.contacts.in('open');
    if (open.every((other) => this.#denied.get(other)?.has(instance) === true)) {
      this.#options.report({ kind: 'denied', instance, ...denial });
    }
  }

  /** An offer that was refused is made anew, or is made no more. */
  #forgive(contact: Contact, instance: InstanceId): void {
    const denied = this.#denied.get(contact);
    if (denied?.delete(instance) === true && denied.size === 0) contact.denial = null;
  }

  #put(held: Held): void {
    this.#held.set(held.registration.instance, held);
    for (const contact of this.#options.contacts.in('open')) this.#send(contact, held);
  }

  #send(contact: Contact, { registration, key }: Held): void {
    const { instance, service } = registration;
    this.#forgive(contact, instance);
    const request = this.#expect({ kind: 'register', contact, instance, service });
    this.#options.contacts.send(contact, { kind: 'register', request, registration, key });
  }

  #expect(pending: Pending): number {
    this.#request += 1;
    this.#pending.set(this.#request, pending);
    return this.#request;
  }

  #take(request: number): Pending | undefined {
    const pending = this.#pending.get(request);
    this.#pending.delete(request);
    return pending;
  }

  #maybeGone(instance: InstanceId): void {
    for (const pending of this.#pending.values()) {
      if (pending.kind === 'deregister' && pending.instance === instance) return;
    }
    this.#becomeGone(instance);
  }

  #becomeGone(instance: InstanceId): void {
    this.#options.timers.cancel(leaveTimer(instance));
    if (this.#leaving.delete(instance)) this.#options.report({ kind: 'deregistered', instance });
  }
}

function nameOf(contact: Contact): string {
  return contact.server?.facts.name ?? contact.address;
}

function leaveTimer(instance: InstanceId): `leave ${string}` {
  return `leave ${instance}`;
}

/** Giving up waits no longer than this for acknowledgements. */
const LEAVE_MS = 2_000;
