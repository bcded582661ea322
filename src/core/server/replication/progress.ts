// How far a link is, for each origin: what the other end has, how it is sent the rest, what we have
// asked it for. Facts about thousands of origins stand in rows (rows.ts); work under way for a few
// stands in maps, in the order in which it has to be done. The invariants: rows and maps are
// written here and nowhere else; and nothing is left of a forgotten origin, so that its slot can be
// given to another one.
//
//   sending      the cursor and the mode; whether a look is due, or a snapshot
//   receiving    asked, and the question itself until it is sent; pruned, and the `prune` until that
//                is sent; offered here, and on its way from elsewhere; listed by the digest

import type { OriginId } from '../../../protocol/ids.ts';
import type { Line, Registration } from '../../../protocol/records.ts';
import { compareText } from '../../kit/text.ts';
import type { Missing } from '../origins/log.ts';
import type { Mode, Slotted } from './rows.ts';
import { Rows } from './rows.ts';

/** A snapshot on its way out, part by part. */
export interface Outgoing {
  readonly origin: OriginId;
  readonly sequence: number;
  readonly links: readonly OriginId[];
  readonly registrations: readonly Registration[];
  readonly missing: Missing;
  readonly isBare: boolean;
  linkIndex: number;
  index: number;
  part: number;
}

/** A snapshot on its way in. */
export interface Incoming {
  readonly origin: OriginId;
  readonly sequence: number;
  readonly links: OriginId[];
  readonly registrations: Registration[];
  readonly missing: Missing;
  /** The bytes that have come, and those of the registrations that are kept of them. */
  bytes: number;
  registrationsBytes: number;
  /** Whether it has no registrations or must have none. */
  isBare: boolean;
  parts: number;
}

/** The progress of one link. */
export class Progress {
  readonly #rows: Rows;
  /** Up to where the journal was read, for sending and for offering. */
  seenStamp = 0;
  offeredStamp = 0;
  /** Origins that need a look, beside those in the journal; whether they are offered. */
  readonly #looks = new Map<OriginId, boolean>();
  readonly #snapshots = new Set<OriginId>();
  outgoing: Outgoing | null = null;
  incoming: Incoming | null = null;
  /** When we asked for an origin that has not come yet: one question each. */
  readonly #asked = new Map<OriginId, number>();
  /** The sequences from which on we ask, at the end of the step. */
  readonly #questions = new Map<OriginId, number>();
  /** The origins that we prune, still to be told to the other end. */
  readonly #prunes = new Set<OriginId>();
  /** The origins that were offered and should come from elsewhere, and up to which sequence. */
  readonly #awaited = new Map<OriginId, number>();
  /** The origins that the other end's digest listed and that have not arrived yet. */
  readonly #listed = new Map<OriginId, number>();

  constructor(origins: Slotted) {
    this.#rows = new Rows(origins);
  }

  /** Leaves nothing of an origin. */
  forget(id: OriginId): void {
    this.#rows.clear(id);
    this.#looks.delete(id);
    this.#snapshots.delete(id);
    this.#asked.delete(id);
    this.#questions.delete(id);
    this.#prunes.delete(id);
    this.#awaited.delete(id);
    this.#listed.delete(id);
  }

  /** An origin has become known. */
  settle(id: OriginId): void {
    this.#rows.settle(id);
  }

