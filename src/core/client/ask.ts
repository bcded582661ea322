// One question to the first server that answers. Addresses are tried in their order; the next one
// is tried as well after a quarter of a second of silence, and at once when one fails. The
// invariant: the outcome is "none" or "cannot tell" only after every server in reach was asked,
// because one that has just started must never make a lookup miss an instance.

import type { InstanceId, Name, OriginId } from '../../protocol/ids.ts';
import type { Message, MessageOf } from '../../protocol/messages.ts';
import type { Facts } from '../../protocol/records.ts';
import type { ConnectionInput, Denial, Refusal, Stop } from './effect.ts';
import { denialOf } from './effect.ts';
import type { Contact, ContactLoss } from './contacts.ts';
import { ClientBase } from './base.ts';
import type { Wanted } from './matching.ts';
import { isWanted } from './matching.ts';

/** What may be asked. */
export type Question =
  | { readonly kind: 'lookup'; readonly service: Name; readonly wanted: Wanted }
  | { readonly kind: 'list' | 'status' }
  | { readonly kind: 'peers'; readonly all?: boolean }
  | { readonly kind: 'forget'; readonly host: Name; readonly token: InstanceId }
  | Omit<MessageOf<'history'>, 'request'>;

/** An answer, its parts put together. */
export type Answer = Extract<
  Message,
  { readonly kind: 'instances' | 'services' | 'servers' | 'report' | 'done' | 'events' }
>;

/** An address, and why there was no answer from it. */
export interface Attempt {
  readonly address: string;
  readonly reason: string;
  /**
   * Whether a program is there that does not greet as a server does: another one, or a server that
   * hangs.
   */
  readonly isStranger?: true;
}

/** An answer, and its server. */
export interface Answered {
  readonly answer: Answer;
  readonly facts: Facts;
  readonly origin: OriginId;
  readonly address: string;
}

/** The outcome of a question. */
export type Outcome =
  | ({ readonly kind: 'answered' } & Answered)
  /** The server refused the question, or it is too old to understand it. */
  | ({ readonly kind: 'denied'; readonly address: string } & Denial)
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** There was a server, and it gave no answer. */
  | { readonly kind: 'unanswered'; readonly attempts: readonly Attempt[] }
  | { readonly kind: 'unreachable'; readonly attempts: readonly Attempt[] };

/** The settings of one question. */
export interface AskOptions {
  readonly environment: Name;
  /** In the order in which they are tried. */
  readonly addresses: readonly string[];
  readonly question: Question;
  /** For the whole answer. */
  readonly timeoutMs: number;
}

/** One question, from the first dial to the outcome. */
export class Ask extends ClientBase<ConnectionInput | Stop, Outcome> {
  readonly #options: AskOptions;
  readonly #parts = new Map<Contact, Answer>();
  readonly #reasons = new Map<Contact, string>();
  /** Addresses where a program said something else than a greeting. */
  readonly #strangers = new Set<Contact>();
  readonly #untried: Contact[];
  #best: Answered | null = null;
  /** Servers whose answer is in, or on its way. */
  readonly #asked = new Map<OriginId, Contact>();
  #wasConnected = false;
  #isFinished = false;

  constructor(options: AskOptions) {
    super(options);
    this.#options = options;
    this.#untried = [...this.contacts.all];
  }

