// A hostile neighbour: a program that was let in, as a server with a host of its own or as a client,
// and says one thing after another that its place allows: see fuzz/liar.ts. All its choices come from
// a seed of its own. Where it is kept out it comes again, as itself or as somebody new; and it says
// to everybody something else.

import type { ConnectionInput } from '../../../src/core/client/effect.ts';
import type { Close, Dial, Send } from '../../../src/core/effect.ts';
import type { ConnectionId } from '../../../src/core/input.ts';
import type { Name, OriginId } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/messages.ts';
import type { Facts } from '../../../src/protocol/records.ts';
import { Chance } from '../../fuzz/chance.ts';
import { FROM_CLIENTS, FROM_PEERS, isHeavy, newDeed, newSaying } from '../../fuzz/deeds.ts';
import type { Deed } from '../../fuzz/liar.ts';
import { Liar } from '../../fuzz/liar.ts';
import type { Vocabulary } from '../../fuzz/speech.ts';
import { madeUpId } from '../../fuzz/speech.ts';
import { plainInstanceOf } from '../../support/server-stage.ts';
import type { Clock } from './clock.ts';
import type { Network } from './network.ts';
import { Process } from './process.ts';
import type { Surroundings } from './service.ts';

/** Who it is. */
export interface HostileSpec {
  readonly role: 'peer' | 'client';
  readonly seed: number;
  /** Its machine, which is also what it calls its host. */
  readonly host: string;
  /** Those that it goes to. */
  readonly addresses: readonly string[];
  /** Whether others reach its machine. */
  readonly isOpen: boolean;
  /** It does something about so often. */
  readonly gapMs: number;
  readonly words: Omit<Vocabulary, 'own'>;
}

/** The core of such a program. */
export class Hostile {
  readonly #spec: HostileSpec;
  readonly #chance: Chance;
  /** Whom it has a connection to, and the part that it plays there. */
  readonly #liars = new Map<ConnectionId, Liar>();
  /** Where the handshake is done. */
  readonly #letIn = new Set<ConnectionId>();
  readonly #dials: { readonly address: string; readonly atMs: number }[];
  #deedMs = 0;
  #beatMs = 0;
  #lives = 0;

  constructor(spec: HostileSpec) {
    this.#spec = spec;
    this.#chance = new Chance(spec.seed);
    this.#dials = spec.addresses.map((address) => ({ address, atMs: 0 }));
  }

  step(input: ConnectionInput): readonly (Send | Dial | Close)[] {
    switch (input.kind) {
      case 'opened':
        return this.#opened(input.connection, input.dialled);
      case 'received':
        return input.message.kind === 'unknown' || input.message.kind === 'unfit'
          ? []
          : this.#heard(input.connection, input.message);
      case 'closed':
        this.#liars.delete(input.connection);
        this.#letIn.delete(input.connection);
        this.#comeAgain(input.nowMs);
        return [];
      case 'undialled':
        this.#comeAgain(input.nowMs, input.address);
        return [];
      case 'deadline':
        return this.#due(input.nowMs);
      default:
        return [];
    }
  }

  nextDeadlineMs(): number {
    return Math.min(this.#deedMs, this.#beatMs, ...this.#dials.map(({ atMs }) => atMs));
  }

  #opened(connection: ConnectionId, dialled: string | null): Send[] {
    const liar = this.#newLiar();
    this.#liars.set(connection, liar);
    return dialled === null ? saying(connection, [liar.welcome()]) : [];
  }

