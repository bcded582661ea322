// A service's side: a session with every server of the host (or with every one that was named), and
// on each the same registrations. The invariant: every offer is sent on every session as soon as
// that opens, under the same instance id and with its key. Addresses of this host are tried in
// rounds, sockets before ports, so that the session is where the kernel reports a death; other
// addresses each by itself.

import type { Identity, InstanceId, Name } from '../../protocol/ids.ts';
import type { Message } from '../../protocol/messages.ts';
import { Backoff, BACKOFF_BASE_MS, BACKOFF_CAP_ALONE_MS, BACKOFF_CAP_MS } from '../kit/backoff.ts';
import { ClientBase } from './base.ts';
import type { ConnectionInput, Refusal, Stop } from './effect.ts';
import type { Contact, IsOwnHost, ContactLoss } from './contacts.ts';
import { Liveness } from './liveness.ts';
import type { ClientReport, Ending, Offered } from './registry.ts';
import { Registry } from './registry.ts';
import { Rounds } from './rounds.ts';

/** What the embedder wants. */
export type ClientCommand = { readonly nowMs: number } & (
  | { readonly kind: 'register'; readonly identity: Identity; readonly offer: Offered }
  /** The offer goes on under another identity: a server has said that the instance is lost. */
  | { readonly kind: 'renew'; readonly instance: InstanceId; readonly identity: Identity }
  | { readonly kind: 'update'; readonly instance: InstanceId; readonly change: Partial<Offered> }
  | ({ readonly kind: 'deregister'; readonly instance: InstanceId } & Ending)
);

/** Everything that can happen to a client. */
export type ClientInput = ConnectionInput | ClientCommand | Stop;

/** The settings of one client. */
export interface ClientCoreOptions {
  readonly environment: Name;
  /** If two lead to one server, the session uses the one that answers first. */
  readonly addresses: readonly string[];
  /** The most sessions that there can be; Infinity if that is not known. */
  readonly sessionsMax: number;
  readonly random: () => number;
  readonly isOwnHost?: IsOwnHost;
  /** Whether silence ends sessions over a UNIX socket, as it does over TCP. */
  readonly areSocketsJudged?: boolean;
}

/** A client without sockets. */
export class ClientCore extends ClientBase<ClientInput, ClientReport> {
  readonly #liveness: Liveness;
  readonly #registry: Registry;
  readonly #rounds: Rounds;
  readonly #options: ClientCoreOptions;
  readonly #backoffs = new Map<Contact, Backoff>();
  /** The latest denial that was reported of each contact. */
  readonly #toldDenials = new Map<Contact, string>();
  /** Contacts whose first dial has finished, successfully or not. */
  readonly #tried = new Set<Contact>();
  #isStopping = false;
  #hasSurrendered = false;

  constructor(options: ClientCoreOptions) {
    super(options);
    this.#options = options;
    const { timers, contacts } = this;
    const isJudged = ({ transport }: Contact): boolean =>
      transport === 'tcp' || options.areSocketsJudged === true;
    this.#liveness = new Liveness({ contacts, timers, isJudged });
    const report = this.report.bind(this);
    this.#registry = new Registry({ contacts, timers, report, now: () => this.nowMs });
    this.#rounds = new Rounds({ ...options, contacts, timers, now: () => this.nowMs });
  }

  protected override begin(): void {
    this.#dialNow();
  }

