// The matcher behind a pattern. It reads a name once, letter by letter, and keeps the set of all
// places of the pattern at which it may be, one bit each. The invariant: it never goes back, so the
// time for a name is bounded by its letters times the pattern's, whatever the pattern.

/** Why a text is no pattern, in words that follow `the pattern …`. */
export class GlobError extends Error {
  override readonly name = 'GlobError';
}

/** Whether a text is meant as a pattern: it has a letter that no name has. */
export function isPattern(text: string): boolean {
  return /[*?[\]{}]/.test(text);
}

/** Whether all letters of a text may be in a pattern, and there are not too many. */
export function hasPatternLetters(text: string): boolean {
  return /^[A-Za-z0-9._\-*?[\]{},!^:]{1,256}$/.test(text);
}

/** Tells whether a whole name matches `* ? [a-z] [!a-z] [[:digit:]] {one,other}`. Throws GlobError. */
export function globOf(pattern: string): (name: string) => boolean {
  const places = new Reader(pattern).read();
  const words = Math.ceil(places.length / BITS);
  const bitsWhere = (isMeant: (place: Place) => boolean): Uint32Array => {
    const bits = new Uint32Array(words);
    for (const [at, place] of places.entries()) if (isMeant(place)) setBit(bits, at);
    return bits;
  };
  const taking = new Map(
    Array.from(LETTERS, (letter) => [letter, bitsWhere(({ takes }) => takes(letter))]),
  );
  const automaton: Automaton = {
    staying: bitsWhere(({ stays }) => stays),
    forking: bitsWhere(({ leads }) => leads.length > 0),
    reach: reachOf(places, words),
  };
  const start = automaton.reach[0] ?? new Uint32Array(words);
  const end = places.length - 1;
  return (name) => {
    let now = start;
    for (const letter of name) {
      const takers = taking.get(letter);
      const next = takers === undefined ? null : step(automaton, now, takers);
      if (next === null) return false;
      now = next;
    }
    return hasBit(now, end);
  };
}

/** A place between the letters of a pattern. */
interface Place {
  /** Whether a letter leads to the next place. */
  takes: (letter: string) => boolean;
  /** Whether it stays at any letter: there is a star. */
  stays: boolean;
  /** The places, all further on, to which no letter is needed. */
  readonly leads: number[];
}

interface Automaton {
  readonly staying: Uint32Array;
  readonly forking: Uint32Array;
  /** For each place: itself, and all places to which no letter is needed. */
  readonly reach: readonly Uint32Array[];
}

/** The places after one more letter; null for none. */
function step(
  { staying, forking, reach }: Automaton,
  now: Uint32Array,
  takers: Uint32Array,
): Uint32Array | null {
  const next = new Uint32Array(now.length);
  let carry = 0;
  let any = 0;
  let forks = 0;
  for (let at = 0; at < now.length; at += 1) {
    const moved = (now[at] ?? 0) & (takers[at] ?? 0);
    const bits = (moved << 1) | carry | ((now[at] ?? 0) & (staying[at] ?? 0));
    next[at] = bits;
    any |= bits;
    forks |= bits & (forking[at] ?? 0);
    carry = moved >>> (BITS - 1);
  }
  if (any === 0) return null;
  return forks === 0 ? next : followed(next, { forking, reach });
}

/** Adds the places that no letter is needed for; those that an earlier one reaches add nothing. */
function followed(
  bits: Uint32Array,
  { forking, reach }: Pick<Automaton, 'forking' | 'reach'>,
): Uint32Array {
  const all = bits.slice();
  const done = new Uint32Array(bits.length);
  for (let at = 0; at < bits.length; at += 1) {
    const forks = (bits[at] ?? 0) & (forking[at] ?? 0);
    for (let left = forks; left !== 0; left = forks & ~(done[at] ?? 0)) {
      const reached = reach[at * BITS + BITS - 1 - Math.clz32(left & -left)] ?? done;
      for (let word = at; word < all.length; word += 1) {
        const more = reached[word] ?? 0;
        all[word] = (all[word] ?? 0) | more;
        done[word] = (done[word] ?? 0) | more;
      }
    }
  }
  return all;
}

/** From the last place to the first, because all steps lead forward. */
function reachOf(places: readonly Place[], words: number): Uint32Array[] {
  const reach = places.map(() => new Uint32Array(words));
  for (const [at, { leads }] of [...places.entries()].reverse()) {
    const own = reach[at] ?? new Uint32Array(words);
    setBit(own, at);
    for (const lead of leads) {
      for (const [word, bits] of (reach[lead] ?? own).entries()) {
        own[word] = (own[word] ?? 0) | bits;
      }
    }
  }
  return reach;
}

