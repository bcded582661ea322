// One server core on a stage: its neighbours and clients are played by hand, under virtual time.
// A neighbour's messages are true by construction: the stage numbers the entries of every log.

import type { Effect } from '../../src/core/effect.ts';
import type { ConnectionId, Transport, Input } from '../../src/core/input.ts';
import type { NoticeName } from '../../src/core/notices.ts';
import type { ServerOptions } from '../../src/core/server/options.ts';
import { Server } from '../../src/core/server/server.ts';
import type { State } from '../../src/core/server/state.ts';
import type { InstanceId, InstanceKey, Name, OriginId } from '../../src/protocol/ids.ts';
import type { Arrived, Message, MessageOf } from '../../src/protocol/messages.ts';
import type { Entry, Facts, Loss, Registration } from '../../src/protocol/records.ts';

type Untimed<I> = I extends { readonly nowMs: number } ? Omit<I, 'nowMs'> : never;

/** The facts of a server; the rest follows from its digit. */
export interface Peer {
  readonly host?: string;
  readonly cluster?: string;
  readonly role?: Facts['role'];
  readonly side?: Facts['side'];
  readonly address?: string;
}

/** Plays the world to one server, whose own origin has the digit 0. */
export class ServerStage {
  nowMs = 1_000;
  readonly server: Server;
  dialled: string[] = [];
  closed: { connection: ConnectionId; why: string }[] = [];
  notices: { name: NoticeName; fields: Readonly<Record<string, string | number>> }[] = [];
  /** The connections that the server does not read for now. */
  readonly paused = new Set<ConnectionId>();
  isStopped = false;
  /** It stopped because of a bug of ours. */
  hasFailed = false;
  #sent: { connection: ConnectionId; message: Message }[] = [];
  readonly #sequences = new Map<string, number>();
  readonly #lively = new Set<ConnectionId>();
  #connection = 0;
  #beatMs = 0;

  /** `Core` may be a server with a planted bug. */
  constructor(given: Peer & Partial<ServerOptions> = {}, Core = Server) {
    this.server = new Core(serverOptions(given));
    this.give({ kind: 'deadline' });
    this.pass(0);
  }

  get state(): Readonly<State> {
    return this.server.state;
  }

  /** Something happens now. */
  give(input: Untimed<Input>): void {
    for (const effect of this.server.step({ ...input, nowMs: this.nowMs })) {
      this.#perform(effect);
    }
  }

