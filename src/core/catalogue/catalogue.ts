// The catalogue: the union of the logs, by service and instance. Its inputs are the instances that
// an origin holds and the origin's standing; its output is what clients see of an instance. The
// invariant: every change that clients see is in `changes` once, in order, with its cause.

import type { InstanceId, Name, OriginId } from '../../protocol/ids.ts';
import type {
  Cause,
  Instance,
  InstanceState,
  Registration,
  Service,
} from '../../protocol/records.ts';
import { compareText } from '../kit/text.ts';
import { DoubtedHolders } from './doubts.ts';
import { GivenUp } from './given-up.ts';
import type { Holding } from './holdings.ts';
import {
  HolderLists,
  holdersOf,
  latestBy,
  recordOf,
  withHolder,
  withoutHolder,
} from './holdings.ts';
import { Membership } from './members.ts';
import { isEqual, Pool, Sharing } from './sharing.ts';

/** The verdict of this server on an origin: see reachability.ts. */
export type Standing = 'new' | 'reachable' | 'suspect' | 'crashed' | 'split';

/** Where a holder is, and its standing. */
export interface Holders {
  readonly placeOf: (origin: OriginId) => {
    readonly host: Name;
    readonly cluster: Name;
    readonly name: Name;
  };
  readonly standingOf: (origin: OriginId) => Standing;
}

/** A change that clients see. */
export interface Change {
  readonly change: 'added' | 'updated' | 'stale' | 'live' | 'removed';
  readonly instance: Instance;
  readonly cause?: Cause;
  /** Who or what did it, for people. */
  readonly detail?: string;
  /** The servers that hold it or, if it is gone, held it until then. */
  readonly servers: readonly Name[];
}

/** Why an instance is no longer held and, for people, who or what did it. */
export interface End {
  readonly cause: Cause;
  readonly detail?: string | undefined;
}

/** The holder that answers for an instance, and the state that this gives it. */
interface Sight {
  readonly origin: OriginId;
  readonly state: InstanceState;
}

/**
 * An instance: its holdings, and the one that clients were told of. There is one for each
 * registration, so its parts are shared to save memory.
 */
interface Offer extends Holding {
  readonly sight: Sight | null;
}

/** What clients see of an instance. */
interface Seen extends Sight {
  readonly registration: Registration;
}

/** How many instances there are. */
export interface InstanceCounts {
  live: number;
  stale: number;
}