  #heard(connection: ConnectionId, message: Message): Send[] {
    const liar = this.#liars.get(connection);
    if (liar === undefined) return [];
    const isHello = message.kind === 'hello' && message.origin !== undefined;
    if (message.kind !== 'welcome' && !isHello) return [];
    this.#letIn.add(connection);
    const { origin = '' as OriginId } = message;
    return saying(connection, isHello ? liar.presents(origin) : liar.hello(origin));
  }

  #due(nowMs: number): (Send | Dial)[] {
    const effects: (Send | Dial)[] = [];
    for (const dial of this.#dials.splice(0)) {
      if (dial.atMs > nowMs) this.#dials.push(dial);
      else effects.push({ kind: 'dial', address: dial.address });
    }
    if (this.#beatMs <= nowMs) {
      this.#beatMs = nowMs + BEAT_MS;
      for (const connection of this.#liars.keys()) {
        effects.push(...saying(connection, [{ kind: 'ping' }]));
      }
    }
    if (this.#deedMs > nowMs) return effects;
    this.#deedMs = nowMs + this.#spec.gapMs * this.#chance.pick([0, 0.5, 1, 2]) + 1;
    const open = [...this.#liars].filter(([connection]) => this.#letIn.has(connection));
    if (open.length === 0) return effects;
    const [connection, liar] = this.#chance.pick(open);
    return [...effects, ...saying(connection, liar.does(this.#newDeed()))];
  }

  /** What takes long is done now and then. */
  #newDeed(): Deed {
    const chance = this.#chance;
    const { role } = this.#spec;
    const deed = (): Deed => {
      return role === 'peer' ? newDeed(chance, FROM_PEERS) : newSaying(chance, FROM_CLIENTS);
    };
    const first = deed();
    return isHeavy(first) && !chance.oneIn(HEAVY_ONE_IN) ? this.#newDeed() : first;
  }

  #comeAgain(nowMs: number, address = this.#chance.pick(this.#spec.addresses)): void {
    const atMs = nowMs + this.#chance.pick([10, 300, 2_000]);
    this.#dials.push({ address, atMs });
  }

  /** As itself, one time in two. */
  #newLiar(): Liar {
    const { role, host, words } = this.#spec;
    if (this.#chance.oneIn(2)) this.#lives += 1;
    const origin = madeUpId(FIRST_LIFE + this.#lives) as OriginId;
    const facts: Facts = {
      name: `${host}-a` as Name,
      host: host as Name,
      cluster: 'c1' as Name,
      side: this.#chance.pick(['a', 'b'] as const),
      role: this.#chance.pick(['master', 'leaf'] as const),
      addresses: [addressAt(host)],
    };
    const own = [origin, ...[0, 1, 2, 3].map(madeUpId)];
    const instanceOf = plainInstanceOf;
    return new Liar({ role, origin, facts, words: { ...words, own }, instanceOf });
  }
}

/** One stay of such a program. */
export class SimHostile {
  readonly spec: HostileSpec;
  readonly process: Process<ConnectionInput, Send | Dial | Close>;
  readonly cameMs: number;
  /** Infinity while it is there. */
  leftMs = Infinity;
  readonly #network: Network;
  readonly #clock: Clock;

  constructor({ clock, network, cores }: Omit<Surroundings, 'random'>, spec: HostileSpec) {
    this.spec = spec;
    this.#network = network;
    this.#clock = clock;
    this.cameMs = clock.nowMs;
    const { host } = spec;
    const core = new Hostile(spec);
    this.process = new Process({
      clock,
      network,
      host,
      driver: cores.driver,
      core,
      perform: () => undefined,
    });
    this.process.start(this.isBridge ? [addressAt(host)] : []);
  }

  /** Whether it is a server with ways to several hosts: it may stand for a path between them. */
  get isBridge(): boolean {
    return this.spec.role === 'peer' && this.spec.isOpen;
  }

  /** It is killed, or its machine loses its power. */
  leave(how: 'kill' | 'vanish'): void {
    if (this.leftMs < Infinity) return;
    this.leftMs = this.#clock.nowMs;
    this.process[how]();
    if (how === 'vanish') this.#network.darken(this.spec.host);
  }
}

function addressAt(host: string): string {
  return `${host}:17330`;
}

function saying(connection: ConnectionId, messages: readonly Message[]): Send[] {
  const connections = [connection];
  return messages.map((message) => ({ kind: 'send', connections, message }));
}

/** Often enough for every silence. */
const BEAT_MS = 300;
const HEAVY_ONE_IN = 10;

/** Nobody else is made up with this number. */
const FIRST_LIFE = 0x80_0000;
