// Somebody who was let in and says whatever its place allows: a server with a host of its own, or a
// client. What it does is plain data, so that it can be kept, changed and replayed; what it says
// follows from that and from what it has said before: its logs are numbered as logs are.

import type { InstanceId, InstanceKey, Name, OriginId } from '../../src/protocol/ids.ts';
import type { Message, MessageKind, MessageOf } from '../../src/protocol/messages.ts';
import { partsOf } from '../../src/protocol/parts.ts';
import type { Batch, Entry, Facts } from '../../src/protocol/records.ts';
import { Chance } from './chance.ts';
import type { Manner, Speaking, Vocabulary } from './speech.ts';
import { madeUpId, said, saidEntry } from './speech.ts';

/** Something that a liar does. The seed decides the rest. */
export type Deed =
  /** It says something of a kind; one value in `edgeOneIn` is at an edge, 0 for none. */
  | (Wish & { readonly deed: 'say'; readonly kind: MessageKind; readonly itemsMax: number })
  /** Its log goes on by so many entries, all of a kind. */
  | (Wish & { readonly deed: 'grow'; readonly entry: Entry['kind']; readonly count: number })
  /** It makes up so many servers, each on a host of its own, linked to it and it to them. */
  | (Wish & { readonly deed: 'crowd'; readonly count: number })
  /** A server that it made up says goodbye. */
  | (Wish & { readonly deed: 'leave'; readonly of: number })
  /** It gives its log as a whole, with so many links and registrations. */
  | (Wish & { readonly deed: 'whole'; readonly links: number; readonly count: number });

interface Wish {
  readonly seed: number;
  readonly edgeOneIn: number;
}

/** Who it is. */
export interface Role {
  readonly role: 'peer' | 'client';
  readonly origin: OriginId;
  readonly facts: Facts;
  readonly words: Vocabulary;
  readonly instanceOf: (key: InstanceKey) => InstanceId;
}

/** One liar, on one connection. */
export class Liar {
  readonly #role: Role;
  /** How far the logs have come that it tells of. */
  readonly #sequences = new Map<OriginId, number>();
  /** Whom it speaks to. */
  #to: readonly OriginId[] = [];

  constructor(role: Role) {
    this.#role = role;
  }

  /** The handshake of who dials, and what a server says then. */
  hello(to: OriginId): readonly Message[] {
    const { role, origin, facts, words } = this.#role;
    const environment = words.environment as Name;
    const hello: MessageOf<'hello'> = { kind: 'hello', protocol: 2, role, environment };
    return role === 'client' ? [hello] : [{ ...hello, origin, facts }, ...this.presents(to)];
  }

  /** The handshake of a server that was dialled. */
  welcome(): Message {
    const { origin, facts, words } = this.#role;
    const environment = words.environment as Name;
    return { kind: 'welcome', protocols: [2], environment, origin, facts };
  }

