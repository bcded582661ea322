// Two honest servers with real cores, linked to each other, each with a client that is told what it
// asks for; and connections of liars to the first of them. No sockets: what is sent is encoded,
// measured and decoded, and arrives at once. The invariant: nothing is forgiven here; a fault, a frame
// that is too long or cannot be read, or an honest connection that is closed, is thrown.

import { equal, fail, ok } from 'node:assert/strict';
import type { Effect } from '../../src/core/effect.ts';
import type { ConnectionId, Input, Transport } from '../../src/core/input.ts';
import type { ServerOptions } from '../../src/core/server/options.ts';
import { Server } from '../../src/core/server/server.ts';
import { instanceOf } from '../../src/io/machine/instance-key.ts';
import { decodeMessage, encodeMessage } from '../../src/protocol/codec.ts';
import { FRAME_BYTES_MAX } from '../../src/protocol/constants.ts';
import { ProtocolError } from '../../src/protocol/errors.ts';
import type { InstanceKey, Name } from '../../src/protocol/ids.ts';
import type { Arrived, Message, MessageOf } from '../../src/protocol/messages.ts';
import type { Registration } from '../../src/protocol/records.ts';
import { prngOf } from '../sim/world/prng.ts';
import { originOf, registrationOf, serverOptions } from '../support/server-stage.ts';

type Untimed<I> = I extends { readonly nowMs: number } ? Omit<I, 'nowMs'> : never;

/** The other end of a connection. */
interface Far {
  readonly hear: (message: Message) => void;
  /** The server has closed it. */
  readonly closed: (why: string) => void;
}

/** A server, its connections, and an honest client of it. */
export interface Seat {
  readonly server: Server;
  readonly address: string;
  readonly fars: Map<ConnectionId, Far>;
  readonly registration: Registration;
  readonly client: ConnectionId;
  /** What the client was told and has not looked at. */
  readonly heard: Message[];
}

/** The servers, the time and all that is between them. */
export class Neighbourhood {
  nowMs = 1_000;
  readonly seats: readonly [Seat, Seat];
  /** The connections of liars to the first server, in the order in which they were opened. */
  readonly liars: ConnectionId[] = [];
  /** The events, for a search for new ones. */
  readonly names = new Set<string>();
  /** Since when the two are linked, and nothing was cut; Infinity if they are not. */
  wholeMs = Infinity;
  isCut = false;
  readonly #mail: (() => void)[] = [];
  /** What a cut holds back. */
  #stalled: (() => void)[] = [];
  #isDelivering = false;
  #connection = 0;
  #beatMs = 0;

