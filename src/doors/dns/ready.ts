// Ready bytes of answers, by question and room, so that the answer for a popular service is written
// now and then and not each time. The invariants: the memory never exceeds its bound. Each order of
// an answer is used only a few times, so that callers spread, but only so many a second are made
// anew, however many clients ask.

import type { Encoded } from './encoder.ts';
import type { DnsBasis, FoundInstances } from './responder.ts';

/** One order of an answer, and how often it may still be used. */
interface Order {
  readonly encoded: Encoded;
  uses: number;
}

/** Answers to one question that say the same. */
export interface Answers {
  readonly orders: Order[];
  /** Of how many orders one is chosen. */
  readonly ordersWanted: number;
  /** The catalogue's stamp when it was last known to be right. */
  stamp: number | null;
  /** When an order was last given up. */
  renewedMs: number;
}

/** Those that name instances: they outlive changes that do not touch these. */
export interface Kept extends Answers {
  readonly basis: DnsBasis;
}

/** The settings of ready answers. */
export interface ReadyOptions {
  /** From 0 (included) to 1. */
  readonly random: () => number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** Answers that are ready. */
export class Ready {
  readonly #kept = new Map<string, Kept>();
  readonly #options: ReadyOptions;
  #bytes = 0;

  constructor(options: ReadyOptions) {
    this.#options = options;
  }

  /** The ready answers for a key. */
  of(key: string): Kept | undefined {
    return this.#kept.get(key);
  }

  /** One of the orders, if there are enough to choose among. */
  pick(kept: Answers): Encoded | null {
    const { orders } = kept;
    if (orders.length < kept.ordersWanted) return null;
    const index = orders.length === 1 ? 0 : Math.floor(this.#options.random() * orders.length);
    const order = orders[index];
    if (order === undefined) return null;
    order.uses -= 1;
    if (order.uses === 0) this.#renew(kept, index);
    return order.encoded;
  }

  /** Keeps one more order of an answer, beside those with the same basis. */
  keep(key: string, basis: DnsBasis, encoded: Encoded): void {
    const before = this.#kept.get(key);
    const isSame = before !== undefined && restsOn(before.basis, basis, basis.services);
    if (before !== undefined && !isSame) this.#forget(key, before);
    if (this.#bytes + encoded.bytes.length > BYTES_MAX || this.#kept.size >= KEYS_MAX) {
      for (const [other, old] of this.#kept) this.#forget(other, old);
    }
    const kept = this.#kept.get(key) ?? { basis, ...noneYet(ordersOf(basis)) };
    kept.orders.push({ encoded, uses: USES_MAX });
    this.#kept.set(key, kept);
    this.#bytes += encoded.bytes.length;
  }

  /** How much is kept, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Gives up an order that is used up, if there are others and none was given up just now. */
  #renew(kept: Answers, index: number): void {
    const { orders } = kept;
    const order = orders[index];
    if (order === undefined) return;
    const nowMs = this.#options.nowMs();
    if (orders.length === 1 || nowMs < kept.renewedMs + RENEWAL_MS) {
      order.uses = USES_MAX;
      return;
    }
    kept.renewedMs = nowMs;
    orders.splice(index, 1);
    this.#bytes -= order.encoded.bytes.length;
  }

  /** A holder of it finds it empty. */
  #forget(key: string, { orders }: Kept): void {
    for (const { encoded } of orders) this.#bytes -= encoded.bytes.length;
    orders.length = 0;
    this.#kept.delete(key);
  }
}

/** One answer, which is right while nothing at all changes. */
export function answerAt(stamp: number, encoded: Encoded): Answers {
  const answers = noneYet(1);
  answers.orders.push({ encoded, uses: USES_MAX });
  answers.stamp = stamp;
  return answers;
}

function noneYet(ordersWanted: number): Answers {
  return { orders: [], ordersWanted, stamp: null, renewedMs: -Infinity };
}

/** Whether an answer has exactly this basis. */
export function restsOn(
  basis: DnsBasis,
  { instances, view }: FoundInstances,
  services: DnsBasis['services'],
): boolean {
  const { complete, missing, missingCount, why } = basis.view;
  if (missingCount !== view.missingCount) return false;
  const isSameView =
    complete === view.complete && why === view.why && isSame(missing, view.missing);
  return basis.instances === instances && basis.services === services && isSameView;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  if (one === other) return true;
  return one.length === other.length && one.every((host, index) => host === other[index]);
}

/** One instance has one order; several have so many that each is first about equally often. */
function ordersOf({ instances }: DnsBasis): number {
  return instances.length === 1 ? 1 : ORDERS_MAX;
}

const ORDERS_MAX = 32;
const USES_MAX = 96;

/** Between two orders that are given up: all of them are others within a second. */
const RENEWAL_MS = 30;

/** The most bytes that are kept: then it begins anew. */
const KEYS_MAX = 1_024;
const BYTES_MAX = 4 * 1024 * 1024;
