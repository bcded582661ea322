// The catalogue: the union of the logs, by service and instance. It is told what an origin holds
// and what that origin is thought to be (its standing), and says what clients see of an instance.
// The invariant: every change of what clients see is in `changes` once, in order, with its cause.

import type { InstanceId, Name, OriginId } from '../protocol/ids.ts';
import type { Cause, Instance, InstanceState, Registration } from '../protocol/records.ts';

/** What this server thinks of an origin: see reachability.ts. */
export type Standing = 'new' | 'reachable' | 'suspect' | 'aside' | 'split';

/** Where a holder is, and what is thought of it. */
export interface HolderView {
  readonly host: Name;
  readonly cluster: Name;
  readonly standing: Standing;
}

/** A change of what clients see. */
export interface Change {
  readonly change: 'added' | 'updated' | 'stale' | 'live' | 'removed';
  readonly instance: Instance;
  readonly cause?: Cause;
}

interface Offer {
  readonly holders: Map<OriginId, Registration>;
  seen: Instance | null;
}

/** How many instances there are. */
export interface Counts {
  live: number;
  stale: number;
}

/** All instances of all origins. */
export class Catalogue {
  /** Taken and emptied at the end of every step. */
  changes: Change[] = [];
  readonly counts: Counts = { live: 0, stale: 0 };
  readonly #holderOf: (origin: OriginId) => HolderView;
  readonly #offers = new Map<InstanceId, Offer>();
  readonly #services = new Map<string, Set<InstanceId>>();
  /** What was asked for, until it changes. */
  readonly #answers = new Map<string, readonly Instance[]>();

  constructor(holderOf: (origin: OriginId) => HolderView) {
    this.#holderOf = holderOf;
  }

  /** An origin holds an instance, or holds it otherwise than before. */
  put(origin: OriginId, registration: Registration): void {
    let offer = this.#offers.get(registration.instance);
    if (offer === undefined) {
      offer = { holders: new Map(), seen: null };
      this.#offers.set(registration.instance, offer);
    }
    offer.holders.set(origin, registration);
    this.#look(registration.instance, offer, 'replaced');
  }

  /** An origin holds an instance no longer. */
  delete(origin: OriginId, instance: InstanceId, cause: Cause): void {
    const offer = this.#offers.get(instance);
    if (offer?.holders.delete(origin) !== true) return;
    this.#look(instance, offer, cause);
    if (offer.holders.size === 0) this.#offers.delete(instance);
  }

  /** The standing of an origin has changed: looks again at all that it holds. */
  review(instances: Iterable<InstanceId>, cause: Cause): void {
    for (const instance of instances) {
      const offer = this.#offers.get(instance);
      if (offer !== undefined) this.#look(instance, offer, cause);
    }
  }

  /**
   * What clients see of a service, in the order of the instances' ids. As long as nothing of it
   * changes it is the same list, by which the codec knows it again.
   */
  instancesOf(service: string): readonly Instance[] {
    const kept = this.#answers.get(service);
    if (kept !== undefined) return kept;
    const ids = this.#services.get(service);
    // Of names that nobody has offered nothing is kept: anyone can think of any number of them.
    if (ids === undefined) return [];
    const instances = [...ids].sort(compareText).flatMap((id) => this.#offers.get(id)?.seen ?? []);
    this.#answers.set(service, instances);
    return instances;
  }

  /** The services of which there is an instance, by name. */
  serviceNames(): string[] {
    return [...this.#services.keys()].sort(compareText);
  }

  get servicesCount(): number {
    return this.#services.size;
  }

  #look(id: InstanceId, offer: Offer, cause: Cause): void {
    const before = offer.seen;
    const after = this.#seenOf(offer);
    offer.seen = after;
    if (before !== null) this.#count(id, before, -1);
    if (after !== null) this.#count(id, after, 1);
    const change = changeBetween(before, after);
    if (change === null) return;
    const instance = after ?? before;
    if (instance === null) return;
    if (before !== null && before.registration.service !== instance.registration.service) {
      this.changes.push({ change: 'removed', instance: before, cause: 'replaced' });
      this.changes.push({ change: 'added', instance });
      return;
    }
    this.changes.push(change === 'removed' ? { change, instance, cause } : { change, instance });
  }

  #seenOf(offer: Offer): Instance | null {
    let best: Instance | null = null;
    for (const [origin, registration] of offer.holders) {
      const { host, cluster, standing } = this.#holderOf(origin);
      const state = STATE_OF_STANDING[standing];
      if (state === null) continue;
      const candidate = { registration, host, cluster, state };
      if (best === null || isBetter(candidate, best)) best = candidate;
    }
    return best;
  }

  #count(id: InstanceId, seen: Instance, step: 1 | -1): void {
    this.counts[seen.state === 'stale' ? 'stale' : 'live'] += step;
    const service = seen.registration.service;
    this.#answers.delete(service);
    const ids = this.#services.get(service);
    if (step === 1) {
      if (ids === undefined) this.#services.set(service, new Set([id]));
      else ids.add(id);
    } else if (ids !== undefined) {
      ids.delete(id);
      if (ids.size === 0) this.#services.delete(service);
    }
  }
}

/** Orders texts by their UTF-16 units: the same everywhere. */
export function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

const STATE_OF_STANDING: Readonly<Record<Standing, InstanceState | null>> = {
  new: null,
  reachable: 'live',
  suspect: 'suspect',
  aside: null,
  split: 'stale',
};

const RANK: Readonly<Record<InstanceState, number>> = { live: 0, suspect: 1, stale: 2 };

function isBetter(one: Instance, other: Instance): boolean {
  const byLife = Number(one.state === 'stale') - Number(other.state === 'stale');
  if (byLife !== 0) return byLife < 0;
  const byRevision = other.registration.revision - one.registration.revision;
  return byRevision !== 0 ? byRevision < 0 : RANK[one.state] < RANK[other.state];
}

function changeBetween(before: Instance | null, after: Instance | null): Change['change'] | null {
  if (before === null) return after === null ? null : 'added';
  if (after === null) return 'removed';
  const isStale = after.state === 'stale';
  if (isStale !== (before.state === 'stale')) return isStale ? 'stale' : 'live';
  const isSame =
    before.registration === after.registration ||
    before.registration.revision === after.registration.revision;
  return isSame ? null : 'updated';
}