  protected override begin(): void {
    this.timers.set('timeout', this.nowMs + this.#options.timeoutMs, () => {
      this.#conclude();
    });
    this.#tryNext();
  }

  protected override handle(input: ConnectionInput | Stop): void {
    if (input.kind === 'stop') this.close('unneeded');
    else this.contacts.handle(input);
    this.timers.runDue(input.nowMs);
  }

  #tryNext(): void {
    const next = this.#untried.shift();
    if (next === undefined) {
      this.#maybeConclude();
      return;
    }
    this.contacts.dial(next);
    this.#wait();
  }

  /** A server that says something is not silent: the next is not asked yet. */
  #wait(): void {
    this.timers.set('patience', this.nowMs + NEXT_ASKED_MS, () => {
      if (this.#untried.length > 0) this.#tryNext();
    });
  }

  protected override handleOpen(contact: Contact): void {
    const origin = contact.server?.origin;
    const other = origin === undefined ? undefined : this.#asked.get(origin);
    if (other !== undefined && !this.#reasons.has(other)) {
      this.#fail(contact, `it is the server at ${other.address}`);
      return;
    }
    if (origin !== undefined) this.#asked.set(origin, contact);
    this.#wasConnected = true;
    this.contacts.send(contact, messageOf(this.#options.question));
    this.#wait();
  }

  protected override handleLost(contact: Contact, loss: ContactLoss): void {
    if (loss.from === 'greeting' && loss.isOurs) {
      // A socket is a server's own: one that is silent hangs.
      const isMute = contact.denial?.why === 'handshake-timeout';
      if (isMute && contact.transport === 'unix') this.#wasConnected = true;
      else this.#strangers.add(contact);
    }
    this.#fail(contact, loss.reason);
  }

  protected override handleRefused(contact: Contact, { reason }: Refusal): void {
    this.#fail(contact, reason);
  }

  protected override handleMessage(contact: Contact, message: Message): void {
    if (message.kind === 'error') {
      this.#handleDenial(contact, message);
      return;
    }
    if (!isAnswer(message) || message.request !== REQUEST || contact.server === null) return;
    const answer = joined(this.#parts.get(contact), message);
    this.#parts.set(contact, answer);
    this.#wait();
    if ('more' in message && message.more) return;
    const { address, server } = contact;
    this.#parts.delete(contact);
    this.contacts.drop(contact, 'unneeded');
    if (this.#isBetter(answer)) this.#best = { ...server, answer, address };
    if (this.#rank(answer) === RANK_ENOUGH) this.#conclude();
    else this.#tryAll();
  }

  #handleDenial(contact: Contact, error: MessageOf<'error'>): void {
    const { kind } = this.#options.question;
    const { address } = contact;
    const { why, reason } = denialOf(error);
    const isTooOld = why === 'unknown-message';
    if (kind === 'forget' && !isTooOld) {
      this.#finish({ kind: 'denied', address, why, reason });
      return;
    }
    const old = `the server is older than this program, and does not know ${kind}`;
    contact.denial = { why, reason: isTooOld ? old : reason, isOurs: false };
    this.#fail(contact, contact.denial.reason);
  }

  /** Other servers may know what this one does not. */
  #tryAll(): void {
    for (const contact of this.#untried.splice(0)) this.contacts.dial(contact);
    this.#maybeConclude();
  }

  #fail(contact: Contact, reason: string): void {
    this.#reasons.set(contact, reason);
    this.#parts.delete(contact);
    this.contacts.drop(contact, 'unneeded');
    this.#tryNext();
  }

  #maybeConclude(): void {
    if (this.contacts.in('dialling', 'greeting', 'open').length > 0) return;
    if (this.#best === null || !this.#isUnsynced(this.#best.answer)) this.#conclude();
    else {
      this.timers.set('again', this.nowMs + AGAIN_MS, () => {
        this.#askAgain();
      });
    }
  }

  /** No server knows yet: one that has only just started, or its sibling, soon will. */
  #askAgain(): void {
    this.#asked.clear();
    this.#reasons.clear();
    this.#strangers.clear();
    this.#untried.push(...this.contacts.in('idle'));
    this.#tryNext();
  }

  #conclude(): void {
    // A server greets first. A silent program at a port may be any program; a socket is a server's
    // own.
    const [silent, hanging] = this.#silent();
    for (const contact of silent) this.#strangers.add(contact);
    const attempts = this.contacts.all.map((contact) => ({
      address: contact.address,
      reason: this.#reasons.get(contact) ?? (silent.includes(contact) ? SILENT : LATE),
      ...(this.#strangers.has(contact) ? { isStranger: true as const } : {}),
    }));
    const [refusal] = this.contacts.all.flatMap((contact) => contact.refusal ?? []);
    const denial = this.denials().find(({ isOurs }) => !isOurs);
    if (this.#best !== null) this.#finish({ kind: 'answered', ...this.#best });
    else if (refusal !== undefined) this.#finish({ kind: 'refused', refusal });
    else if (denial !== undefined) {
      const { address, why, reason } = denial;
      this.#finish({ kind: 'denied', address, why, reason });
    } else if (this.#wasConnected || hanging.length > 0) {
      this.#finish({ kind: 'unanswered', attempts });
    } else this.#finish({ kind: 'unreachable', attempts });
  }

  /** The addresses that accepted and have not greeted: ports, and sockets. */
  #silent(): readonly [ports: Contact[], sockets: Contact[]] {
    const all = this.contacts.in('greeting');
    const isSocket = ({ transport }: Contact): boolean => transport === 'unix';
    return [all.filter((contact) => !isSocket(contact)), all.filter(isSocket)];
  }

  #finish(outcome: Outcome): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.report(outcome);
    this.close('unneeded');
  }

  /** A server that knows why it finds none beats one that does not know anything yet. */
  #isBetter(answer: Answer): boolean {
    if (this.#best === null) return true;
    const more = this.#rank(answer) - this.#rank(this.#best.answer);
    return more > 0 || (more === 0 && this.#isUnsynced(this.#best.answer));
  }

  /** Whether nothing is found, and only because the server does not know everything yet. */
  #isUnsynced(answer: Answer): boolean {
    return this.#rank(answer) === RANK_CANNOT_TELL && whyOf(answer) === 'unsynced';
  }

  /**
   * The higher, the better: live beats stale, stale beats none, complete beats incomplete. For the
   * history each server is asked, and the answer that reaches back further counts.
   */
  #rank(answer: Answer): number {
    if (answer.kind === 'services') return rankOf(answer.services.length > 0, answer.complete);
    if (answer.kind === 'events') return -1 / (1 + answer.reachesBackMs);
    if (answer.kind !== 'instances') return RANK_ENOUGH;
    const { question } = this.#options;
    const wanted = question.kind === 'lookup' ? question.wanted : {};
    const found = answer.instances.filter((instance) => isWanted(instance, wanted));
    const isLive = found.some((instance) => instance.state !== 'stale');
    return found.length > 0 && !isLive ? RANK_STALE : rankOf(isLive, answer.complete);
  }
}