  constructor(Core = Server) {
    this.seats = [this.#seat('0', Core), this.#seat('9', Core)];
    for (const seat of this.seats) this.#give(seat, { kind: 'deadline' });
    this.#deliver();
    for (const seat of this.seats) this.#settle(seat);
    this.passUntil(SETTLED_MS, () =>
      this.seats.every(({ server }) => server.state.view.isComplete),
    );
  }

  /** Somebody comes to the first server. */
  open(transport: Transport): ConnectionId {
    const [seat] = this.seats;
    this.#connection += 1;
    const connection = this.#connection;
    const remote = `10.3.0.1:${String(connection)}`;
    seat.fars.set(connection, { hear: () => undefined, closed: () => undefined });
    this.liars.push(connection);
    this.#give(seat, { kind: 'opened', connection, remote, dialled: null, transport });
    this.#deliver();
    return connection;
  }

  /** A liar says something. */
  say(connection: ConnectionId, message: Message): void {
    const [seat] = this.seats;
    if (!seat.fars.has(connection)) return;
    const { phase } = seat.server.state.connections.get(connection) ?? { phase: 'none' };
    this.names.add(`${phase} ${message.kind}`);
    try {
      this.#give(seat, { kind: 'received', connection, message: read(encodeMessage(message)) });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#give(seat, { kind: 'unreadable', connection, error });
    }
    this.#deliver();
  }

  /** A liar goes, or stops reading, or reads again. */
  happen(connection: ConnectionId, kind: 'closed' | 'congested' | 'drained'): void {
    const [seat] = this.seats;
    if (!seat.fars.has(connection)) return;
    if (kind === 'closed') seat.fars.delete(connection);
    if (kind === 'closed') this.liars.splice(this.liars.indexOf(connection), 1);
    const reason = 'closed by the other end';
    this.#give(seat, kind === 'closed' ? { kind, connection, reason } : { kind, connection });
    this.#deliver();
  }

  /** Time passes; liars and servers give signs of life. */
  pass(milliseconds: number): void {
    const endMs = this.nowMs + milliseconds;
    for (let rounds = 0; ; rounds += 1) {
      ok(rounds < 20 * (milliseconds + 100), 'a deadline is never done with');
      const due = Math.min(...this.seats.map(({ server }) => server.nextDeadlineMs()));
      const nextMs = Math.min(due, this.#beatMs);
      if (nextMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      if (nextMs === this.#beatMs) this.#beat();
      for (const seat of this.seats) {
        if (seat.server.nextDeadlineMs() <= this.nowMs) this.#give(seat, { kind: 'deadline' });
      }
      this.#deliver();
    }
    this.nowMs = endMs;
  }

  /** Time passes until something is so, or for so long. */
  passUntil(milliseconds: number, isSo: () => boolean): void {
    const endMs = this.nowMs + milliseconds;
    while (this.nowMs < endMs && !isSo()) this.pass(Math.min(LOOK_MS, endMs - this.nowMs));
  }

  /** Nothing passes between the two servers any more, or all of it again. */
  cut(isCut: boolean): void {
    this.isCut = isCut;
    this.wholeMs = Infinity;
    if (isCut) return;
    this.#mail.push(...this.#stalled);
    this.#stalled = [];
    this.#deliver();
  }

  /** What an honest client is answered to a lookup, and whether that is all. */
  answerAt(seat: Seat): MessageOf<'instances'>[] {
    const message: Message = { kind: 'lookup', request: 9, service: HONEST };
    this.#give(seat, { kind: 'received', connection: seat.client, message });
    this.#deliver();
    const heard = seat.heard.splice(0);
    return heard.filter((one): one is MessageOf<'instances'> => {
      if (one.kind === 'error' || one.kind === 'lost') fail(`an honest client hears ${one.kind}`);
      return one.kind === 'instances';
    });
  }

  #seat(digit: string, Core: typeof Server): Seat {
    const address = `10.0.0.${digit === '0' ? '100' : digit}:17310`;
    const key = digit.repeat(31).padEnd(32, 'e') as InstanceKey;
    this.#connection += 1;
    return {
      server: new Core(optionsOf(digit, address)),
      address,
      fars: new Map(),
      registration: registrationOf('0', { instance: instanceOf(key), service: HONEST }),
      client: this.#connection,
      heard: [],
    };
  }

  /** The honest client comes, registers and watches. */
  #settle(seat: Seat): void {
    const { client: connection, registration, heard, address } = seat;
    seat.fars.set(connection, {
      hear: (message) => heard.push(message),
      closed: (why) => fail(`the honest client of ${address} is closed: ${why}`),
    });
    const [digit = ''] = seat.server.state.self.id;
    const key = digit.repeat(31).padEnd(32, 'e') as InstanceKey;
    const opened = { kind: 'opened', remote: 'honest', dialled: null, transport: 'unix' } as const;
    this.#give(seat, { ...opened, connection });
    for (const message of [
      { kind: 'hello', protocol: 2, role: 'client', environment: ENVIRONMENT },
      { kind: 'register', request: 1, registration, key },
      { kind: 'watch', request: 2, service: HONEST, known: [] },
    ] as const) {
      this.#give(seat, { kind: 'received', connection, message });
      this.#deliver();
    }
  }

  #beat(): void {
    this.#beatMs = this.nowMs + BEAT_MS;
    for (const connection of [...this.liars]) this.say(connection, { kind: 'ping' });
  }

  #give(seat: Seat, input: Untimed<Input>): void {
    for (const effect of seat.server.step({ ...input, nowMs: this.nowMs })) {
      if (effect.kind !== 'send') this.names.add(`${input.kind} ${nameOf(effect)}`);
      this.#perform(seat, effect);
    }
    const [one, other] = this.seats;
    const isWhole = !this.isCut && hasLinkTo(one, other) && hasLinkTo(other, one);
    if (!isWhole) this.wholeMs = Infinity;
    else if (this.wholeMs === Infinity) this.wholeMs = this.nowMs;
  }

