// The base of every core of a client: its contacts, inputs in, effects out, one next deadline, a
// beginning and an end. The invariant: the first input begins its life, whatever it is, and after
// `close` neither inputs nor time have any effect.

import type { Message } from '../../protocol/messages.ts';
import type { Close } from '../effect.ts';
import { Timers } from '../kit/timers.ts';
import type { Contact, ContactLoss, ContactsOptions } from './contacts.ts';
import { Contacts } from './contacts.ts';
import type { ClientEffect, DenialAt, Refusal } from './effect.ts';
import type { ClientTimers } from './timers.ts';

/** Where a client finds servers. */
type Search = Pick<ContactsOptions, 'environment' | 'addresses' | 'isOwnHost'>;

/** A core that takes inputs `I` and reports `R`. */
export abstract class ClientBase<I extends { readonly nowMs: number }, R> {
  protected readonly timers: ClientTimers = new Timers();
  protected readonly contacts: Contacts;
  /** The time of the input that is being handled. */
  protected nowMs = 0;
  #effects: ClientEffect<R>[] = [];
  #hasBegun = false;
  #isOver = false;

  constructor({ environment, addresses, isOwnHost }: Search) {
    this.contacts = new Contacts({
      environment,
      addresses,
      isOwnHost,
      timers: this.timers,
      emit: (effect) => {
        this.#emit(effect);
      },
      listener: {
        onOpen: (contact) => {
          this.handleOpen(contact);
        },
        onLost: (contact, loss) => {
          this.handleLost(contact, loss);
        },
        onRefused: (contact, refusal) => {
          this.handleRefused(contact, refusal);
        },
        onMessage: (contact, message) => {
          this.handleMessage(contact, message);
        },
      },
    });
  }

  /** Takes in an input and returns its effects. The first input begins its life. */
  step(input: I): ClientEffect<R>[] {
    this.nowMs = input.nowMs;
    if (!this.#isOver) this.#live(input);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** When `step` wants a `deadline`, in milliseconds; Infinity for never. */
  nextDeadlineMs(): number {
    if (this.#isOver) return Infinity;
    return this.#hasBegun ? this.timers.nextMs() : 0;
  }

  /**
   * Why the addresses where somebody is give no session, or refuse an offer: the latest of each. That
   * this side gave somebody up counts until it tries again. A server with a session counts once.
   */
  denials(): readonly DenialAt[] {
    const origins = new Set(this.contacts.in('open').map(({ server }) => server?.origin));
    return this.contacts.all.flatMap(({ address, state, server, refusal, denial }) => {
      if (refusal !== null) {
        const { why, reason } = refusal;
        return [{ address, why, reason, isOurs: false }];
      }
      const isTwin = state !== 'open' && server !== null && origins.has(server.origin);
      const isTriedAgain = denial?.isOurs === true && state !== 'idle';
      return denial === null || isTwin || isTriedAgain ? [] : [{ address, ...denial }];
    });
  }

  /** Its life begins. */
  protected abstract begin(): void;

  /** Handles an input, and at the right point all timers that are due at its time. */
  protected abstract handle(input: I): void;

  /** What happens to contacts: see `ContactListener`. */
  protected abstract handleOpen(contact: Contact): void;
  protected abstract handleLost(contact: Contact, loss: ContactLoss): void;
  protected abstract handleRefused(contact: Contact, refusal: Refusal): void;
  protected abstract handleMessage(contact: Contact, message: Message): void;

  protected report(report: R): void {
    this.#emit({ kind: 'report', report });
  }

  /** Ends what there is with every contact, and its life, which it does once. */
  protected close(why: Close['why']): void {
    this.dropAll(why);
    if (this.#isOver) return;
    this.#isOver = true;
    this.#emit({ kind: 'stopped' });
  }

  protected dropAll(why: Close['why']): void {
    for (const contact of this.contacts.all) this.contacts.drop(contact, why);
  }

  #emit(effect: ClientEffect<R>): void {
    this.#effects.push(effect);
  }

  #live(input: I): void {
    const lateMs = input.nowMs - this.timers.nextMs();
    if (lateMs > LATE_MS) this.contacts.giveTime(lateMs);
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.begin();
    }
    this.handle(input);
  }
}

/**
 * A timer that is later than this says that the process was stopped or starved: what it waits for may
 * have come meanwhile.
 */
const LATE_MS = 100;
