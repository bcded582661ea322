// The CDDL that fields bring along, read back: what a field may hold, as a tree. The invariant: all
// that the schema knows how to say is read, so a new field or record is played with from its first
// day; what is not understood here is an error.

import type { MessageKind } from '../../src/protocol/messages.ts';
import { MESSAGES } from '../../src/protocol/messages.ts';
import type { AnyFieldSpec } from '../../src/protocol/schema.ts';

/** What a value may be. */
export type Type =
  | { readonly type: 'word'; readonly text: string }
  | { readonly type: 'number'; readonly least: number; readonly most: number }
  | { readonly type: 'text'; readonly bytesMax: number }
  /** One that has a grammar of its own: a name, an id, an address, a scheme. */
  | { readonly type: 'leaf'; readonly rule: string }
  | { readonly type: 'flag' | 'null' }
  | { readonly type: 'list'; readonly item: Type; readonly itemsMax: number }
  | { readonly type: 'row'; readonly kind: string | null; readonly columns: readonly Column[] }
  | { readonly type: 'either'; readonly of: readonly Type[] };

/** A field of a message, or a column of a row. */
export interface Column {
  readonly name: string;
  readonly value: Type;
  readonly isOptional: boolean;
}

/** The fields of a kind of message. */
export function fieldsOf(kind: MessageKind): readonly Column[] {
  const known = FIELDS.get(kind);
  if (known !== undefined) return known;
  const specs = Object.entries<AnyFieldSpec>(MESSAGES[kind].fields);
  const fields = specs.map(([name, { cddl, rules, isOptional }]): Column => {
    return { name, value: new Reader(cddl, new Map(rules)).whole(), isOptional };
  });
  FIELDS.set(kind, fields);
  return fields;
}

/** Reads one text; names in it stand for the rules. */
class Reader {
  readonly #tokens: readonly string[];
  readonly #rules: ReadonlyMap<string, string>;
  readonly #kind: string | null;
  #at = 0;

  constructor(text: string, rules: ReadonlyMap<string, string>, kind: string | null = null) {
    this.#tokens = text.match(TOKENS) ?? [];
    this.#rules = rules;
    this.#kind = kind;
  }

  whole(): Type {
    const type = this.#type();
    if (this.#at < this.#tokens.length) this.#fail();
    return type;
  }

  #type(): Type {
    const of = [this.#one()];
    while (this.#takes('/')) of.push(this.#one());
    const [only] = of;
    return of.length === 1 && only !== undefined ? only : { type: 'either', of };
  }

  #one(): Type {
    const token = this.#next();
    if (token.startsWith('"')) return { type: 'word', text: token.slice(1, -1) };
    if (token === '[') return this.#array();
    if (/^\d/.test(token)) return this.#range(Number(token));
    if (token === 'tstr') return this.#text();
    if (token === 'uint') return { type: 'number', least: 0, most: Number.MAX_SAFE_INTEGER };
    if (token === 'bool') return { type: 'flag' };
    if (token === 'null') return { type: 'null' };
    return this.#named(token);
  }

  #named(rule: string): Type {
    const body = this.#rules.get(rule);
    if (body === undefined || body.startsWith('tstr .regexp')) return { type: 'leaf', rule };
    // The rule of a variant is named after the record and the kind: `entry-put`.
    return new Reader(body, this.#rules, rule.slice(rule.indexOf('-') + 1)).whole();
  }

  #range(least: number): Type {
    if (!this.#takes('..')) return this.#fail();
    return { type: 'number', least, most: Number(this.#next()) };
  }

  #text(): Type {
    if (!this.#takes('.size')) return { type: 'word', text: 'of a newer version' };
    for (const token of ['(', '0', '..']) if (!this.#takes(token)) this.#fail();
    const bytesMax = Number(this.#next());
    return this.#takes(')') ? { type: 'text', bytesMax } : this.#fail();
  }

  /** A list, `[* ITEM]` or `[*7 ITEM]`; else a row, which ends with `* any`. */
  #array(): Type {
    if (this.#takes('*')) {
      const isBounded = /^\d/.test(this.#tokens[this.#at] ?? '');
      const itemsMax = isBounded ? Number(this.#next()) : Infinity;
      const item = this.#type();
      return this.#takes(']') ? { type: 'list', item, itemsMax } : this.#fail();
    }
    const columns: Column[] = [];
    let kind: string | null = null;
    while (!this.#takes('*')) {
      if (/^\d/.test(this.#tokens[this.#at] ?? '')) kind = this.#next() && this.#kind;
      else columns.push(this.#column());
      if (!this.#takes(',')) this.#fail();
    }
    return this.#takes('any') && this.#takes(']') ? { type: 'row', kind, columns } : this.#fail();
  }

  #column(): Column {
    const isOptional = this.#takes('?');
    const name = this.#next();
    if (!this.#takes(':')) this.#fail();
    return { name, value: this.#type(), isOptional };
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) this.#fail();
    this.#at += 1;
    return token;
  }

  #takes(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }

  #fail(): never {
    const read = this.#tokens.slice(0, this.#at).join(' ');
    throw new Error(`not understood after \`${read}\`: ${String(this.#tokens[this.#at])}`);
  }
}

const TOKENS = /"(?:[^"\\]|\\.)*"|\.\.|\.?[A-Za-z][A-Za-z0-9-]*|\d+|[[\]*?:,/()]/g;
const FIELDS = new Map<MessageKind, readonly Column[]>();