  #perform(seat: Seat, effect: Effect): void {
    switch (effect.kind) {
      case 'send': {
        const message = checked(effect.message);
        for (const connection of effect.connections) {
          const far = seat.fars.get(connection);
          this.#mail.push(() => far?.hear(message));
        }
        break;
      }
      case 'close': {
        const far = seat.fars.get(effect.connection);
        seat.fars.delete(effect.connection);
        const at = this.liars.indexOf(effect.connection);
        if (at >= 0 && seat === this.seats[0]) this.liars.splice(at, 1);
        this.#mail.push(() => far?.closed(effect.why));
        break;
      }
      case 'dial':
        this.#mail.push(() => {
          this.#dial(seat, effect.address);
        });
        break;
      case 'notice':
        if (effect.notice.name === 'fault') fail(String(effect.notice.fields.reason));
        break;
      case 'stopped':
        return fail('a server has ended');
      default:
        // What liars are kept from being read for is nothing here: they say what they say.
        break;
    }
  }

  #dial(seat: Seat, address: string): void {
    const other = this.seats.find((one) => one.address === address);
    if (other === undefined || other === seat || this.isCut) {
      this.#give(seat, { kind: 'undialled', address, reason: 'nobody is there' });
      return;
    }
    this.#connection += 2;
    const [ours, theirs] = [this.#connection - 1, this.#connection];
    seat.fars.set(ours, this.#wireTo(other, theirs));
    other.fars.set(theirs, this.#wireTo(seat, ours));
    const opened = { kind: 'opened', transport: 'tcp' } as const;
    this.#give(seat, { ...opened, connection: ours, remote: address, dialled: address });
    this.#give(other, { ...opened, connection: theirs, remote: seat.address, dialled: null });
  }

  /** The way to the other server, which a cut makes wait. */
  #wireTo(seat: Seat, connection: ConnectionId): Far {
    const arrive = (run: () => void): void => {
      if (this.isCut) this.#stalled.push(run);
      else if (seat.fars.has(connection)) run();
    };
    return {
      hear: (message) => {
        arrive(() => {
          if (!seat.fars.has(connection)) return;
          this.#give(seat, { kind: 'received', connection, message });
        });
      },
      closed: (why) => {
        const isForeseen = this.wholeMs === Infinity || FORESEEN.has(why);
        if (!isForeseen) fail(`the link of two honest servers is closed: ${why}`);
        arrive(() => {
          if (!seat.fars.delete(connection)) return;
          this.#give(seat, { kind: 'closed', connection, reason: 'closed by the other end' });
        });
      },
    };
  }

  #deliver(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    for (let count = 0; ; count += 1) {
      const run = this.#mail.shift();
      if (run === undefined) break;
      ok(count < MAIL_MAX, 'they never cease to answer each other');
      run();
    }
    this.#isDelivering = false;
  }
}

function hasLinkTo({ server }: Seat, other: Seat): boolean {
  return server.state.links.has(other.server.state.self.id);
}

/** A message as it arrives: it fits a frame, and can be read. */
function checked(message: Message): Message {
  const bytes = encodeMessage(message);
  ok(bytes.length <= FRAME_BYTES_MAX, `${message.kind}: ${String(bytes.length)} bytes`);
  const arrived = read(bytes);
  if (arrived.kind === 'unknown' || arrived.kind === 'unfit') fail(`sent: ${arrived.kind}`);
  equal(arrived.kind, message.kind);
  return arrived;
}

function read(bytes: Uint8Array): Arrived {
  return decodeMessage(bytes);
}

function nameOf(effect: Effect): string {
  if (effect.kind === 'notice') return `notice ${effect.notice.name}`;
  return effect.kind === 'close' ? `close ${effect.why}` : effect.kind;
}

function optionsOf(digit: string, address: string): ServerOptions {
  const peers = ['10.0.0.100:17310', '10.0.0.9:17310'].filter((one) => one !== address);
  const options = serverOptions({ address, role: 'master' });
  return {
    ...options,
    environment: ENVIRONMENT,
    origin: originOf(digit),
    facts: { ...options.facts, name: `h${digit}-a` as Name, host: `h${digit}` as Name },
    peers,
    heartbeatMs: 1_000,
    silenceMs: SILENCE_MS,
    splitHoldMs: HOLD_MS,
    limits: LOW_LIMITS,
    instanceOf,
    random: prngOf(Number(digit)),
  };
}

/** What honest clients offer. */
export const HONEST = 'honest' as Name;
export const ENVIRONMENT = 'testing' as Name;

/** How long a split is held here, and for how long a link may be silent. */
export const HOLD_MS = 6_000;
const SILENCE_MS = 3_000;

/** So low that they are met. */
const LOW_LIMITS = {
  registrations: 40,
  'bytes-per-session': 64 * 1_024,
  bytes: 128 * 1_024,
  'bytes-per-log': 512 * 1_024,
  'bytes-of-logs': 4 * 1_024 * 1_024,
} as const;

/** Longer than a cold start takes. */
const SETTLED_MS = 6_000;
const LOOK_MS = 500;
const BEAT_MS = 900;
const MAIL_MAX = 100_000;
const FORESEEN: ReadonlySet<string> = new Set(['duplicate', 'unneeded', 'silent']);
