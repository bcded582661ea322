// The row that a link always keeps for each origin: its cursor, how it is sent, and whether we
// pruned it. A master has a hundred links, and each of them knows thousands of origins, so each
// origin has a slot, a small number, at which every link keeps its row: nine bytes, where a Map
// takes fifty for each value. The invariant: a slot is given to another origin only when no link
// has anything at it.

import type { OriginId } from '../../../protocol/ids.ts';

/** The slots of the origins that are known. */
export type Slotted = ReadonlyMap<OriginId, { readonly slot: number }>;

/**
 * How the entries of an origin go to the other end. Eager: it was sent them or asked for them, and
 * gets further ones. Lazy: it gets them sooner from elsewhere, and is only offered them. Open:
 * neither is known, and the graph of links decides.
 */
export type Mode = 'open' | 'eager' | 'lazy';

/** One row for each origin. */
export class Rows {
  readonly #origins: Slotted;
  #cursors = new Float64Array(SLOTS_MIN);
  #states = new Uint8Array(SLOTS_MIN);
  /** Cursors of origins that are not known here. */
  readonly #strangers = new Map<OriginId, number>();
  #cursorsCount = 0;

  constructor(origins: Slotted) {
    this.#origins = origins;
  }

  /** How many origins the other end has something of. */
  get cursorsCount(): number {
    return this.#cursorsCount + this.#strangers.size;
  }

  /** How many of them are not known here. */
  get strangersCount(): number {
    return this.#strangers.size;
  }

  /** The sequence that the other end is known to have; 0 where it has nothing. */
  cursorOf(id: OriginId): number {
    const origin = this.#origins.get(id);
    return origin === undefined ? (this.#strangers.get(id) ?? 0) : this.cursorAt(origin.slot);
  }

  cursorAt(slot: number): number {
    return this.#cursors[slot] ?? 0;
  }

  /** At 0 the other end has nothing: then nothing is kept for an unknown origin. */
  setCursor(id: OriginId, sequence: number): void {
    const origin = this.#origins.get(id);
    if (origin !== undefined) this.#setCursorAt(origin.slot, sequence);
    else if (sequence > 0) this.#strangers.set(id, sequence);
    else this.#strangers.delete(id);
  }

  /** An origin has become known: its cursor is kept at its slot from now on. */
  settle(id: OriginId): void {
    const sequence = this.#strangers.get(id);
    if (sequence === undefined) return;
    this.#strangers.delete(id);
    this.setCursor(id, sequence);
  }

  modeAt(slot: number): Mode {
    return MODES[this.#stateAt(slot) & MODE_BITS] ?? 'open';
  }

  setModeAt(slot: number, mode: Mode): void {
    this.#setStateAt(slot, (this.#stateAt(slot) & ~MODE_BITS) | MODES.indexOf(mode));
  }

  /** Whether the other end was told that we get an origin sooner from elsewhere. */
  isPruned(id: OriginId): boolean {
    const slot = this.#origins.get(id)?.slot;
    return slot !== undefined && (this.#stateAt(slot) & PRUNED_BIT) !== 0;
  }

  /** An origin that is not known cannot be pruned. */
  setPruned(id: OriginId, isPruned: boolean): void {
    const slot = this.#origins.get(id)?.slot;
    if (slot === undefined) return;
    const others = this.#stateAt(slot) & ~PRUNED_BIT;
    this.#setStateAt(slot, isPruned ? others | PRUNED_BIT : others);
  }

  /** Leaves nothing of an origin. */
  clear(id: OriginId): void {
    this.setCursor(id, 0);
    const slot = this.#origins.get(id)?.slot;
    if (slot !== undefined) this.#setStateAt(slot, 0);
  }

  #stateAt(slot: number): number {
    return this.#states[slot] ?? 0;
  }

  #setStateAt(slot: number, state: number): void {
    if (state === this.#stateAt(slot)) return;
    this.#makeRoom(slot);
    this.#states[slot] = state;
  }

  #setCursorAt(slot: number, sequence: number): void {
    const before = this.cursorAt(slot);
    if (sequence === before) return;
    this.#makeRoom(slot);
    this.#cursorsCount += Number(sequence > 0) - Number(before > 0);
    this.#cursors[slot] = sequence;
  }

  #makeRoom(slot: number): void {
    if (slot < this.#cursors.length) return;
    const [cursors, states] = [new Float64Array(2 * slot), new Uint8Array(2 * slot)];
    cursors.set(this.#cursors);
    states.set(this.#states);
    this.#cursors = cursors;
    this.#states = states;
  }
}

/** In the lowest bits of the state of a row: where in this list its mode is. */
const MODES: readonly Mode[] = ['open', 'eager', 'lazy'];
const MODE_BITS = 3;
const PRUNED_BIT = 4;

/** Room at first. */
const SLOTS_MIN = 64;
