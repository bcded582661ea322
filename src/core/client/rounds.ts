// When the addresses of this host are tried: in rounds, all sockets first, then the ports. A
// missing socket and a closed port cost microseconds, so a round comes every 300 ms at most for as
// long as a session is lacking: that is how a sidecar is back within half a second of a server's
// start. The invariant: when no further session is possible, nothing is dialled; and no port is
// dialled while every session was opened by a socket.

import { Backoff, BACKOFF_BASE_MS } from '../kit/backoff.ts';
import type { Contact, Contacts } from './contacts.ts';
import { isSocketPath, LOCAL_CAP_MS } from './contacts.ts';
import type { ClientTimers } from './timers.ts';

/** The parts of rounds. */
export interface RoundsOptions {
  readonly contacts: Contacts;
  readonly timers: ClientTimers;
  readonly random: () => number;
  /** The most sessions that there can be. */
  readonly sessionsMax: number;
  readonly now: () => number;
}

/** The rounds over the addresses of this host. */
export class Rounds {
  readonly #options: RoundsOptions;
  readonly #backoff: Backoff;
  #arePortsDue = false;

  constructor(options: RoundsOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.random, BACKOFF_BASE_MS, LOCAL_CAP_MS);
  }

  /** Whether the server that is or was at this address has a session at another one. */
  isTwin(contact: Contact): boolean {
    const { server } = contact;
    if (server === null) return false;
    return this.#options.contacts
      .in('open')
      .some((other) => other !== contact && other.server?.origin === server.origin);
  }

  /** Tries every address of this host that has no session. */
  begin(): void {
    const { contacts, timers } = this.#options;
    if (!this.#hasLocal()) return;
    timers.cancel('round');
    this.#arePortsDue = true;
    for (const contact of this.#idle()) {
      if (isSocketPath(contact.address)) contacts.dial(contact);
    }
    this.#armPorts();
    this.#armNext();
    this.advance();
  }

  /** A session is lost: the next round comes soon, but not at once. */
  beginSoon(): void {
    this.#backoff.reset();
    this.#armNext();
  }

  /** An address has an outcome; when all sockets have one, the ports have their turn. */
  advance(): void {
    const { contacts, timers, sessionsMax } = this.#options;
    const underWay = contacts.in('dialling', 'greeting');
    const areSocketsKnown = !underWay.some(({ address }) => isSocketPath(address));
    if (areSocketsKnown && this.#arePortsDue) this.#dialPorts();
    const isMore = this.#hasLocal() && contacts.in('open').length < sessionsMax;
    if (isMore && !this.#areAllMet() && !timers.has('round')) this.#armNext();
  }

  #hasLocal(): boolean {
    const { contacts } = this.#options;
    return contacts.all.some((contact) => contacts.isLocal(contact));
  }

  #armPorts(): void {
    const { contacts, timers, now } = this.#options;
    timers.set('ports', now() + PORTS_AFTER_MS, () => {
      // The kernel has answered by now; we have not come to read it.
      const isLate = contacts.in('dialling').some(({ address }) => isSocketPath(address));
      if (isLate) this.#armPorts();
      else this.#dialPorts();
    });
  }

  /** Sockets that took us have a server each; while that is silent its port is no better. */
  #dialPorts(): void {
    if (this.#areAllMet()) return;
    this.#arePortsDue = false;
    this.#options.timers.cancel('ports');
    for (const contact of this.#idle()) {
      if (!isSocketPath(contact.address)) this.#options.contacts.dial(contact);
    }
  }

  #idle(): Contact[] {
    const { contacts, sessionsMax } = this.#options;
    if (contacts.in('open').length >= sessionsMax) return [];
    return contacts.in('idle').filter((one) => contacts.isLocal(one) && !this.isTwin(one));
  }

  #armNext(): void {
    const { timers, now } = this.#options;
    timers.set('round', now() + this.#backoff.nextDelayMs(), () => {
      // With a socket met for each session it is theirs to say what comes next: see `advance`.
      if (this.#areAllMet()) return;
      if (this.#idle().length > 0) this.begin();
      else if (this.#isLacking()) this.#armNext();
    });
  }

  #areAllMet(): boolean {
    const { contacts, sessionsMax } = this.#options;
    const met = contacts.in('greeting', 'open').filter(({ address }) => isSocketPath(address));
    return met.length >= sessionsMax;
  }

  #isLacking(): boolean {
    const { contacts, sessionsMax } = this.#options;
    const open = contacts.in('open').length;
    return open < sessionsMax && contacts.in('dialling', 'greeting').length > 0;
  }
}

/** Sockets answer within a millisecond; one that does not must not hold up the ports. */
const PORTS_AFTER_MS = 100;
