// A client's signs of life, and its patience with a server's. The invariant: a server is lost only
// for a silence that this process was awake to hear. When the timer fires late the process was
// stopped or starved, and everyone is given the time that it lost.

import { SESSION_HEARTBEAT_MS, SESSION_SILENCE_MS } from '../protocol/constants.ts';
import type { Contact, Contacts } from './client-contacts.ts';
import type { Timers } from './timers.ts';

/** What a client's liveness is made of. */
export interface LivenessOptions {
  readonly contacts: Contacts;
  readonly timers: Timers;
  /** Whether a session is judged by its silence, not by the kernel's close alone. */
  readonly isJudged: (contact: Contact) => boolean;
}

/** Pings open sessions and loses the silent ones. */
export class Liveness {
  readonly #options: LivenessOptions;
  #stamp = 0;

  constructor(options: LivenessOptions) {
    this.#options = options;
  }

  /** To be called when a session has opened. */
  begin(nowMs: number): void {
    const dueMs = nowMs + PING_MS;
    if (!this.#options.timers.has(TIMER)) this.#arm(dueMs);
  }

  /** Must be told the time of every input before anything else is done with it. */
  wake(nowMs: number): void {
    const lateMs = nowMs - this.#dueMs;
    if (!(lateMs > LATE_MS)) return;
    for (const contact of this.#judged()) {
      contact.heardMs = Math.min(nowMs, contact.heardMs + lateMs);
    }
    this.#dueMs = nowMs;
  }

  #dueMs = Infinity;

  #arm(dueMs: number): void {
    this.#dueMs = dueMs;
    this.#options.timers.set(TIMER, dueMs, () => {
      this.#tick(this.#dueMs);
    });
  }

  #tick(nowMs: number): void {
    this.#dueMs = Infinity;
    for (const contact of this.#judged()) {
      if (nowMs - contact.heardMs >= SESSION_SILENCE_MS) {
        this.#options.contacts.lose(contact, 'silent', 'it fell silent');
      } else {
        this.#stamp += 1;
        this.#options.contacts.send(contact, { kind: 'ping', stamp: this.#stamp });
      }
    }
    if (this.#judged().length > 0) this.#arm(nowMs + PING_MS);
  }

  #judged(): Contact[] {
    return this.#options.contacts.in('open').filter(this.#options.isJudged);
  }
}

const TIMER = 'liveness';

/** Twice as often as is asked for, so that one late timer is no silence. */
const PING_MS = SESSION_HEARTBEAT_MS / 2;

/** A timer that is later than this says that the process slept. */
const LATE_MS = 250;
