// The connection of the HTTP door's handlers to their server: one session for questions, others for
// streams, and the limit of those. The invariant: a session that is lost is replaced with the next
// question, and a stream counts until it is over.

import { GlobError, globOf } from '../../answers/glob.ts';
import { streamFormOf } from '../../doors/http/events.ts';
import type { Keepable } from '../../doors/http/kept.ts';
import { KeptAnswers } from '../../doors/http/kept.ts';
import { HTTP_LIMITS } from '../../doors/http/limits.ts';
import type { lookupAnswerOf } from '../../core/server/tally.ts';
import type { DoorContext, DoorServer } from './door.ts';
import type { Exchange, HttpStream, Rendered } from './http-exchange.ts';
import type { InnerAnswer, InnerQuestion, InnerSessionOptions } from './inner-session.ts';
import { InnerSession } from './inner-session.ts';
import { Knowledge } from './knowledge.ts';
import { ToldInstances } from './told-instances.ts';

/** A stream, and its questions to the core. */
export interface HttpReading {
  readonly session: InnerSession;
  readonly stream: HttpStream;
}

/** The instances of a service, ready to be answered again. */
export interface KeptAnswer extends Keepable {
  readonly etag: string;
  readonly full: Rendered;
  /** The answer for a client that has it already. */
  readonly unchanged: Rendered;
  /** Its result, as it is counted. */
  readonly finding: ReturnType<typeof lookupAnswerOf>;
}

/** The key for the kind of a stream's lines. */
type EventKey = 'event' | 'change';

/** The inside of one door. */
export class HttpInside {
  readonly context: DoorContext;
  readonly server: DoorServer;
  /** Whether what was answered is still right. */
  readonly knowledge: Knowledge;
  readonly kept: KeptAnswers<KeptAnswer>;
  /** The instances that filtered watches were told of. */
  readonly told = new ToldInstances();
  #session: InnerSession | null = null;
  readonly #streams = new Set<Exchange>();

  constructor(context: DoorContext) {
    this.context = context;
    this.server = context.server;
    this.knowledge = new Knowledge(context.server);
    const { runtime } = context.server;
    this.kept = new KeptAnswers({
      random: () => runtime.random(),
      nowMs: () => runtime.nowMs(),
    });
  }

  /** The present streams. */
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

  /** A session for a stream; null at the limit, which is answered here. */
  openStream(
    exchange: Exchange,
    more: Partial<Omit<InnerSessionOptions, 'context' | 'remote'>> = {},
  ): InnerSession | null {
    if (this.#streams.size >= STREAMS_MAX) {
      const reason = `the limit is ${String(STREAMS_MAX)} streams: end some, or use the other server of this host`;
      exchange.failAtLimit('http-streams', reason);
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

  /**
   * Begins a stream, in the form that its reader accepts; null if there is none, and the answer is
   * given here: for HEAD, and at the limit. `onEnd` is called once, when it has no reader any more.
   */
  openReading(
    exchange: Exchange,
    { key, onEnd }: { readonly key: EventKey; readonly onEnd: () => void },
  ): HttpReading | null {
    const form = streamFormOf(exchange.header('accept'));
    if (exchange.isForHead) {
      exchange.streamHead(form);
      return null;
    }
    let stream: HttpStream | null = null;
    const session = this.openStream(
      exchange,
      this.farewells(key, () => stream),
    );
    if (session === null) return null;
    stream = exchange.stream(form, () => {
      onEnd();
      session.close('the stream has ended');
    });
    return { session, stream };
  }

  /** Tells a stream, once there is one, that the server stops, and ends it with its session. */
  farewells(
    key: EventKey,
    streamOf: () => HttpStream | null,
  ): Pick<InnerSessionOptions, 'onGoaway' | 'onClosed'> {
    return {
      onGoaway: () => {
        const { other } = this.server.ways;
        streamOf()?.event('goaway', { [key]: 'goaway', other });
      },
      onClosed: () => streamOf()?.end(),
    };
  }

  /**
   * A function that tells whether a name matches a pattern; a text says what is wrong with the
   * pattern.
   */
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

/** Of 4,096 connections: clients that only ask must still find room. */
const { max: STREAMS_MAX } = HTTP_LIMITS['http-streams'];