const SILENT = 'it accepts connections and says nothing';
const LATE = 'it did not answer in time';

/** Why the view behind an answer is not complete. A server too old to say so misses no host then. */
function whyOf(answer: Answer): string | undefined {
  if (!('missing' in answer)) return undefined;
  return answer.why ?? (answer.missing.length === 0 ? 'unsynced' : undefined);
}

function rankOf(isFound: boolean, isComplete: boolean): number {
  if (isFound) return isComplete ? RANK_ENOUGH : RANK_ENOUGH - 1;
  return isComplete ? RANK_CANNOT_TELL + 1 : RANK_CANNOT_TELL;
}

function messageOf(question: Question): Message {
  switch (question.kind) {
    case 'lookup':
      return { kind: 'lookup', request: REQUEST, service: question.service };
    case 'forget':
    case 'history':
      return { ...question, request: REQUEST };
    case 'peers':
      return { kind: 'peers', request: REQUEST, ...(question.all === true ? { all: true } : {}) };
    default:
      return { kind: question.kind, request: REQUEST };
  }
}

function isAnswer(message: Message): message is Answer {
  return ANSWERS.has(message.kind);
}

/** The parts so far with one more, which knows best whether the view is complete. */
export function joined<A extends Answer>(before: A | undefined, part: A): A {
  if (before?.kind !== part.kind) return part;
  const join = JOINS[part.kind] as (before: Answer, part: Answer) => Answer;
  return join(before, part) as A;
}

type AnswerOf<K extends Answer['kind']> = Extract<Answer, { readonly kind: K }>;

/** How two parts of an answer become one. */
const JOINS: {
  readonly [K in Answer['kind']]: (before: AnswerOf<K>, part: AnswerOf<K>) => AnswerOf<K>;
} = {
  instances: (before, part) => ({ ...part, instances: [...before.instances, ...part.instances] }),
  services: (before, part) => ({ ...part, services: [...before.services, ...part.services] }),
  servers: (before, part) => {
    const servers = [...before.servers, ...part.servers];
    if (part.gone === undefined) return { ...part, servers };
    return { ...part, servers, gone: [...(before.gone ?? []), ...part.gone] };
  },
  events: (before, part) => ({ ...part, rows: [...before.rows, ...part.rows] }),
  report: (_, part) => part,
  done: (_, part) => part,
};

/** A server that is silent for this long is not waited for: the next is asked as well. */
const NEXT_ASKED_MS = 250;

/** The pause before every server is asked once more. */
const AGAIN_MS = 50;

/** There is one question on a connection. */
const REQUEST = 1;

/** Nothing is found, and the view is not complete. */
const RANK_CANNOT_TELL = 0;

const RANK_STALE = 2;

/** No other server can do better. */
const RANK_ENOUGH = 4;

const ANSWERS: ReadonlySet<string> = new Set([
  'instances',
  'services',
  'servers',
  'report',
  'done',
  'events',
] satisfies Answer['kind'][]);
