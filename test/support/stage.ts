// A core on a stage: its inputs are given by hand, under virtual time, and its effects are kept for
// a look. No sockets, no clock; a server is a few messages.

import type { Stop, ClientEffect, ConnectionInput } from '../../src/core/client/effect.ts';
import type { ConnectionId, Transport } from '../../src/core/input.ts';
import type { InstanceId, Name, OriginId } from '../../src/protocol/ids.ts';
import type { Message } from '../../src/protocol/messages.ts';
import type { Instance } from '../../src/protocol/records.ts';

/** A core of the client's side. */
interface Core<I, R> {
  step(input: I): ClientEffect<R>[];
  nextDeadlineMs(): number;
}

type Untimed<I> = I extends { readonly nowMs: number } ? Omit<I, 'nowMs'> : never;

/** Plays the world to one core. */
export class Stage<R, I extends { readonly nowMs: number } = ConnectionInput | Stop> {
  nowMs = 1_000;
  dialled: string[] = [];
  sent: { connection: ConnectionId; message: Message }[] = [];
  closed: ConnectionId[] = [];
  reports: R[] = [];
  isStopped = false;
  readonly #core: Core<I, R>;
  #connection = 0;

  constructor(core: Core<I, R>) {
    this.#core = core;
    this.pass(0);
  }

  /** Something happens now. */
  give(input: Untimed<I>): void {
    this.#step({ ...input, nowMs: this.nowMs } as unknown as I);
  }

  /** Time passes, deadlines included. */
  pass(milliseconds: number): void {
    const endMs = this.nowMs + milliseconds;
    for (let next = this.#core.nextDeadlineMs(); next <= endMs;) {
      this.nowMs = Math.max(this.nowMs, next);
      this.#step({ kind: 'deadline', nowMs: this.nowMs } as unknown as I);
      next = this.#core.nextDeadlineMs();
    }
    this.nowMs = endMs;
  }

  /** Time passes in which this process does not run: due timers fire at the end. */
  sleep(milliseconds: number): void {
    this.nowMs += milliseconds;
    this.pass(0);
  }

  /** A dial succeeds; nothing is said yet. */
  connect(address: string, transport: Transport = 'tcp'): ConnectionId {
    this.#connection += 1;
    const connection = this.#connection;
    const opened = { kind: 'opened', connection, remote: address, dialled: address, transport };
    this.give(opened as unknown as Untimed<I>);
    return connection;
  }

  /** A dial succeeds and the server greets. */
  greet(address: string, server: Partial<Server> = {}): ConnectionId {
    const connection = this.connect(address, server.transport ?? 'tcp');
    this.hear(connection, welcomeOf(server));
    return connection;
  }

  /** A message arrives. */
  hear(connection: ConnectionId, message: Message): void {
    this.give({ kind: 'received', connection, message } as unknown as Untimed<I>);
  }

  /** A dial fails. */
  fail(address: string, reason = 'connection refused'): void {
    this.give({ kind: 'undialled', address, reason } as unknown as Untimed<I>);
  }

  /** The other end closes. */
  close(connection: ConnectionId): void {
    this.give({ kind: 'closed', connection, reason: 'closed' } as unknown as Untimed<I>);
  }

  /** The messages on a connection, handshake and signs of life apart, since the last call. */
  take(connection: ConnectionId): Message[] {
    const taken = this.sent.filter((one) => one.connection === connection);
    this.sent = this.sent.filter((one) => one.connection !== connection);
    return taken.map(({ message }) => message).filter(({ kind }) => !QUIET.has(kind));
  }

  /** The addresses dialled since the last call. */
  takeDialled(): string[] {
    return this.dialled.splice(0);
  }

  /** The reports since the last call. */
  takeReports(): R[] {
    return this.reports.splice(0);
  }

  #step(input: I): void {
    for (const effect of this.#core.step(input)) {
      if (effect.kind === 'dial') this.dialled.push(effect.address);
      else if (effect.kind === 'close') this.closed.push(effect.connection);
      else if (effect.kind === 'report') this.reports.push(effect.report);
      else if (effect.kind === 'stopped') this.isStopped = true;
      else {
        for (const connection of effect.connections) {
          this.sent.push({ connection, message: effect.message });
        }
      }
    }
  }
}

/** The facts of a server on the stage. */
export interface Server {
  readonly environment: string;
  /** One digit: it stands for the whole id. */
  readonly origin: string;
  readonly host: string;
  readonly transport: Transport;
  /** Where others reach it. */
  readonly addresses: readonly string[];
}

/** The first message of a server. */
export function welcomeOf(server: Partial<Server>): Message {
  const { environment = 'testing', origin = '1', host = 'h1', addresses = [] } = server;
  return {
    kind: 'welcome',
    protocols: [2],
    environment: environment as Name,
    origin: origin.repeat(32) as OriginId,
    facts: {
      name: `${host}-${origin}` as Name,
      host: host as Name,
      cluster: 'c1' as Name,
      side: 'a',
      role: 'leaf',
      addresses: [...addresses],
    },
  };
}

/** An instance of service `db`; one digit stands for its id. */
export function instanceOf(
  digit: string,
  given: Partial<Instance> & { revision?: number; tags?: Record<string, string> } = {},
): Instance {
  const { host = 'h1', cluster = 'c1', state = 'live', revision = 1, tags = {} } = given;
  return {
    registration: {
      instance: digit.repeat(32) as InstanceId,
      revision,
      service: 'db' as Name,
      address: '10.0.0.1',
      port: 5432,
      scheme: null,
      tags: Object.entries(tags).map(([key, value]) => ({ key: key as Name, value })),
    },
    host: host as Name,
    cluster: cluster as Name,
    state,
  };
}

const QUIET: ReadonlySet<string> = new Set(['hello', 'ping', 'pong']);
