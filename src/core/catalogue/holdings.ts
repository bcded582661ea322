// The origins that hold an instance, and the record that each holds. Both servers of a host hold
// the same record, so nearly always there is one holding with two holders. All instances of a host
// have the same two origins: that list is kept once. Holdings are never changed, only replaced. The
// invariant: an origin holds one record of an instance, and the latest record that any origin ever
// held stays as long as another is held, because a service never goes back.

import type { OriginId } from '../../protocol/ids.ts';
import type { Registration } from '../../protocol/records.ts';
import { Pool } from './sharing.ts';

/** A record of an instance, and its holders. */
export interface Holding {
  readonly registration: Registration;
  /**
   * In the order in which they came to hold it; empty if it is only the latest record there was.
   */
  readonly holders: readonly OriginId[];
  /** Another record, while an update is under way. A chain is smaller than any container. */
  readonly next: Holding | null;
}

/** Lists of holders, each of them once. */
export class HolderLists {
  readonly #known = new Pool<readonly OriginId[]>();
  /** Those of an origin's instances are alike and come together. */
  #latest: readonly OriginId[] = [];

  /** The list of these, in this order. */
  one(holders: readonly OriginId[]): readonly OriginId[] {
    const isLatest =
      holders.length === this.#latest.length &&
      holders.every((holder, index) => holder === this.#latest[index]);
    if (!isLatest) this.#latest = this.#known.one(holders.join(' '), () => holders);
    return this.#latest;
  }
}

/** All that hold an instance, in any record. */
export function holdersOf(holdings: Holding | null): OriginId[] {
  return listed(holdings).flatMap(({ holders }) => holders);
}

/** The record that an origin holds. */
export function recordOf(holdings: Holding | null, origin: OriginId): Registration | null {
  for (let holding = holdings; holding !== null; holding = holding.next) {
    if (holding.holders.includes(origin)) return holding.registration;
  }
  return null;
}

/** The record that an origin answers with: its own or, if it is behind, the latest one. */
export function latestBy(holdings: Holding, origin: OriginId): Registration | null {
  const own = recordOf(holdings, origin);
  if (own === null || holdings.next === null) return own;
  let latest = own;
  for (let holding: Holding | null = holdings; holding !== null; holding = holding.next) {
    if (latest.revision < holding.registration.revision) latest = holding.registration;
  }
  return latest;
}

/** The holdings once an origin holds this record, and no other. */
export function withHolder(
  holdings: Holding | null,
  { origin, registration }: { readonly origin: OriginId; readonly registration: Registration },
  lists: HolderLists,
): Holding | null {
  return settled(added(removed(holdings, origin, lists), { origin, registration }, lists));
}

/** The holdings without those of an origin; null once no origin holds any. */
export function withoutHolder(
  holdings: Holding | null,
  origin: OriginId,
  lists: HolderLists,
): Holding | null {
  return settled(removed(holdings, origin, lists));
}

function removed(holdings: Holding | null, origin: OriginId, lists: HolderLists): Holding | null {
  if (holdings === null) return null;
  const { registration, holders, next } = holdings;
  if (next === null && !holders.includes(origin)) return holdings;
  const others = holders.filter((holder) => holder !== origin);
  const left = others.length === holders.length ? holders : lists.one(others);
  return { registration, holders: left, next: removed(next, origin, lists) };
}

/** Of records without holders only the latest stays, and only while another record is held. */
function settled(holdings: Holding | null): Holding | null {
  if (holdings !== null && holdings.next === null && holdings.holders.length > 0) return holdings;
  const all = listed(holdings);
  if (all.every(({ holders }) => holders.length === 0)) return null;
  return all
    .filter((one) => one.holders.length > 0 || all.every((other) => isBefore(other, one)))
    .reduceRight<Holding | null>((next, { registration, holders }) => {
      return { registration, holders, next };
    }, null);
}

function isBefore(other: Holding, one: Holding): boolean {
  return other === one || other.registration.revision < one.registration.revision;
}

function listed(holdings: Holding | null): Holding[] {
  const all: Holding[] = [];
  for (let holding = holdings; holding !== null; holding = holding.next) all.push(holding);
  return all;
}

function added(
  holdings: Holding | null,
  held: { readonly origin: OriginId; readonly registration: Registration },
  lists: HolderLists,
): Holding {
  if (holdings === null) {
    const { registration, origin } = held;
    return { registration, holders: lists.one([origin]), next: null };
  }
  const { registration, holders, next } = holdings;
  if (registration !== held.registration) {
    return { registration, holders, next: added(next, held, lists) };
  }
  return { registration, holders: lists.one([...holders, held.origin]), next };
}
