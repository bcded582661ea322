// A client's signs of life, and how long it waits for a server's. The invariant: a server is lost
// only after a silence that began when a sign was due, and during which this process was awake.
// When the timer fires late the process was stopped or starved, and every server is allowed that
// much more time.

import { SESSION_HEARTBEAT_MS } from '../../protocol/constants.ts';
import type { Contact, Contacts } from './contacts.ts';
import type { ClientTimers } from './timers.ts';

/** The parts of a client's liveness. */
export interface LivenessOptions {
  readonly contacts: Contacts;
  readonly timers: ClientTimers;
  /** Whether silence ends a session, and not only the kernel's close. */
  readonly isJudged: (contact: Contact) => boolean;
}

/** Pings open sessions and loses the silent ones. */
export class Liveness {
  readonly #options: LivenessOptions;
  #nowMs = 0;
  /** When the next ping is due; Infinity while silence ends no session. */
  #dueMs = Infinity;

  constructor(options: LivenessOptions) {
    this.#options = options;
  }

  /** Must get the time of every input first of all. */
  wake(nowMs: number): void {
    this.#nowMs = nowMs;
    const lateMs = nowMs - this.#dueMs;
    if (lateMs <= LATE_MS) return;
    this.#dueMs = nowMs;
    for (const contact of this.#judged()) contact.heardMs += lateMs;
  }

  /** A session has opened. The first ping, at once, asks the server to judge this side as well. */
  begin(contact: Contact): void {
    if (!this.#options.isJudged(contact)) return;
    this.#ping(contact);
    if (this.#dueMs === Infinity) this.#arm();
  }

  #arm(): void {
    this.#dueMs = this.#nowMs + PING_MS;
    this.#options.timers.set('liveness', this.#dueMs, () => {
      this.#tick();
    });
  }

  #tick(): void {
    this.#dueMs = Infinity;
    for (const contact of this.#judged()) {
      if (this.#nowMs - contact.heardMs >= patienceMs(contact)) {
        this.#options.contacts.lose(contact, 'silent', 'it fell silent');
      } else {
        this.#ping(contact);
      }
    }
    if (this.#judged().length > 0) this.#arm();
  }

  /** The stamp is the time: its echo tells when the server has vouched. */
  #ping(contact: Contact): void {
    this.#options.contacts.send(contact, { kind: 'ping', stamp: Math.floor(this.#nowMs) });
  }

  #judged(): Contact[] {
    return this.#options.contacts.in('open').filter(this.#options.isJudged);
  }
}

/** Twice as often as required, so that one late timer is no silence. */
const PING_MS = SESSION_HEARTBEAT_MS / 2;

/**
 * A server that was heard a moment ago owes its next sign in a heartbeat; the silence counts from
 * then on. So a server that is busy for as long as a silence may last still finds its sessions.
 */
function patienceMs({ pace: { heartbeatMs, silenceMs } }: Contact): number {
  return heartbeatMs + silenceMs;
}

/** A timer that is later than this says that the process slept. */
const LATE_MS = 250;
