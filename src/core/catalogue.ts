// The catalogue: the union of the logs, by service and instance. It is told what an origin holds
// and what that origin is thought to be (its standing), and says what clients see of an instance.
// The invariant: every change of what clients see is in `changes` once, in order, with its cause.

import type { InstanceId, Name, OriginId } from '../protocol/ids.ts';
import type { Cause, Instance, InstanceState, Registration, Tag } from '../protocol/records.ts';

/** What this server thinks of an origin: see reachability.ts. */
export type Standing = 'new' | 'reachable' | 'suspect' | 'aside' | 'split';

/** Where a holder is, and what is thought of it. */
export interface Holders {
  readonly placeOf: (origin: OriginId) => { readonly host: Name; readonly cluster: Name };
  readonly standingOf: (origin: OriginId) => Standing;
}

/** A change of what clients see. */
export interface Change {
  readonly change: 'added' | 'updated' | 'stale' | 'live' | 'removed';
  readonly instance: Instance;
  readonly cause?: Cause;
}

/** An origin that holds an instance, and how. It is never changed, only replaced by another one. */
interface Holding {
  readonly origin: OriginId;
  readonly registration: Registration;
  /** Nearly always there are two: a chain is smaller than any container. */
  readonly next: Holding | null;
}

interface Offer {
  holdings: Holding | null;
  /** The registration at the highest revision that any origin ever held while one holds it. */
  latest: Registration;
  /** What clients see: the best of the holdings, and the state of its holder. */
  best: Holding | null;
  state: InstanceState | null;
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
  readonly #holders: Holders;
  readonly #offers = new Map<InstanceId, Offer>();
  readonly #services = new Map<string, Set<InstanceId>>();
  /** What its service has given up, and at which revision: the latest of them. */
  readonly #givenUp = new Map<InstanceId, number>();
  /** What was asked for, until it changes. */
  readonly #answers = new Map<string, readonly Instance[]>();

  constructor(holders: Holders) {
    this.#holders = holders;
  }

  /** An origin holds an instance, or holds it otherwise than before. */
  put(origin: OriginId, registration: Registration): void {
    let offer = this.#offers.get(registration.instance);
    if (offer === undefined) {
      offer = { holdings: null, latest: registration, best: null, state: null };
      this.#offers.set(registration.instance, offer);
    }
    if (registration.revision > offer.latest.revision) offer.latest = registration;
    offer.holdings = withHolding(offer.holdings, { origin, registration, next: null });
    this.#look(registration.instance, offer, 'replaced');
  }

  /** An origin holds an instance no longer. */
  delete(origin: OriginId, instance: InstanceId, cause: Cause): void {
    const offer = this.#offers.get(instance);
    if (offer === undefined || holdingOf(offer.holdings, origin) === null) return;
    offer.holdings = without(offer.holdings, origin);
    this.#look(instance, offer, cause);
    if (offer.holdings === null) this.#offers.delete(instance);
  }