  protected override handle(input: ClientInput): void {
    this.#liveness.wake(input.nowMs);
    switch (input.kind) {
      case 'register':
        this.#registry.register(input.identity, input.offer);
        break;
      case 'renew':
        this.#registry.renew(input.instance, input.identity);
        break;
      case 'update':
        this.#registry.update(input.instance, input.change);
        break;
      case 'deregister':
        this.#registry.deregister(input.instance, input);
        break;
      case 'stop':
        this.#isStopping = true;
        this.#registry.deregisterAll({ cause: 'deregistered' });
        break;
      default:
        this.contacts.handle(input);
    }
    this.timers.runDue(input.nowMs);
    if (this.#isStopping && this.#registry.isEmpty()) this.close('stopped');
  }

  /** There is news: a server may be where there was none. */
  #dialNow(): void {
    this.#rounds.begin();
    for (const contact of this.contacts.in('idle')) {
      if (this.contacts.isLocal(contact) || this.#rounds.isTwin(contact)) continue;
      this.#backoffs.get(contact)?.reset();
      this.timers.cancel(redialTimer(contact));
      this.contacts.dial(contact);
    }
  }

  protected override handleOpen(contact: Contact): void {
    if (this.#rounds.isTwin(contact)) this.contacts.drop(contact, 'unneeded');
    else {
      this.#liveness.begin(contact);
      this.#registry.sendAll(contact);
    }
    this.#note(contact);
  }

  protected override handleLost(contact: Contact, loss: ContactLoss): void {
    this.#registry.release(contact);
    this.#tellDenial(contact, loss);
    if (loss.from === 'open' && !loss.isTurnedAway) {
      const server = contact.server?.facts.name ?? contact.address;
      this.report({ kind: 'lost', server, reason: loss.reason });
      if (this.nowMs - contact.openedMs >= HELD_MS) this.#backoffs.get(contact)?.reset();
    }
    if (loss.from === 'open') this.#redialOthers(contact);
    this.#note(contact);
    if (!this.contacts.isLocal(contact)) this.#redialLater(contact);
    else if (loss.from === 'open' && !loss.isTurnedAway) this.#rounds.beginSoon();
  }

  /** A server that turns us away is asked again and again: it is reported once for each reason. */
  #tellDenial(contact: Contact, { isTurnedAway, reason }: ContactLoss): void {
    if (contact.isTaken) this.#toldDenials.delete(contact);
    if (!isTurnedAway || this.#toldDenials.get(contact) === reason) return;
    this.#toldDenials.set(contact, reason);
    this.report({ kind: 'turned-away', server: contact.address, reason });
  }

  /**
   * The other addresses of a lost server were not tried while it had a session; and an address that
   * may wait for minutes while there is another session may not when there is none.
   */
  #redialOthers(lost: Contact): void {
    for (const contact of this.contacts.in('idle')) {
      if (contact === lost || this.contacts.isLocal(contact)) continue;
      const isTwin = contact.server?.origin === lost.server?.origin;
      const isWaiting = this.timers.has(redialTimer(contact));
      if (isTwin || (isWaiting && this.#isAlone())) this.#redialLater(contact);
    }
  }

  #isAlone(): boolean {
    return this.contacts.in('open').length === 0;
  }

  #redialLater(contact: Contact): void {
    let backoff = this.#backoffs.get(contact);
    backoff ??= new Backoff(this.#options.random, BACKOFF_BASE_MS);
    this.#backoffs.set(contact, backoff);
    const capMs = this.#isAlone() ? BACKOFF_CAP_ALONE_MS : BACKOFF_CAP_MS;
    this.timers.set(redialTimer(contact), this.nowMs + backoff.nextDelayMs(capMs), () => {
      if (contact.state === 'idle' && !this.#rounds.isTwin(contact)) this.contacts.dial(contact);
    });
  }

  protected override handleRefused(contact: Contact, { reason }: Refusal): void {
    this.report({ kind: 'refused', server: contact.address, reason });
    this.#registry.release(contact);
    this.#note(contact);
  }

  protected override handleMessage(contact: Contact, message: Message): void {
    switch (message.kind) {
      case 'done':
        this.#registry.handleDone(contact, message);
        return;
      case 'error':
        this.#registry.handleDenial(contact, message);
        return;
      case 'address':
        if (message.address !== undefined) this.#registry.readdress(contact, message.address);
        return;
      case 'lost':
        this.#registry.handleDisowned(contact, message.instance);
        return;
      case 'sibling':
      case 'goaway':
        this.#dialNow();
        return;
      default:
    }
  }

  /** A contact has an outcome; when all have one, and all are refusals, reports that once. */
  #note(contact: Contact): void {
    this.#tried.add(contact);
    this.#rounds.advance();
    if (this.#hasSurrendered || !this.#isAlone()) return;
    const [refusal] = this.contacts.all.flatMap((one) => one.refusal ?? []);
    if (refusal === undefined || this.#tried.size < this.contacts.all.length) return;
    this.#hasSurrendered = true;
    this.report({ kind: 'refused-by-all', refusal });
  }
}

function redialTimer(contact: Contact): `redial ${string}` {
  return `redial ${contact.address}`;
}

/** A session that held for so long was a good one: its address begins again at short delays. */
const HELD_MS = 10_000;