/** Reads a pattern from its first letter to its last. */
class Reader {
  readonly #pattern: string;
  readonly #places: Place[] = [];
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  read(): readonly Place[] {
    this.#add();
    this.#readUntil('');
    if (this.#at < this.#pattern.length) throw new GlobError(UNPAIRED);
    return this.#places;
  }

  /** Reads up to one of these letters, or to the end. */
  #readUntil(ends: string): void {
    while (this.#at < this.#pattern.length) {
      const letter = this.#pattern.charAt(this.#at);
      if (ends.includes(letter) || '}]'.includes(letter)) return;
      this.#at += 1;
      if (letter === '*') this.#last().stays = true;
      else if (letter === '{') this.#readBraces();
      else if (letter === '[') this.#take(this.#readClass());
      else this.#take((one) => letter === '?' || one === letter);
    }
  }

  #readBraces(): void {
    const start = this.#at;
    const { leads } = this.#last();
    const ends: Place[] = [];
    do {
      leads.push(this.#add());
      this.#readUntil(',}');
      ends.push(this.#last());
      this.#at += 1;
    } while (this.#pattern[this.#at - 1] === ',');
    if (this.#pattern[this.#at - 1] !== '}') throw new GlobError(UNPAIRED);
    const inside = this.#pattern.slice(start, this.#at);
    if (ends.length === 1 && inside.includes('..')) throw new GlobError('has a range in braces');
    const join = this.#add();
    for (const end of ends) end.leads.push(join);
  }

  #readClass(): Place['takes'] {
    const [text, not, items] = CLASS_PATTERN.exec(this.#pattern.slice(this.#at)) ?? [];
    if (text === undefined || items === undefined || items === '') throw new GlobError(UNPAIRED);
    this.#at += text.length;
    const among = [...items.matchAll(ITEM_PATTERN)].map(([item, posix, from = '', to = '']) => {
      if (posix !== undefined) return posixClassOf(posix);
      if (from > to) throw new GlobError('has a range that runs backwards');
      return (letter: string) => (from === '' ? letter === item : from <= letter && letter <= to);
    });
    return (letter) => among.some((isIn) => isIn(letter)) === (not === '');
  }

  #take(takes: Place['takes']): void {
    this.#last().takes = takes;
    this.#add();
  }

  #add(): number {
    return this.#places.push({ takes: () => false, stays: false, leads: [] }) - 1;
  }

  #last(): Place {
    return this.#places.at(-1) ?? { takes: () => false, stays: false, leads: [] };
  }
}

function posixClassOf(name: string): Place['takes'] {
  const pattern = POSIX_CLASSES.get(name);
  if (pattern === undefined) throw new GlobError(`has no class [:${name}:] to choose from`);
  return (letter) => pattern.test(letter);
}

function setBit(bits: Uint32Array, at: number): void {
  const word = Math.floor(at / BITS);
  bits[word] = (bits[word] ?? 0) | (1 << (at % BITS));
}

function hasBit(bits: Uint32Array, at: number): boolean {
  return (((bits[Math.floor(at / BITS)] ?? 0) >>> (at % BITS)) & 1) === 1;
}

const BITS = 32;

/** All that a name is made of; any other letter matches nothing. */
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-';

/**
 * What follows a `[`: perhaps a `!`, then items up to the `]`; the first item may be a `]` itself.
 */
const CLASS_PATTERN = /^([!^]?)(\]?(?:\[:[a-z]*:\]|[^\]])*)\]/;
const ITEM_PATTERN = /\[:([a-z]*):\]|([^-])-([^\]])|./g;

const POSIX_CLASSES: ReadonlyMap<string, RegExp> = new Map([
  ['alnum', /[A-Za-z0-9]/],
  ['alpha', /[A-Za-z]/],
  ['ascii', /./],
  ['blank', /\s/],
  ['cntrl', /(?!)/],
  ['digit', /[0-9]/],
  ['graph', /./],
  ['lower', /[a-z]/],
  ['print', /./],
  ['punct', /[._-]/],
  ['space', /\s/],
  ['upper', /[A-Z]/],
  ['word', /[A-Za-z0-9_]/],
  ['xdigit', /[A-Fa-f0-9]/],
]);

const UNPAIRED = 'has a bracket without its other half';