  /** What a server says of itself: that it is linked to the one it speaks to. */
  presents(to: OriginId): readonly Message[] {
    const { origin, facts } = this.#role;
    this.#to = [to];
    const digest = { complete: true, missing: [], lines: [], goodbyes: [], more: false };
    const entries: readonly Entry[] = [
      { kind: 'facts', facts },
      { kind: 'up', peer: to },
    ];
    return [{ kind: 'digest', ...digest }, this.#entries([[origin, entries]])];
  }

  /** What it says for a deed, in messages that fit frames. */
  does(deed: Deed): readonly Message[] {
    return this.#saidFor(deed, new Chance(deed.seed)).flatMap((message) => partsOf(message));
  }

  #saidFor(deed: Deed, chance: Chance): readonly Message[] {
    const { origin } = this.#role;
    switch (deed.deed) {
      case 'say': {
        const manner = mannerOf(deed, deed.itemsMax);
        return [this.#keyed(said(deed.kind, manner, this.#speaking(chance)), chance)];
      }
      case 'grow': {
        const entries = Array.from({ length: deed.count }, () => this.#entry(deed, chance));
        return cutUp(entries).map((some) => this.#entries([[origin, some]]));
      }
      case 'crowd':
        return this.#crowd(deed, chance);
      case 'leave':
        return [this.#entries([[madeUpId(deed.of) as OriginId, [{ kind: 'bye' }]]])];
      default:
        return partsOf(this.#whole(deed, chance)).map((one, part) => ({ ...one, part }) as Message);
    }
  }

  /** An instance of its own has its key, one time in two. */
  #keyed(message: Message, chance: Chance): Message {
    if (message.kind !== 'register' && message.kind !== 'deregister') return message;
    if (chance.oneIn(2)) return message;
    const instance = this.#role.instanceOf(message.key);
    if (message.kind === 'deregister') return { ...message, instance };
    return { ...message, registration: { ...message.registration, instance } };
  }

  #entry(deed: Wish & { readonly entry: Entry['kind'] }, chance: Chance): Entry {
    return saidEntry(deed.entry, mannerOf(deed, LISTED_MAX), this.#speaking(chance));
  }

  #speaking(chance: Chance): Speaking {
    return { chance, words: this.#role.words };
  }

  #crowd({ count, edgeOneIn }: Wish & { readonly count: number }, chance: Chance): Message[] {
    const { origin, facts } = this.#role;
    const first = 1_000 * (1 + chance.below(50));
    const ids = Array.from({ length: count }, (_, index) => madeUpId(first + index) as OriginId);
    const logs = ids.map((id, index): readonly [OriginId, readonly Entry[]] => {
      const host = `x${String(first + index)}`.padEnd(edgeOneIn === 0 ? 0 : 128, 'x') as Name;
      const theirs = { ...facts, name: host, host, addresses: [`10.2.0.1:${String(1 + index)}`] };
      return [
        id,
        [
          { kind: 'facts', facts: theirs },
          { kind: 'up', peer: origin },
        ],
      ];
    });
    const ups = ids.map((peer): Entry => ({ kind: 'up', peer }));
    return [this.#entries(logs), this.#entries([[origin, ups]])];
  }

  #whole(deed: Deed & { readonly deed: 'whole' }, chance: Chance): Message {
    const { origin, facts } = this.#role;
    const sequence = (this.#sequences.get(origin) ?? 0) + 1;
    this.#sequences.set(origin, sequence);
    const madeUp = Array.from({ length: deed.links }, (_, index) => madeUpId(index) as OriginId);
    const links = [...this.#to, ...madeUp];
    const registrations = Array.from({ length: deed.count }, (_, index) => {
      const { registration } = this.#entry({ ...deed, entry: 'put' }, chance) as Entry & {
        readonly kind: 'put';
      };
      return { ...registration, instance: madeUpId(500_000 + index) as InstanceId };
    });
    const told = { origin, sequence, part: 0, facts, links, registrations, more: false };
    return { kind: 'snapshot', ...told };
  }

  #entries(logs: readonly (readonly [OriginId, readonly Entry[]])[]): Message {
    const batches = logs.map(([origin, entries]): Batch => {
      const sequence = this.#sequences.get(origin) ?? 0;
      this.#sequences.set(origin, sequence + entries.length);
      return { origin, first: sequence + 1, entries };
    });
    return { kind: 'entries', batches };
  }
}

function mannerOf({ edgeOneIn }: Wish, itemsMax: number): Manner {
  return { edgeOneIn: edgeOneIn === 0 ? Infinity : edgeOneIn, itemsMax };
}

/** Tags and addresses of an entry. */
const LISTED_MAX = 8;

/** A batch is not cut on its way: so many entries of the largest fit a frame. */
function cutUp(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const cuts: Entry[][] = [];
  for (let at = 0; at < entries.length; at += 40) cuts.push(entries.slice(at, at + 40));
  return cuts;
}
