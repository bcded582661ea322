// What somebody may say, made from the schema: sound messages, and messages at the edges of what the
// schema allows: numbers at the ends of their ranges, the longest of every text, the largest of every
// list. The invariant: a speaker says of others no more than its place allows. It offers and asks for
// whatever there is, but what it tells of servers and instances is of those that it made up.

import { fail } from 'node:assert/strict';
import type { Message, MessageKind } from '../../src/protocol/messages.ts';
import type { Entry } from '../../src/protocol/records.ts';
import type { Chance } from './chance.ts';
import type { Column, Type } from './grammar.ts';
import { fieldsOf } from './grammar.ts';

/** Whom and what a speaker knows of. */
export interface Vocabulary {
  readonly environment: string;
  /** Servers, instances, services and hosts that are not the speaker's own. */
  readonly origins: readonly string[];
  readonly instances: readonly string[];
  readonly services: readonly string[];
  readonly hosts: readonly string[];
  /** The speaker's own servers. */
  readonly own: readonly string[];
}

/** How a message is to be. */
export interface Manner {
  /** One value in so many is at an edge; Infinity for none. */
  readonly edgeOneIn: number;
  /** The largest of every list: so many items at most where the schema has no bound. */
  readonly itemsMax: number;
}

/** A message of a kind. */
export function said(kind: MessageKind, manner: Manner, by: Speaking): Message {
  const speaker = new Speaker(kind, manner, by);
  return { kind, ...speaker.record(fieldsOf(kind)) } as unknown as Message;
}

/** An entry of a log, of a kind. */
export function saidEntry(kind: Entry['kind'], manner: Manner, by: Speaking): Entry {
  const found = rowsIn(fieldsOf('entries')).find((row) => row.kind === kind);
  if (found === undefined) fail(`there is no entry ${kind}`);
  return { kind, ...new Speaker('entries', manner, by).record(found.columns) } as unknown as Entry;
}

/** All rows that stand in some columns, at whatever depth. */
function rowsIn(columns: readonly Column[]): readonly (Type & { readonly type: 'row' })[] {
  const inType = (type: Type): readonly (Type & { readonly type: 'row' })[] => {
    if (type.type === 'list') return inType(type.item);
    if (type.type === 'either') return type.of.flatMap(inType);
    return type.type === 'row' ? [type, ...rowsIn(type.columns)] : [];
  };
  return columns.flatMap(({ value }) => inType(value));
}

/** Who speaks, and by what choices. */
export interface Speaking {
  readonly chance: Chance;
  readonly words: Vocabulary;
}

/** An id that nobody else has, by its number. */
export function madeUpId(number: number): string {
  return `c${number.toString(16).padStart(31, '0')}`;
}

/** Whether an id is one of those. */
export function isMadeUp(id: string): boolean {
  return /^c0{23}/.test(id);
}

class Speaker {
  readonly #kind: MessageKind;
  readonly #manner: Manner;
  readonly #chance: Chance;
  readonly #words: Vocabulary;
  /** Lists of lists would outgrow any frame. */
  #bytesLeft = BYTES_MAX;

  constructor(kind: MessageKind, manner: Manner, { chance, words }: Speaking) {
    this.#kind = kind;
    this.#manner = manner;
    this.#chance = chance;
    this.#words = words;
  }

  record(columns: readonly Column[]): Record<string, unknown> {
    const record: Record<string, unknown> = {};
    for (const { name, value, isOptional } of columns) {
      if (isOptional && this.#chance.oneIn(2)) continue;
      const made = this.#value(value, name);
      if (!isOptional || made !== null) record[name] = made;
    }
    return record;
  }

  #value(type: Type, name: string): unknown {
    switch (type.type) {
      case 'word':
        return type.text;
      case 'number':
        return this.#number(type.least, type.most);
      case 'text':
        return this.#text(type.bytesMax);
      case 'leaf':
        return this.#leaf(type.rule, name);
      case 'flag':
        return this.#chance.oneIn(2);
      case 'null':
        return null;
      case 'list':
        return this.#list(type, name);
      case 'row':
        return { ...(type.kind !== null && { kind: type.kind }), ...this.record(type.columns) };
      default:
        return this.#value(this.#chance.pick(type.of), name);
    }
  }

