// What a link keeps of each origin: its cursor, and a few marks. A hub has a hundred links, and each of
// them knows thousands of origins, so each origin has a place, a small number, at which every link
// keeps it: eight bytes for a cursor and a bit for a mark, where a Map takes fifty. The invariant:
// a place is given to another origin only when no link has anything at it any more.

import type { OriginId } from '../../../protocol/ids.ts';

/** The places of the origins that are known. */
export type Placed = ReadonlyMap<OriginId, { readonly place: number }>;

/** Gives out the lowest numbers that are free. */
export class Places {
  readonly #free: number[] = [];
  #count = 0;

  take(): number {
    const place = this.#free.pop() ?? this.#count;
    if (place === this.#count) this.#count += 1;
    return place;
  }

  free(place: number): void {
    this.#free.push(place);
  }
}

/** Sequences by origin; 0 for an origin of which the other end has nothing. */
export class Cursors {
  readonly #origins: Placed;
  #sequences = new Float64Array(PLACES_MIN);
  /** Of origins that are not known here. */
  readonly #strangers = new Map<OriginId, number>();
  #count = 0;

  constructor(origins: Placed) {
    this.#origins = origins;
  }

  /** How many origins the other end has something of. */
  get size(): number {
    return this.#count + this.#strangers.size;
  }

  get(id: OriginId): number {
    const origin = this.#origins.get(id);
    return origin === undefined ? (this.#strangers.get(id) ?? 0) : this.at(origin.place);
  }

  at(place: number): number {
    return this.#sequences[place] ?? 0;
  }

  set(id: OriginId, sequence: number): void {
    const origin = this.#origins.get(id);
    if (origin !== undefined) this.#setAt(origin.place, sequence);
    else if (sequence > 0) this.#strangers.set(id, sequence);
    else this.#strangers.delete(id);
  }

  delete(id: OriginId): void {
    this.set(id, 0);
  }

  /** An origin has become known: it is kept at its place from now on. */
  settle(id: OriginId): void {
    const sequence = this.#strangers.get(id);
    if (sequence === undefined) return;
    this.#strangers.delete(id);
    this.set(id, sequence);
  }

  #setAt(place: number, sequence: number): void {
    if (place >= this.#sequences.length) {
      const longer = new Float64Array(2 * place);
      longer.set(this.#sequences);
      this.#sequences = longer;
    }
    this.#count += Number(sequence > 0) - Number(this.at(place) > 0);
    this.#sequences[place] = sequence;
  }
}

/** Known origins of which something holds on a link. */
export class Marks {
  readonly #origins: Placed;
  #bits = new Uint32Array(PLACES_MIN / PLACES_PER_WORD);
  #count = 0;

  constructor(origins: Placed) {
    this.#origins = origins;
  }

  get size(): number {
    return this.#count;
  }

  has(id: OriginId): boolean {
    const origin = this.#origins.get(id);
    return origin !== undefined && this.hasAt(origin.place);
  }

  hasAt(place: number): boolean {
    return ((this.#bits[place >>> PLACE_SHIFT] ?? 0) & bitOf(place)) !== 0;
  }

  /** An origin that is not known gets no mark. */
  add(id: OriginId): void {
    const origin = this.#origins.get(id);
    if (origin !== undefined) this.addAt(origin.place);
  }

  addAt(place: number): void {
    if (this.hasAt(place)) return;
    const word = place >>> PLACE_SHIFT;
    if (word >= this.#bits.length) {
      const longer = new Uint32Array(2 * word);
      longer.set(this.#bits);
      this.#bits = longer;
    }
    this.#bits[word] = (this.#bits[word] ?? 0) | bitOf(place);
    this.#count += 1;
  }

  delete(id: OriginId): void {
    const origin = this.#origins.get(id);
    if (origin === undefined || !this.hasAt(origin.place)) return;
    const word = origin.place >>> PLACE_SHIFT;
    this.#bits[word] = (this.#bits[word] ?? 0) & ~bitOf(origin.place);
    this.#count -= 1;
  }
}

function bitOf(place: number): number {
  return 1 << (place & (PLACES_PER_WORD - 1));
}

const PLACES_PER_WORD = 32;

/** The number of a word is the place without so many bits. */
const PLACE_SHIFT = 5;

/** Room at first: a multiple of the places of a word. */
const PLACES_MIN = 64;