  /** Time passes; connections that are kept alive give signs of life. */
  pass(milliseconds: number): void {
    const endMs = this.nowMs + milliseconds;
    for (;;) {
      const nextMs = Math.min(this.server.nextDeadlineMs(), this.#beatMs);
      if (nextMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      if (nextMs === this.#beatMs) {
        this.#beatMs = this.nowMs + 300;
        for (const connection of this.#lively) this.hear(connection, { kind: 'ping' });
      } else {
        this.give({ kind: 'deadline' });
      }
    }
    this.nowMs = endMs;
  }

  /** Time passes in which the server does not run; the next input finds it so. */
  sleep(milliseconds: number): void {
    this.nowMs += milliseconds;
    this.#beatMs = this.nowMs;
  }

  /** A connection to the server opens. */
  accept(transport: Transport = 'tcp', remote = 'remote'): ConnectionId {
    return this.#open({ remote, dialled: null, transport });
  }

  /** A dial of the server succeeds. */
  reach(address: string): ConnectionId {
    const transport = address.includes('/') ? 'unix' : 'tcp';
    return this.#open({ remote: address, dialled: address, transport });
  }

  /** A client with its session. */
  client(transport: Transport = 'tcp'): ConnectionId {
    const connection = this.accept(transport);
    const environment = 'testing' as Name;
    this.hear(connection, { kind: 'hello', protocol: 2, role: 'client', environment });
    this.#lively.add(connection);
    return connection;
  }

  /** A neighbour has dialled, shaken hands and named its links: this server, and more. */
  neighbour(digit: string, peer: Peer = {}, others = ''): ConnectionId {
    const connection = this.accept('tcp', factsOf(digit, peer).addresses[0]);
    const origin = originOf(digit);
    const facts = factsOf(digit, peer);
    const environment = 'testing' as Name;
    this.hear(connection, { kind: 'hello', protocol: 2, role: 'peer', environment, origin, facts });
    this.#lively.add(connection);
    this.digest(connection);
    this.tell(connection, digit, { kind: 'facts', facts }, ...ups(`0${others}`));
    this.want(connection);
    return connection;
  }

  /** A neighbour that has everything, and relies on this server for new entries. */
  want(from: ConnectionId): void {
    const lines = [...this.state.origins.values()].map(({ id, log }) => {
      return { origin: id, sequence: log.sequence };
    });
    this.hear(from, { kind: 'want', lines });
  }

  /** An origin further away, as a neighbour passes it on. */
  origin(from: ConnectionId, digit: string, peer: Peer & { readonly links: string }): void {
    const facts = factsOf(digit, peer);
    this.tell(from, digit, { kind: 'facts', facts }, ...ups(peer.links));
  }

  digest(from: ConnectionId, given: Partial<MessageOf<'digest'>> = {}): void {
    const lines: MessageOf<'digest'>['lines'] = [];
    const digest = { complete: true, missing: [], lines, goodbyes: [], more: false };
    this.hear(from, { kind: 'digest', ...digest, ...given });
  }

  /** The next entries of an origin's log arrive on a link. */
  tell(from: ConnectionId, digit: string, ...entries: Entry[]): void {
    const sequence = this.#sequences.get(digit) ?? 0;
    this.#sequences.set(digit, sequence + entries.length);
    const batch = { origin: originOf(digit), first: sequence + 1, entries };
    this.hear(from, { kind: 'entries', batches: [batch] });
  }

  /** The sequence that an origin's log is at. */
  sequenceOf(digit: string): number {
    return this.#sequences.get(digit) ?? 0;
  }

  hear(connection: ConnectionId, message: Message): void {
    this.give({ kind: 'received', connection, message });
  }

  /** The other end closes. */
  close(connection: ConnectionId): void {
    this.#lively.delete(connection);
    this.give({ kind: 'closed', connection, reason: 'closed' });
  }

  /** The other end gives signs of life from now on. */
  keep(connection: ConnectionId): void {
    this.#lively.add(connection);
  }

  /** The other end falls silent. */
  hush(...connections: ConnectionId[]): void {
    for (const connection of connections) this.#lively.delete(connection);
  }

  /** All that was sent and not taken yet, to whom, in the order in which it was sent. */
  takeAll(): { connection: ConnectionId; message: Message }[] {
    const taken = this.#sent;
    this.#sent = [];
    return taken;
  }

  /** The messages on a connection since the last call, signs of life apart. */
  take(connection: ConnectionId): Message[] {
    const taken = this.#sent.filter((one) => one.connection === connection);
    this.#sent = this.#sent.filter((one) => one.connection !== connection);
    return taken.map(({ message }) => message).filter(({ kind }) => kind !== 'ping');
  }

  /** The stamps of the pings that ask for an answer, of those that are not taken yet. */
  pings(connection: ConnectionId): number[] {
    const stamps = this.#sent.flatMap(({ connection: to, message }) =>
      to === connection && message.kind === 'ping' ? (message.stamp ?? []) : [],
    );
    this.take(connection);
    return stamps;
  }

  /** The names of the notices since the last call. */
  takeNotices(): NoticeName[] {
    return this.notices.splice(0).map(({ name }) => name);
  }

  standingOf(digit: string): string | undefined {
    return this.state.origins.get(originOf(digit))?.standing;
  }

  /** The states of the instances of service `db`, by the digit of the instance. */
  instances(): Record<string, string> {
    const rows = this.state.catalogue.instancesOf('db');
    return Object.fromEntries(rows.map((row) => [row.registration.instance.charAt(0), row.state]));
  }

  #open(given: { remote: string; dialled: string | null; transport: Transport }): ConnectionId {
    this.#connection += 1;
    const connection = this.#connection;
    this.give({ kind: 'opened', connection, ...given });
    return connection;
  }

  #perform(effect: Effect): void {
    if (effect.kind === 'dial') this.dialled.push(effect.address);
    else if (effect.kind === 'notice') this.notices.push(effect.notice);
    else if (effect.kind === 'stopped') {
      this.isStopped = true;
      this.hasFailed = effect.isFailure === true;
    } else if (effect.kind === 'close') {
      this.#lively.delete(effect.connection);
      this.closed.push({ connection: effect.connection, why: effect.why });
    } else if (effect.kind !== 'send') {
      if (effect.kind === 'pause') this.paused.add(effect.connection);
      else this.paused.delete(effect.connection);
    } else {
      for (const connection of effect.connections) {
        this.#sent.push({ connection, message: effect.message });
      }
    }
  }
}