/** All instances of all origins. */
export class Catalogue {
  /** Taken and emptied at the end of every step. */
  changes: Change[] = [];
  readonly counts: InstanceCounts = { live: 0, stale: 0 };
  /** How often an answer has changed. */
  revision = 0;
  readonly doubts = new DoubtedHolders();
  readonly givenUp = new GivenUp();
  readonly #holders: Holders;
  readonly #offers = new Map<InstanceId, Offer>();
  readonly #services = new Membership({
    isMember: (service, id) => this.#seen(id)?.registration.service === service,
    compare: compareText,
  });
  /** Lists that were asked for, until they change. */
  readonly #answers = new Map<string, readonly Instance[]>();
  /** The services as they were last asked for, and each row by the instances that it counts. */
  #listed: readonly Service[] | null = null;
  readonly #rows = new WeakMap<readonly Instance[], Service>();
  readonly #sharing = new Sharing();
  readonly #holderLists = new HolderLists();
  readonly #names = new WeakMap<readonly OriginId[], readonly Name[]>();
  readonly #sights = new Pool<Sight>();
  #latestSight: Sight | null = null;

  constructor(holders: Holders) {
    this.#holders = holders;
  }

  /** An origin holds an instance, or holds another record of it than before. */
  put(origin: OriginId, registration: Registration): void {
    const { instance } = registration;
    const before = this.#offers.get(instance) ?? null;
    const holdings = withHolder(before, { origin, registration }, this.#holderLists);
    this.#look(instance, { before, holdings }, { cause: 'replaced' });
  }

  /** An origin no longer holds an instance. */
  delete(origin: OriginId, instance: InstanceId, end: Cause | End): void {
    const before = this.#offers.get(instance) ?? null;
    if (recordOf(before, origin) === null) return;
    this.doubts.delete(origin, instance);
    const holdings = withoutHolder(before, origin, this.#holderLists);
    this.#look(instance, { before, holdings }, end);
  }

  /**
   * An origin says that the service of an instance has given it up. Others may still send older
   * news: the instance is over, unless offered anew at a higher revision.
   */
  giveUp(origin: OriginId, instance: InstanceId, end: Cause | End): void {
    const held = recordOf(this.#offers.get(instance) ?? null, origin);
    if (held !== null) this.givenUp.note(instance, held.revision);
    this.delete(origin, instance, end);
  }

  /** Whether an origin holds an instance. */
  isHeldBy(origin: OriginId, instance: InstanceId): boolean {
    return recordOf(this.#offers.get(instance) ?? null, origin) !== null;
  }

  /** News that may be older than the instance's end: returns whether no holder answers yet. */
  doubt(origin: OriginId, instance: InstanceId): boolean {
    if (this.isHeldBy(origin, instance) || this.#seen(instance) !== null) return false;
    this.doubts.add(origin, instance);
    return true;
  }

  /** It is over for those that answer for it: the others that hold it may only not know yet. */
  doubtRest(instance: InstanceId): void {
    if (this.#seen(instance) !== null) return;
    const rest = holdersOf(this.#offers.get(instance) ?? null);
    for (const origin of rest) this.doubts.add(origin, instance);
  }

  /** It still holds the instance: it answers for it. */
  trust(origin: OriginId, instance: InstanceId): void {
    if (this.doubts.delete(origin, instance)) this.review([instance], 'replaced');
  }

  /** The standing of an origin has changed: judges all its instances anew. */
  review(instances: Iterable<InstanceId>, end: Cause | End): void {
    for (const instance of instances) {
      const before = this.#offers.get(instance) ?? null;
      if (before !== null) this.#look(instance, { before, holdings: before }, end);
    }
  }

  /**
   * What clients see of a service, in the order of the instances' ids. As long as nothing in it
   * changes it is the same list, so that the codec finds its bytes.
   */
  instancesOf(service: string): readonly Instance[] {
    const kept = this.#answers.get(service);
    if (kept !== undefined) return kept;
    const ids = this.#services.of(service);
    // Keeps nothing for a name that no service has: a client can invent any number of them.
    if (ids.length === 0) return NONE;
    const instances = ids.flatMap((id) => this.#instanceOf(this.#seen(id)) ?? []);
    this.#answers.set(service, instances);
    return instances;
  }

  /** The services of which there is an instance, by name. */
  serviceNames(): string[] {
    return this.#services.names().sort(compareText);
  }

  /**
   * The same with how many instances each has. As long as no answer changes it is the same list,
   * and an unchanged service has the same row.
   */
  services(): readonly Service[] {
    this.#listed ??= this.serviceNames().map((service) => this.#rowOf(service));
    return this.#listed;
  }

  get servicesCount(): number {
    return this.#services.size;
  }

  /** The equal record that is held already, so that all share it; else one of shared parts. */
  shared(registration: Registration): Registration {
    const offer = this.#offers.get(registration.instance) ?? null;
    for (let known: Holding | null = offer; known !== null; known = known.next) {
      if (isEqual(known.registration, registration)) return known.registration;
    }
    const { instance } = offer?.registration ?? registration;
    return this.#sharing.registration(registration, instance);
  }

  #rowOf(service: string): Service {
    const instances = this.instancesOf(service);
    const known = this.#rows.get(instances);
    if (known !== undefined) return known;
    const stale = instances.filter(({ state }) => state === 'stale').length;
    const row = { name: service as Name, live: instances.length - stale, stale };
    this.#rows.set(instances, row);
    return row;
  }

  #look(id: InstanceId, held: Held, end: Cause | End): void {
    const before = seenOf(held.before);
    const sight = this.#choose(id, held.holdings);
    const after = seenBy(held.holdings, sight);
    this.#keep(id, held, sight);
    if (!isOtherAnswer(before, after)) return;
    this.revision += 1;
    this.#listed = null;
    for (const seen of [before, after]) {
      if (seen !== null) this.#answers.delete(seen.registration.service);
    }
    const change = changeBetween(before, after);
    if (change === null) return;
    const servers = this.#serversOf((after === null ? held.before : held.holdings) ?? null);
    this.#tell(id, { change, before, after, servers }, end);
  }

  #keep(id: InstanceId, { before, holdings }: Held, chosen: Sight | null): void {
    if (holdings === null) {
      this.#offers.delete(id);
      return;
    }
    const sight = chosen === null ? null : this.#shared(chosen);
    if (holdings === before && sight === before.sight) return;
    const { registration, holders, next } = holdings;
    this.#offers.set(id, { registration, holders, next, sight });
  }

  #shared({ origin, state }: Sight): Sight {
    let sight = this.#latestSight;
    if (sight?.origin !== origin || sight.state !== state) {
      sight = this.#sights.one(`${state} ${origin}`, () => ({ origin, state }));
      this.#latestSight = sight;
    }
    return sight;
  }

  #tell(id: InstanceId, { change, before, after, servers }: Told, end: Cause | End): void {
    const [was, is] = [this.#instanceOf(before), this.#instanceOf(after)];
    if (was !== null) this.#count(was, -1);
    if (is !== null) this.#count(is, 1);
    this.#move(id, was?.registration.service, is?.registration.service);
    const instance = is ?? was;
    if (instance === null) return;
    if (was !== null && was.registration.service !== instance.registration.service) {
      const detail = `it is offered as ${instance.registration.service} now`;
      this.changes.push({ change: 'removed', instance: was, servers, cause: 'replaced', detail });
      this.changes.push({ change: 'added', instance, servers });
      return;
    }
    this.changes.push({ change, instance, servers, ...whyOf(change, end) });
  }

  /** By name; those of one list of holders are one list. */
  #serversOf(holdings: Holding | null): readonly Name[] {
    const { holders } = holdings?.next === null ? holdings : { holders: holdersOf(holdings) };
    let names = this.#names.get(holders);
    names ??= holders.map((origin) => this.#holders.placeOf(origin).name);
    this.#names.set(holders, names);
    return names;
  }

  #choose(id: InstanceId, holdings: Holding | null): Sight | null {
    const late = this.doubts.of(id);
    let best: Sight | null = null;
    for (let holding = holdings; holding !== null; holding = holding.next) {
      if (this.givenUp.isOver(id, holding.registration.revision)) continue;
      for (const origin of holding.holders) {
        if (late?.includes(origin) === true) continue;
        const state = STATE_OF_STANDING[this.#holders.standingOf(origin)];
        if (state === null) continue;
        if (best !== null && RANK[state] >= RANK[best.state]) continue;
        best = { origin, state };
      }
    }
    return best;
  }

  #instanceOf(seen: Seen | null): Instance | null {
    if (seen === null) return null;
    const { host, cluster } = this.#holders.placeOf(seen.origin);
    return { registration: seen.registration, host, cluster, state: seen.state };
  }

  #move(id: InstanceId, from: string | undefined, to: string | undefined): void {
    if (from === to) return;
    if (from !== undefined) this.#services.leave(from);
    if (to !== undefined) this.#services.join(to, id);
  }

  #count({ state }: Instance, step: 1 | -1): void {
    this.counts[state === 'stale' ? 'stale' : 'live'] += step;
  }

  #seen(id: InstanceId): Seen | null {
    return seenOf(this.#offers.get(id) ?? null);
  }
}

