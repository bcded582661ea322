// The changes that some watches have yet to be told: by service, in order, each with a number. A watch
// says up to which number it was told, so what waits is kept once, for however many watches. The
// invariants: a watch whose session does not wait was told all; a merged list
// tells each watch that it is for where every instance came to; and the bytes of what waits are
// counted.

import type { InstanceId, Name } from '../../../protocol/ids.ts';
import { registration as registrationRecord } from '../../../protocol/records.ts';
import type { Change } from '../../catalogue/catalogue.ts';
import type { ConnectionId } from '../../input.ts';
import { Account } from '../../kit/account.ts';

/** A change that waits for some watches. */
interface Waiting {
  readonly number: number;
  readonly change: Change;
  readonly bytes: number;
}

/** All that waits. */
export class Backlog {
  /** The number of the latest change of all. */
  latest = 0;
  /** The work that was done for new changes since those that wait had their turn. */
  spent = 0;
  /** The bytes of what waits. */
  readonly held: Account = new Account();
  readonly #topics = new Map<Name, Topic>();

  /** The services for which sessions wait, the one whose turn is next first. */
  get topics(): IterableIterator<Topic> {
    return this.#topics.values();
  }

  get size(): number {
    return this.#topics.size;
  }

  /** What waits of a service. */
  of(service: Name): Topic | undefined {
    return this.#topics.get(service);
  }

  /** The changes of a service in a step, later than all before. */
  add(service: Name, changes: readonly Change[]): Topic {
    const topic = this.#topics.get(service) ?? new Topic(service, this.held);
    this.#topics.set(service, topic);
    for (const change of changes) {
      this.latest += 1;
      topic.add(this.latest, change);
    }
    return topic;
  }

  /** It has had its turn. Nothing is kept of a service for which nobody waits. */
  putBack(topic: Topic): void {
    this.#topics.delete(topic.service);
    if (topic.size > 0) this.#topics.set(topic.service, topic);
    else topic.keep([]);
  }
}

/** What waits of one service. */
export class Topic {
  readonly service: Name;
  /** The sessions that had heard all before the first change that they wait for. */
  readonly ahead: Set<ConnectionId> = new Set<ConnectionId>();
  /** The others that were not told all, the one whose turn is next first. */
  readonly queue: Set<ConnectionId> = new Set<ConnectionId>();
  readonly #held: Account;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #longLength = LONG_LENGTH;

  constructor(service: Name, held: Account) {
    this.service = service;
    this.#held = held;
  }

  /** In order. */
  get waiting(): readonly Waiting[] {
    return this.#waiting;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How many sessions wait. */
  get size(): number {
    return this.ahead.size + this.queue.size;
  }

  /** The sessions that wait. */
  get sessions(): ConnectionId[] {
    return [...this.ahead, ...this.queue];
  }

  /** It waits no longer. */
  drop(id: ConnectionId): void {
    this.ahead.delete(id);
    this.queue.delete(id);
  }

  isWaiting(id: ConnectionId): boolean {
    return this.ahead.has(id) || this.queue.has(id);
  }

  /** Whether merging may be worth its time. */
  get isLong(): boolean {
    return this.#waiting.length > this.#longLength;
  }

  /** Whether a watch that was told so far has more to hear. */
  isAfter(told: number): boolean {
    return (this.#waiting.at(-1)?.number ?? 0) > told;
  }

  /** Where the next change stands for a watch that was told so far. */
  indexAfter(told: number): number {
    let [low, high] = [0, this.#waiting.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#waiting[middle]?.number ?? Infinity) > told) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  add(number: number, change: Change): void {
    const bytes = CHANGE_BYTES + registrationRecord.bytes(change.instance.registration);
    this.#waiting.push({ number, change, bytes });
    this.#charge(bytes);
  }

  /**
   * Merges what no watch is in the midst of. Given is how far the watches that wait were told, in
   * order: what they were all told is dropped.
   */
  merge(tolds: readonly number[]): void {
    const kept: Waiting[] = [];
    for (const [at, told] of tolds.entries()) {
      const next = tolds[at + 1];
      const end = next === undefined ? this.#waiting.length : this.indexAfter(next);
      kept.push(...mergedOf(this.#waiting.slice(this.indexAfter(told), end)));
    }
    this.keep(kept);
    this.#longLength = Math.max(LONG_LENGTH, 2 * kept.length);
  }

  /** Only these wait. */
  keep(kept: Waiting[]): void {
    this.#waiting = kept;
    let bytes = -this.#bytes;
    for (const one of kept) bytes += one.bytes;
    this.#charge(bytes);
  }

  #charge(bytes: number): void {
    this.#bytes += bytes;
    this.#held.add(bytes);
  }
}

/** One change for each instance, at the place of its latest. */
function mergedOf(all: readonly Waiting[]): Waiting[] {
  const firsts = new Map<InstanceId, Change>();
  const lasts = new Map<InstanceId, Waiting>();
  for (const one of all) {
    const { instance: id } = one.change.instance.registration;
    if (!firsts.has(id)) firsts.set(id, one.change);
    lasts.delete(id);
    lasts.set(id, one);
  }
  return [...lasts].flatMap(([id, last]) => {
    const first = firsts.get(id) ?? last.change;
    const change = first === last.change ? first : sumOf(first, last.change);
    return change === null ? [] : [{ ...last, change }];
  });
}

/** What became of an instance from before one change to after another; null for nothing. */
function sumOf(first: Change, last: Change): Change | null {
  const wasThere = first.change !== 'added';
  if (last.change === 'removed') return wasThere ? last : null;
  const { cause: _, detail, ...told } = last;
  if (!wasThere) return { ...told, change: 'added' };
  const isStale = last.instance.state === 'stale';
  if (isStale === wasStaleBefore(first)) return { ...told, change: 'updated' };
  if (!isStale) return { ...told, change: 'live' };
  return { ...told, change: 'stale', ...(detail !== undefined && { detail }) };
}

/** An update leaves it as it was, and a removal tells of what was there. */
function wasStaleBefore({ change, instance }: Change): boolean {
  if (change === 'stale' || change === 'live') return change === 'live';
  return instance.state === 'stale';
}

/** What a change takes in memory beside the registration. */
const CHANGE_BYTES = 256;

/** So many changes are kept as they came. */
const LONG_LENGTH = 64;
