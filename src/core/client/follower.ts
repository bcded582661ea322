// Questions about what happened, one after the other, to one life of one server. The invariant: it
// is one session. Once that is lost, or the server at the address is another one, every question is
// answered by "lost", and nothing is dialled again: the caller has to look for another server.

import type { Name, OriginId } from '../../protocol/ids.ts';
import type { Message, MessageOf } from '../../protocol/messages.ts';
import { joined } from './ask.ts';
import { ClientBase } from './base.ts';
import type { Contact } from './contacts.ts';
import type { ConnectionInput, Stop } from './effect.ts';

/** The next question. */
export interface AskNext {
  readonly kind: 'next';
  readonly nowMs: number;
  readonly question: Omit<MessageOf<'history'>, 'request'>;
}

/** The answer to the latest question. */
export type FollowReport =
  { readonly kind: 'answered'; readonly events: MessageOf<'events'> } | { readonly kind: 'lost' };

/** Whom to ask. */
export interface FollowerOptions {
  readonly environment: Name;
  readonly address: string;
  readonly origin: OriginId;
  /** For each answer. */
  readonly timeoutMs: number;
}

/** A session of one server, for one question at a time. */
export class Follower extends ClientBase<ConnectionInput | Stop | AskNext, FollowReport> {
  readonly #options: FollowerOptions;
  #question: AskNext['question'] | null = null;
  #request = 0;
  #part: MessageOf<'events'> | undefined;
  #isLost = false;

  constructor(options: FollowerOptions) {
    super({ ...options, addresses: [options.address] });
    this.#options = options;
  }

  protected override begin(): void {
    for (const contact of this.contacts.all) this.contacts.dial(contact);
  }

  protected override handle(input: ConnectionInput | Stop | AskNext): void {
    if (input.kind === 'stop') this.close('unneeded');
    else if (input.kind === 'next') this.#ask(input);
    else this.contacts.handle(input);
    this.timers.runDue(input.nowMs);
  }

  #ask({ question }: AskNext): void {
    this.#question = question;
    if (this.#isLost) {
      this.report({ kind: 'lost' });
      return;
    }
    this.timers.set('timeout', this.nowMs + this.#options.timeoutMs, () => {
      this.#lose();
    });
    this.#send();
  }

  /**
   * Once the session is open and there is a question; late parts of an earlier answer are ignored.
   */
  #send(): void {
    const [contact] = this.contacts.in('open');
    if (contact === undefined || this.#question === null) return;
    this.#request += 1;
    this.#part = undefined;
    this.contacts.send(contact, { ...this.#question, request: this.#request });
  }

  protected override handleOpen({ server }: Contact): void {
    if (server?.origin === this.#options.origin) this.#send();
    else this.#lose();
  }

  protected override handleLost(): void {
    this.#lose();
  }

  protected override handleRefused(): void {
    this.#lose();
  }

  protected override handleMessage(_: Contact, message: Message): void {
    if (message.kind === 'error' && message.request === this.#request) this.#lose();
    if (message.kind !== 'events' || message.request !== this.#request) return;
    const events = joined(this.#part, message);
    this.#part = events;
    if (message.more) return;
    this.#question = null;
    this.timers.cancel('timeout');
    this.report({ kind: 'answered', events });
  }

  #lose(): void {
    this.#isLost = true;
    this.dropAll('unneeded');
    this.timers.cancel('timeout');
    if (this.#question !== null) this.report({ kind: 'lost' });
    this.#question = null;
  }
}