/** The options of the server of digit 0: it knows no other, and nothing is random. */
export function serverOptions(given: Peer & Partial<ServerOptions> = {}): ServerOptions {
  return {
    environment: 'testing' as Name,
    origin: originOf('0'),
    facts: factsOf('0', given),
    peers: [],
    siblings: [],
    heartbeatMs: 400,
    silenceMs: 1_200,
    graceMs: 500,
    splitHoldMs: 900_000,
    instanceOf: plainInstanceOf,
    random: () => 0.5,
    ...given,
  };
}

/** An origin's id, by its digit. */
export function originOf(digit: string): OriginId {
  return digit.repeat(32) as OriginId;
}

/** An instance's id, by its digit. */
export function instanceIdOf(digit: string): InstanceId {
  return digit.repeat(32) as InstanceId;
}

/** On a stage a key and its id are the same digits: what is no hash costs nothing. */
export function plainInstanceOf(key: InstanceKey): InstanceId {
  return key as string as InstanceId;
}

/** The key of an instance on a stage. */
export function keyOf(instance: InstanceId): InstanceKey {
  return instance as string as InstanceKey;
}

/** Most clients have the key of what they speak of, which a generator does not find by chance. */
export function withKey(message: Arrived): Arrived {
  if (message.kind !== 'register' && message.kind !== 'deregister') return message;
  const { instance } = message.kind === 'register' ? message.registration : message;
  return message.key.startsWith('3') ? message : { ...message, key: keyOf(instance) };
}

/** The message of a client on a stage that registers. */
export function registerOf(request: number, registration: Registration): MessageOf<'register'> {
  return { kind: 'register', request, registration, key: keyOf(registration.instance) };
}

/** The facts of a server: of host `h` and the digit unless told. */
export function factsOf(digit: string, peer: Peer = {}): Facts {
  const { host = `h${digit}`, cluster = 'c1', role = 'leaf', side = 'a' } = peer;
  return {
    name: `${host}-${side}` as Name,
    host: host as Name,
    cluster: cluster as Name,
    side,
    role,
    addresses: [peer.address ?? `10.0.0.${String(Number.parseInt(digit, 36))}:17310`],
  };
}

/** A registration of service `db`. */
export function registrationOf(digit: string, given: Partial<Registration> = {}): Registration {
  return {
    instance: instanceIdOf(digit),
    revision: 1,
    service: 'db' as Name,
    address: '10.0.0.9',
    port: 5432,
    scheme: null,
    tags: [],
    ...given,
  };
}

export function put(digit: string, given: Partial<Registration> = {}): Entry {
  return { kind: 'put', registration: registrationOf(digit, given) };
}

export function up(digit: string): Entry {
  return { kind: 'up', peer: originOf(digit) };
}

export function down(digit: string, loss: Loss): Entry {
  return { kind: 'down', peer: originOf(digit), loss };
}

function ups(digits: string): Entry[] {
  return digits.split('').map(up);
}