  /** Takes over what the other end of the replaced link still has to send. */
  takeArriving(old: Progress): void {
    this.incoming = old.incoming;
    for (const [id, sequence] of old.#listed) this.#listed.set(id, sequence);
    for (const [id, sequence] of old.#awaited) this.#awaited.set(id, sequence);
  }

  /** How many origins that are not known here the other end has named, at least. */
  get namedCount(): number {
    return Math.max(this.#rows.strangersCount, this.#listed.size, this.#asked.size);
  }

  /** How many origins there are of each, for checkers. */
  get counts(): ProgressCounts {
    return {
      cursors: this.#rows.cursorsCount,
      looks: this.#looks.size,
      snapshots: this.#snapshots.size,
      asked: this.#asked.size,
      awaited: this.#awaited.size,
      listed: this.#listed.size,
    };
  }

  /** The sequence that the other end is known to have; 0 where it has nothing. */
  cursorOf(id: OriginId): number {
    return this.#rows.cursorOf(id);
  }

  cursorAt(slot: number): number {
    return this.#rows.cursorAt(slot);
  }

  setCursor(id: OriginId, sequence: number): void {
    this.#rows.setCursor(id, sequence);
  }

  /** The other end has an origin up to there at least. */
  raiseCursor(id: OriginId, sequence: number): void {
    this.setCursor(id, Math.max(sequence, this.cursorOf(id)));
  }

  /** How an origin that is known goes to the other end. */
  modeAt(slot: number): Mode {
    return this.#rows.modeAt(slot);
  }

  setModeAt(slot: number, mode: Mode): void {
    this.#rows.setModeAt(slot, mode);
  }

  /** An origin needs a look; if offered, the other end hears of it even at an equal sequence. */
  look(id: OriginId, { isOffered }: { readonly isOffered: boolean }): void {
    this.#looks.set(id, isOffered || this.#looks.get(id) === true);
  }

  get isLookDue(): boolean {
    return this.#looks.size > 0;
  }

  /** The origins that need a look now. */
  get looks(): readonly OriginId[] {
    return [...this.#looks.keys()];
  }

  /** A look is taken. Returns whether the origin is offered even at an equal sequence. */
  takeLook(id: OriginId): boolean {
    const isOffered = this.#looks.get(id) === true;
    this.#looks.delete(id);
    return isOffered;
  }

  /** An origin has to be sent as a whole. */
  sendWhole(id: OriginId): void {
    this.#snapshots.add(id);
  }

  /** Whether an origin has to be sent as a whole, or is being sent so. */
  isSentWhole(id: OriginId): boolean {
    return this.outgoing?.origin === id || this.isSnapshotDue(id);
  }

  isSnapshotDue(id: OriginId): boolean {
    return this.#snapshots.has(id);
  }

  /** The snapshots that are due; one that is taken is no longer due. */
  *takeSnapshots(): Generator<OriginId> {
    for (const id of this.#snapshots) {
      this.#snapshots.delete(id);
      yield id;
    }
  }

  /** When we asked for an origin, if that was not answered yet. */
  askedMs(id: OriginId): number | undefined {
    return this.#asked.get(id);
  }

  /** The origins that were asked for and have not come. */
  get asked(): Iterable<OriginId> {
    return this.#asked.keys();
  }

  /** We ask for entries after a sequence: so the other end no longer takes it for pruned. */
  ask({ origin, sequence }: Line, nowMs: number): void {
    this.#asked.set(origin, nowMs);
    this.#prunes.delete(origin);
    this.#rows.setPruned(origin, false);
    this.#questions.set(origin, sequence);
  }

  /** It came, or it will not. Returns whether it was asked for. */
  endQuestion(id: OriginId): boolean {
    return this.#asked.delete(id);
  }

  /** The questions to send now. */
  takeQuestions(): Line[] {
    const lines = [...this.#questions].map(([origin, sequence]) => ({ origin, sequence }));
    this.#questions.clear();
    return lines;
  }

  isPruned(id: OriginId): boolean {
    return this.#rows.isPruned(id);
  }

  /** We get an origin sooner from elsewhere; the other end has to be told. */
  prune(id: OriginId): void {
    this.#rows.setPruned(id, true);
    this.#prunes.add(id);
  }

  /** The other end sends its entries again, or may. */
  endPrune(id: OriginId): void {
    this.#rows.setPruned(id, false);
  }

  /** The pruned origins to tell the other end now, in order. */
  takePrunes(): OriginId[] {
    if (this.#prunes.size === 0) return [];
    const origins = [...this.#prunes].sort(compareText);
    this.#prunes.clear();
    return origins;
  }

  /** New entries of an origin up to there were offered, and should come from elsewhere. */
  awaitElsewhere({ origin, sequence }: Line): void {
    this.#awaited.set(origin, sequence);
  }

  /** The origins that were offered and should have come from elsewhere, in order. */
  get awaited(): Line[] {
    const lines = [...this.#awaited].map(([origin, sequence]) => ({ origin, sequence }));
    return lines.sort((one, other) => compareText(one.origin, other.origin));
  }

  get isAwaiting(): boolean {
    return this.#awaited.size > 0;
  }

  endAwaited(id: OriginId): void {
    this.#awaited.delete(id);
  }

  /** The other end's digest lists an origin, up to there. */
  list({ origin, sequence }: Line): void {
    this.#listed.set(origin, sequence);
  }

  /** Up to where the digest listed an origin that has not arrived yet. */
  listedSequence(id: OriginId): number | undefined {
    return this.#listed.get(id);
  }

  /** It has arrived, or will not. Returns whether it was expected. */
  endListed(id: OriginId): boolean {
    return this.#listed.delete(id);
  }

  /** Whether all that the digest listed has arrived. */
  get hasAllListed(): boolean {
    return this.#listed.size === 0;
  }
}

/** How many origins a link keeps something of. */
export interface ProgressCounts {
  readonly cursors: number;
  readonly looks: number;
  readonly snapshots: number;
  readonly asked: number;
  readonly awaited: number;
  readonly listed: number;
}