  /**
   * The service of an instance has given it up, an origin says. What others still say of it is
   * older, and may come later: it is over, unless it is offered anew, at a higher revision.
   */
  giveUp(origin: OriginId, instance: InstanceId, cause: Cause): void {
    const held = holdingOf(this.#offers.get(instance)?.holdings ?? null, origin);
    if (held !== null) this.#noteGivenUp(instance, held.registration.revision);
    this.delete(origin, instance, cause);
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
    const instances = [...ids]
      .sort(compareText)
      .flatMap((id) => this.#seenOf(this.#offers.get(id)) ?? []);
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

  /** The equal record that another origin holds, so that both keep one; else the record itself. */
  shared(registration: Registration): Registration {
    const known = this.#offers.get(registration.instance)?.holdings?.registration;
    return known !== undefined && isEqual(known, registration) ? known : registration;
  }

  #look(id: InstanceId, offer: Offer, cause: Cause): void {
    const { best, state } = offer;
    this.#choose(id, offer);
    this.#forgetAnswers({ best, state }, offer);
    const change = changeBetween({ best, state }, offer);
    if (change === null) return;
    const before = this.#instanceOf(best, state);
    const after = this.#seenOf(offer);
    if (before !== null) this.#count(id, before, -1);
    if (after !== null) this.#count(id, after, 1);
    const instance = after ?? before;
    if (instance === null) return;
    if (before !== null && before.registration.service !== instance.registration.service) {
      this.changes.push({ change: 'removed', instance: before, cause: 'replaced' });
      this.changes.push({ change: 'added', instance });
      return;
    }
    this.changes.push(change === 'removed' ? { change, instance, cause } : { change, instance });
  }

  #noteGivenUp(instance: InstanceId, revision: number): void {
    this.#givenUp.set(instance, revision);
    const [oldest] = this.#givenUp.keys();
    if (oldest !== undefined && this.#givenUp.size > GIVEN_UP_MAX) this.#givenUp.delete(oldest);
  }

  #choose(id: InstanceId, offer: Offer): void {
    const overAt = this.#givenUp.get(id) ?? -Infinity;
    offer.best = null;
    offer.state = null;
    for (let holding = offer.holdings; holding !== null; holding = holding.next) {
      if (holding.registration.revision <= overAt) continue;
      const state = STATE_OF_STANDING[this.#holders.standingOf(holding.origin)];
      if (state === null) continue;
      if (offer.state !== null && RANK[state] >= RANK[offer.state]) continue;
      offer.best = holding;
      offer.state = state;
    }
    // Whoever is behind holds it all the same, as it is now: its service never goes back.
    const { best, latest } = offer;
    if (best !== null && best.registration.revision < latest.revision) {
      offer.best = { ...best, registration: latest };
    }
  }

  /** What no watch is told of changes an answer all the same: who holds it, whether in doubt. */
  #forgetAnswers(before: Seen, after: Seen): void {
    if (before.best === after.best && before.state === after.state) return;
    for (const { best } of [before, after]) {
      if (best !== null) this.#answers.delete(best.registration.service);
    }
  }

  #seenOf(offer: Offer | undefined): Instance | null {
    return offer === undefined ? null : this.#instanceOf(offer.best, offer.state);
  }

  #instanceOf(best: Holding | null, state: InstanceState | null): Instance | null {
    if (best === null || state === null) return null;
    const { host, cluster } = this.#holders.placeOf(best.origin);
    return { registration: best.registration, host, cluster, state };
  }

  #count(id: InstanceId, seen: Instance, step: 1 | -1): void {
    this.counts[seen.state === 'stale' ? 'stale' : 'live'] += step;
    const service = seen.registration.service;
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

function holdingOf(holdings: Holding | null, origin: OriginId): Holding | null {
  for (let holding = holdings; holding !== null; holding = holding.next) {
    if (holding.origin === origin) return holding;
  }
  return null;
}

/** The same holdings, in the same order, with one replaced or added. */
function withHolding(holdings: Holding | null, held: Holding): Holding {
  if (holdings === null) return held;
  if (holdings.origin === held.origin) return { ...held, next: holdings.next };
  return { ...holdings, next: withHolding(holdings.next, held) };
}

/** The same holdings but one, in the same order. */
function without(holdings: Holding | null, origin: OriginId): Holding | null {
  if (holdings === null) return null;
  if (holdings.origin === origin) return holdings.next;
  return { ...holdings, next: without(holdings.next, origin) };
}

function isEqual(one: Registration, other: Registration): boolean {
  const { revision, service, address, port, scheme, tags } = one;
  if (revision !== other.revision || service !== other.service || port !== other.port) return false;
  if (address !== other.address || scheme !== other.scheme) return false;
  const isSame = (tag: Tag, index: number): boolean =>
    tag.key === other.tags[index]?.key && tag.value === other.tags[index].value;
  return tags.length === other.tags.length && tags.every(isSame);
}

/** Orders texts by their UTF-16 units: the same everywhere. */
export function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** As many as a large deployment gives up while the slowest news of it is under way. */
const GIVEN_UP_MAX = 16_384;

const STATE_OF_STANDING: Readonly<Record<Standing, InstanceState | null>> = {
  new: null,
  reachable: 'live',
  suspect: 'suspect',
  aside: null,
  split: 'stale',
};

const RANK: Readonly<Record<InstanceState, number>> = { live: 0, suspect: 1, stale: 2 };

interface Seen {
  readonly best: Holding | null;
  readonly state: InstanceState | null;
}

function changeBetween(before: Seen, after: Seen): Change['change'] | null {
  if (before.best === null) return after.best === null ? null : 'added';
  if (after.best === null) return 'removed';
  const isStale = after.state === 'stale';
  if (isStale !== (before.state === 'stale')) return isStale ? 'stale' : 'live';
  const [old, now] = [before.best.registration, after.best.registration];
  return old.revision === now.revision && old.service === now.service ? null : 'updated';
}