  #isEdge(): boolean {
    return this.#manner.edgeOneIn < Infinity && this.#chance.oneIn(this.#manner.edgeOneIn);
  }

  #number(least: number, most: number): number {
    if (!this.#isEdge()) return Math.min(most, least + this.#chance.below(8));
    return this.#chance.pick([least, most, most - 1, Math.min(most, 2 ** 32), 2 ** 31 % most]);
  }

  #text(bytesMax: number): string {
    if (!this.#isEdge()) return 'why not';
    const [letter, bytes] = this.#chance.pick([
      ['x', 1],
      ['é', 2],
      ['€', 3],
    ] as const);
    this.#bytesLeft -= bytesMax;
    return letter.repeat(Math.floor(bytesMax / bytes));
  }

  #list(type: Type & { readonly type: 'list' }, name: string): unknown[] {
    const most = Math.min(type.itemsMax, this.#manner.itemsMax);
    const length = this.#isEdge() ? most : Math.min(most, this.#chance.below(4));
    const items: unknown[] = [];
    while (items.length < length && this.#bytesLeft > 0) {
      this.#bytesLeft -= ITEM_BYTES;
      items.push(this.#value(type.item, name));
    }
    return items;
  }

  #leaf(rule: string, name: string): string {
    const make = LEAVES[rule] ?? fail(`no words for a ${rule}`);
    const leaf = { name, kind: this.#kind, chance: this.#chance, words: this.#words };
    const made = make(this.#isEdge(), leaf);
    this.#bytesLeft -= made.length;
    return made;
  }
}

interface Leaf extends Speaking {
  readonly name: string;
  readonly kind: MessageKind;
}

/** What a message is filled up to, about: a little less than fits a frame; and what an item takes. */
const BYTES_MAX = 1_000_000;
const ITEM_BYTES = 4;

/** Labels of 63 characters, as many as a host name has room for. */
const LONG_HOST = [...new Array<string>(3).fill('x'.repeat(63)), 'x'.repeat(61)].join('.');

const LEAVES: Readonly<Record<string, (isEdge: boolean, leaf: Leaf) => string>> = {
  name: (isEdge, leaf) => (isEdge && leaf.name !== 'environment' ? longName(leaf) : nameOf(leaf)),
  // One that nobody knows says less than one that is known.
  id: (isEdge, leaf) => {
    return isEdge && leaf.chance.oneIn(4) ? madeUpId(leaf.chance.below(100_000)) : idOf(leaf);
  },
  'instance-key': (_, { chance }) => madeUpId(chance.below(4)),
  'server-address': (isEdge, { chance }) => {
    return isEdge ? `${LONG_HOST}:65535` : `10.1.0.${String(1 + chance.below(8))}:17310`;
  },
  'instance-address': (isEdge, { chance }) => {
    return isEdge ? LONG_HOST : `10.1.0.${String(1 + chance.below(8))}`;
  },
  scheme: (isEdge) => (isEdge ? 'x'.repeat(128) : 'http'),
};

function longName({ chance }: Leaf): string {
  return String(chance.below(10_000)).padStart(128, 'x');
}

function nameOf({ name, kind, chance, words }: Leaf): string {
  if (name === 'environment') return words.environment;
  if (name === 'service') return chance.pick(words.services);
  // Who says that a host is gone for good speaks as an operator.
  const isOwn = name === 'host' || name === 'name' || kind === 'forget';
  return isOwn ? `x${String(chance.below(8))}` : chance.pick([...words.hosts, 'x1', 'x2']);
}

function idOf({ name, kind, chance, words }: Leaf): string {
  const isInstance = name === 'instance' || name === 'known' || name === 'token';
  if (isInstance) {
    const isClients = kind !== 'entries' && kind !== 'snapshot';
    const theirs = isClients ? words.instances : [];
    return chance.pick([...theirs, madeUpId(1), madeUpId(2)]);
  }
  const isTold = kind === 'entries' || kind === 'snapshot' || name === 'goodbyes';
  const isLink = name === 'peer' || name === 'links';
  const theirs = isTold && !isLink ? [] : words.origins;
  return chance.pick([...theirs, ...words.own, madeUpId(chance.below(4))]);
}
