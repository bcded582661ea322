// What the handlers of the HTTP door have of their server: one session for questions, others for what
// lasts, and how many of those there may be. The invariant: a session that is lost is replaced with
// the next question, and what lasts is counted until it is over.

import { GlobError, globOf } from '../../answers/glob.ts';
import { HTTP_LIMITS } from '../../doors/http/limits.ts';
import type { DoorContext, DoorServer } from './door.ts';
import type { Exchange } from './http-exchange.ts';
import type { InnerAnswer, InnerQuestion, InnerSessionOptions } from './inner-session.ts';
import { InnerSession } from './inner-session.ts';

/** The inside of one door. */
export class HttpInside {
  readonly context: DoorContext;
  readonly server: DoorServer;
  #session: InnerSession | null = null;
  readonly #streams = new Set<Exchange>();

  constructor(context: DoorContext) {
    this.context = context;
    this.server = context.server;
  }

  /** What lasts now. */
  get streams(): Iterable<Exchange> {
    return this.#streams;
  }

  /** Asks the core; the answer mostly comes before this returns. */
  ask(exchange: Exchange, question: InnerQuestion, done: (answer: InnerAnswer) => void): void {
    if (this.#session?.isOpen !== true) {
      const { context } = this;
      this.#session = new InnerSession({ context, transport: 'inside', remote: 'the HTTP door' });
    }
    this.#session.ask(question, exchange.guarded(done));
  }

  /** A session for what lasts as long as an answer; null at the limit, of which is told. */
  openStream(
    exchange: Exchange,
    onLimit: (reason: string) => void,
    more: Partial<Omit<InnerSessionOptions, 'context' | 'remote'>> = {},
  ): InnerSession | null {
    if (this.#streams.size >= STREAMS_MAX) {
      exchange.noteLimit('http-streams');
      onLimit(`the limit is ${String(STREAMS_MAX)} streams: end some, or use the other server`);
      return null;
    }
    this.#streams.add(exchange);
    exchange.onClose(() => {
      this.#streams.delete(exchange);
    });
    const context: DoorContext = { ...this.context, guard: (act) => exchange.guarded(act) };
    const { remote } = exchange;
    return new InnerSession({ context, transport: 'inside', remote, ...more });
  }

  /** Tells whether a name matches a pattern; a text says what is wrong with that. */
  matcher(pattern: string): ((name: string) => boolean) | string {
    try {
      return globOf(pattern);
    } catch (error) {
      if (error instanceof GlobError) return `the pattern ${pattern} ${error.message}`;
      throw error;
    }
  }

  /** Ends the session for questions. */
  close(): void {
    this.#session?.close('the HTTP door is closed');
  }
}

/** Of 4,096 connections: whoever only asks must still find room. */
const { max: STREAMS_MAX } = HTTP_LIMITS['http-streams'];