interface Held {
  readonly before: Offer | null;
  readonly holdings: Holding | null;
}

interface Told {
  readonly change: Change['change'];
  readonly before: Seen | null;
  readonly after: Seen | null;
  readonly servers: readonly Name[];
}

/** Only a removal has a cause; an instance is stale because of a net-split. */
function whyOf(change: Change['change'], end: Cause | End): Pick<Change, 'cause' | 'detail'> {
  const { cause, detail }: End = typeof end === 'string' ? { cause: end } : end;
  const because = detail === undefined ? {} : { detail };
  if (change === 'removed') return { cause, ...because };
  return change === 'stale' ? because : {};
}

function seenOf(offer: Offer | null): Seen | null {
  return seenBy(offer, offer?.sight ?? null);
}

function seenBy(holdings: Holding | null, sight: Sight | null): Seen | null {
  if (holdings === null || sight === null) return null;
  const { origin, state } = sight;
  const registration = latestBy(holdings, origin);
  return registration === null ? null : { registration, origin, state };
}

/** Some changes alter an answer, though no watch is told: the holders, and whether in doubt. */
function isOtherAnswer(before: Seen | null, after: Seen | null): boolean {
  if (before?.registration !== after?.registration) return true;
  return before?.origin !== after?.origin || before?.state !== after?.state;
}

/** The instances of a service that has none. */
const NONE: readonly Instance[] = [];

const STATE_OF_STANDING: Readonly<Record<Standing, InstanceState | null>> = {
  new: null,
  reachable: 'live',
  suspect: 'suspect',
  crashed: null,
  split: 'stale',
};

const RANK: Readonly<Record<InstanceState, number>> = {
  live: 0,
  suspect: 1,
  stale: 2,
  unknown: 3,
};

function changeBetween(before: Seen | null, after: Seen | null): Change['change'] | null {
  if (before === null) return after === null ? null : 'added';
  if (after === null) return 'removed';
  const isStale = after.state === 'stale';
  if (isStale !== (before.state === 'stale')) return isStale ? 'stale' : 'live';
  const [old, now] = [before.registration, after.registration];
  return old.revision === now.revision && old.service === now.service ? null : 'updated';
}
