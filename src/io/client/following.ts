// One session of a server that tells what happened, for as long as somebody follows that. The
// invariant: a question ends with an answer or with null, whatever becomes of the server or of the
// interest in it; after `close` nothing of it is left.

import { Follower, type AskNext, type FollowReport } from '../../core/client/follower.ts';
import type { Answered } from '../../core/client/ask.ts';
import type { Stop } from '../../core/client/effect.ts';
import type { MessageOf } from '../../protocol/messages.ts';
import { drive, lockFor, type Driven } from './driver.ts';
import type { ClientOptions } from './options.ts';
import { environmentOf, timeoutMsOf } from './options.ts';

/** Whom to ask: one life of a server. */
export type Followed = Pick<Answered, 'origin' | 'address'>;

/** The session. It opens with the first question. */
export class Following {
  readonly server: Followed;
  readonly #options: ClientOptions;
  #driven: Driven<Stop | AskNext> | null = null;
  #isClosed = false;
  #answer: (events: MessageOf<'events'> | null) => void = () => undefined;

  constructor(server: Followed, options: ClientOptions) {
    this.server = server;
    this.#options = options;
    options.signal?.addEventListener('abort', this.#abort);
  }

  /** Null if the server is lost, is another one by now, or nobody wants to know any more. */
  async ask(question: AskNext['question']): Promise<MessageOf<'events'> | null> {
    if (this.#isClosed || this.#options.signal?.aborted === true) return null;
    this.#driven ??= this.#open();
    const answered = new Promise<MessageOf<'events'> | null>((resolve) => {
      this.#answer = resolve;
    });
    this.#driven.submit({ kind: 'next', question });
    return await answered;
  }

  close(): void {
    this.#isClosed = true;
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#driven?.submit({ kind: 'stop' });
    this.#answer(null);
  }

  readonly #abort = (): void => {
    this.close();
  };

  #open(): Driven<Stop | AskNext> {
    const environment = environmentOf(this.#options);
    const timeoutMs = timeoutMsOf(this.#options);
    return drive<Stop | AskNext, FollowReport>({
      core: new Follower({ environment, timeoutMs, ...this.server }),
      lock: lockFor(this.#options, environment),
      onReport: (report) => {
        this.#answer(report.kind === 'answered' ? report.events : null);
      },
    });
  }
}
