// Answers that are kept ready, by the question, so that an answer that many clients ask for is not
// written each time. The invariants: an answer is given again only while all that it depends on is the
// same; none has an age in it; the memory never exceeds its bound; and each order of an answer is given
// only a few times, so that callers spread, but only a bounded number a second is made anew, however
// many clients ask.

import type { HttpView } from './view.ts';

/** The basis of an answer: the list that the core gave, and its report of the view. */
export interface Basis {
  readonly rows: readonly object[];
  readonly view: HttpView;
}

/** An answer that may be kept. */
export interface Keepable {
  /** How much memory it takes, in bytes. */
  readonly bytes: number;
}

/** One order of an answer, and how often it may still be given. */
interface Order<A> {
  readonly answer: A;
  uses: number;
}

/** The answers to one question. */
interface Kept<A> {
  readonly basis: Basis;
  readonly orders: Order<A>[];
  /** How many there are to be before one of them is given. */
  readonly ordersWanted: number;
  /** The stamp of the core's knowledge when they were last known to be right. */
  stamp: number | null;
  /** When an order was last given up. */
  renewedMs: number;
}

/** What kept answers need. */
interface KeptOptions {
  /** From 0 (included) to 1. */
  readonly random: () => number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** The answers that are ready. */
export class KeptAnswers<A extends Keepable> {
  readonly #kept = new Map<string, Kept<A>>();
  readonly #options: KeptOptions;
  #bytes = 0;

  constructor(options: KeptOptions) {
    this.#options = options;
  }

  /** How much is kept, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The answer to a question if nothing at all has changed since; null stands for no stamp. */
  again(question: string, stamp: number | null): A | null {
    if (stamp === null) return null;
    const kept = this.#kept.get(question);
    return kept?.stamp === stamp ? this.#pick(kept) : null;
  }

  /** The answer to a question if what it rests on is still this, of which the stamp is told. */
  confirmed(question: string, basis: Basis, stamp: number | null): A | null {
    const kept = this.#kept.get(question);
    if (kept === undefined || !isSameBasis(kept.basis, basis)) return null;
    kept.stamp = stamp;
    return this.#pick(kept);
  }

  /** Keeps one more order of an answer, beside those that rest on the same. */
  keep(question: string, basis: Basis, answer: A): void {
    const ordersWanted = ordersWantedOf(basis, answer);
    if (question.length > QUESTION_LENGTH_MAX || ordersWanted === 0) return;
    const before = this.#kept.get(question);
    if (before !== undefined && !isSameBasis(before.basis, basis)) this.#forget(question, before);
    if (this.#bytes + answer.bytes > BYTES_MAX || this.#kept.size >= QUESTIONS_MAX) {
      for (const [other, old] of this.#kept) this.#forget(other, old);
    }
    const none = { basis, orders: [], ordersWanted, stamp: null, renewedMs: -Infinity };
    const kept: Kept<A> = this.#kept.get(question) ?? none;
    kept.orders.push({ answer, uses: USES_MAX });
    this.#kept.set(question, kept);
    this.#bytes += answer.bytes;
  }

  /** One of the orders, if there are enough to choose among. */
  #pick(kept: Kept<A>): A | null {
    const { orders } = kept;
    if (orders.length < kept.ordersWanted) return null;
    const index = orders.length === 1 ? 0 : Math.floor(this.#options.random() * orders.length);
    const order = orders[index];
    if (order === undefined) return null;
    order.uses -= 1;
    if (order.uses <= 0 && orders.length > 1) this.#renew(kept, index);
    return order.answer;
  }

  /** Gives up an order that is used up, if none was given up just now. */
  #renew(kept: Kept<A>, index: number): void {
    const nowMs = this.#options.nowMs();
    if (nowMs < kept.renewedMs + RENEWAL_MS) return;
    kept.renewedMs = nowMs;
    for (const { answer } of kept.orders.splice(index, 1)) this.#bytes -= answer.bytes;
  }

  #forget(question: string, { orders }: Kept<A>): void {
    for (const { answer } of orders) this.#bytes -= answer.bytes;
    this.#kept.delete(question);
  }
}

function isSameBasis(one: Basis, other: Basis): boolean {
  return one.rows === other.rows && isSameView(one.view, other.view);
}

function isSameView(one: HttpView, other: HttpView): boolean {
  if (one.complete !== other.complete || one.why !== other.why) return false;
  if (one.missingCount !== other.missingCount) return false;
  if (one.missing.length !== other.missing.length) return false;
  return one.missing.every((host, index) => host === other.missing[index]);
}

/**
 * How many orders there are to be: one row has one, several have so many that each is first about as
 * often. Of a large answer there are fewer, and of which there were too few none is kept.
 */
function ordersWantedOf({ rows }: Basis, { bytes }: Keepable): number {
  const room = Math.floor(BYTES_OF_ONE_MAX / Math.max(1, bytes));
  if (rows.length <= 1) return Math.min(1, room);
  return room < ORDERS_MIN ? 0 : Math.min(room, ORDERS_MAX);
}

const ORDERS_MIN = 8;
const ORDERS_MAX = 32;
const USES_MAX = 96;

/** Between two orders that are given up: all of them are others within a second. */
const RENEWAL_MS = 30;

/** The most bytes that are kept: then it begins anew. */
const QUESTIONS_MAX = 1_024;
const QUESTION_LENGTH_MAX = 512;
const BYTES_OF_ONE_MAX = 1024 * 1024;
const BYTES_MAX = 4 * 1024 * 1024;
