// A client inside its server: a session over calls, in the messages of the protocol. The invariant:
// every question gets one whole answer, whatever happens to the session, and an answer is never
// changed. A list that came in one part is handed on as the core's own list, so that its ready
// bytes are found again.

import { PROTOCOL_VERSIONS } from '../../protocol/constants.ts';
import type { InstanceId, Name } from '../../protocol/ids.ts';
import type { Message, MessageOf } from '../../protocol/messages.ts';
import type { Cancel } from '../machine/runtime.ts';
import type { InnerConnection } from '../machine/inner-connections.ts';
import type { DoorContext } from './door.ts';

type Asking = 'lookup' | 'list' | 'peers' | 'status' | 'history' | 'register' | 'deregister';

/** What may be asked: a message without the number of its request. */
export type InnerQuestion = { [K in Asking]: Omit<MessageOf<K>, 'request'> }[Asking];

/** The result: the answer, all its parts in one; a refusal of the core; or nothing any more. */
export type InnerAnswer =
  | Extract<Message, { kind: Listed['kind'] | 'report' | 'done' }>
  | { readonly kind: 'refused'; readonly reason: string; readonly error: number }
  | { readonly kind: 'lost' };

/** The speaker, and its callbacks. */
export interface InnerSessionOptions {
  readonly context: DoorContext;
  readonly transport: 'inside' | 'http';
  /** What it speaks for, in words for people. */
  readonly remote: string;
  /** The server is about to stop. */
  readonly onGoaway?: () => void;
  /** An instance of it is gone, though it was not given up here. */
  readonly onLost?: (instance: InstanceId) => void;
  /** The core has ended the session. */
  readonly onClosed?: () => void;
}

interface Pending {
  readonly done: (answer: InnerAnswer) => void;
  readonly parts: (readonly unknown[])[];
}

/** One session. */
export class InnerSession {
  readonly #options: InnerSessionOptions;
  readonly #connection: InnerConnection;
  readonly #pending = new Map<number, Pending>();
  readonly #watches = new Map<number, (change: MessageOf<'change'>) => void>();
  /** Questions from before the session was open. */
  #early: Message[] | null = [];
  #isOpen = true;
  #requestsCount = 0;

  constructor(options: InnerSessionOptions) {
    const { context, transport, remote } = options;
    this.#options = options;
    const received = context.guard((message: Message) => {
      this.#receive(message);
    });
    const closed = context.guard(() => {
      this.#end();
      options.onClosed?.();
    });
    const greetings: Message[] = [];
    let take = (message: Message): void => void greetings.push(message);
    this.#connection = context.server.connect({
      transport,
      remote,
      received: (message) => {
        take(message);
      },
      closed,
    });
    take = received;
    for (const message of greetings) received(message);
  }

  /** Whether the session is open. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Asks; the answer mostly comes before this returns. */
  ask(question: InnerQuestion, done: (answer: InnerAnswer) => void): void {
    if (!this.#isOpen) {
      done({ kind: 'lost' });
      return;
    }
    this.#requestsCount += 1;
    const request = this.#requestsCount;
    this.#pending.set(request, { done, parts: [] });
    this.#send({ ...question, request });
  }

  /** Watches a service until that is cancelled. Refusals go to `onRefused`. */
  watch(
    { service, known = [] }: { readonly service: Name; readonly known?: readonly InstanceId[] },
    onChange: (change: MessageOf<'change'>) => void,
    onRefused: (reason: string) => void,
  ): Cancel {
    if (!this.#isOpen) return () => undefined;
    this.#requestsCount += 1;
    const request = this.#requestsCount;
    this.#watches.set(request, onChange);
    const done = (answer: InnerAnswer): void => {
      if (answer.kind === 'refused') onRefused(answer.reason);
    };
    this.#pending.set(request, { done, parts: [] });
    this.#send({ kind: 'watch', request, service, known });
    return () => {
      this.#pending.delete(request);
      if (this.#watches.delete(request)) this.#send({ kind: 'unwatch', request });
    };
  }

  /** Ends it. Open questions get no answer. */
  close(reason: string): void {
    this.#isOpen = false;
    this.#pending.clear();
    this.#watches.clear();
    this.#connection.close(reason);
  }

  #send(message: Message): void {
    if (this.#early === null) this.#connection.send(message);
    else this.#early.push(message);
  }

  #receive(message: Message): void {
    switch (message.kind) {
      case 'welcome':
        this.#greet();
        break;
      case 'goaway':
        this.#options.onGoaway?.();
        break;
      case 'lost':
        this.#options.onLost?.(message.instance);
        break;
      case 'change':
        this.#watches.get(message.request)?.(message);
        break;
      case 'error':
        this.#refuse(message);
        break;
      default:
        this.#take(message);
    }
  }

  /** A door ignores all else: signs of life, and that a sibling is up. */
  #take(message: Message): void {
    if (isListed(message)) this.#gather(message);
    else if (message.kind === 'report' || message.kind === 'done') {
      this.#settle(message.request, message);
    }
  }

  #refuse({ request, reason, error }: MessageOf<'error'>): void {
    if (request !== undefined) this.#settle(request, { kind: 'refused', reason, error });
  }

  #greet(): void {
    const { environment } = this.#options.context.server;
    const [protocol = 1] = PROTOCOL_VERSIONS;
    const early = this.#early ?? [];
    this.#early = null;
    this.#connection.send({ kind: 'hello', protocol, role: 'client', environment });
    for (const message of early) this.#connection.send(message);
  }

  #gather(part: Listed): void {
    const pending = this.#pending.get(part.request);
    if (pending === undefined) return;
    const rows = rowsOf(part);
    if (part.more) pending.parts.push(rows);
    else if (pending.parts.length === 0) this.#settle(part.request, part);
    else this.#settle(part.request, withRows(part, joined([...pending.parts, rows])));
  }

  #settle(request: number, answer: InnerAnswer): void {
    const pending = this.#pending.get(request);
    this.#pending.delete(request);
    pending?.done(answer);
  }

  #end(): void {
    this.#isOpen = false;
    this.#watches.clear();
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    for (const { done } of lost) done({ kind: 'lost' });
  }
}

/** Where the rows of each answer in parts are. */
const ROWS = {
  instances: 'instances',
  services: 'services',
  servers: 'servers',
  events: 'rows',
} as const;

type Listed = Extract<Message, { readonly kind: keyof typeof ROWS }>;

function isListed(message: Message): message is Listed {
  return Object.hasOwn(ROWS, message.kind);
}

function rowsOf(part: Listed): readonly unknown[] {
  return (part as unknown as Readonly<Record<string, readonly unknown[]>>)[ROWS[part.kind]] ?? [];
}

function withRows(part: Listed, rows: readonly unknown[]): InnerAnswer {
  return { ...part, [ROWS[part.kind]]: rows };
}

/** All parts in one list: the same one, as long as the parts are the same. */
function joined(parts: readonly (readonly unknown[])[]): readonly unknown[] {
  const [first = []] = parts;
  const known = JOINED.get(first);
  const isSame = known?.parts.every((part, index) => part === parts[index]) === true;
  if (isSame && known.parts.length === parts.length) return known.rows;
  const rows = parts.flat();
  JOINED.set(first, { parts, rows });
  return rows;
}

interface Joined {
  readonly parts: readonly (readonly unknown[])[];
  readonly rows: readonly unknown[];
}

const JOINED = new WeakMap<object, Joined>();
