// An origin's log as one server holds it: the state as of a sequence, and a short tail of the latest
// entries. The invariant: state, sequence and hash always belong together; entries apply in order,
// one by one, and a snapshot replaces everything at once. The hash is the XOR of the hashes of all
// items, so a change costs one item, whatever the size of the state.

import type { InstanceId, Name, OriginId } from '../../../protocol/ids.ts';
import type { Entry, Facts, Registration } from '../../../protocol/records.ts';
import { assert, unreachable } from '../../kit/assert.ts';
import { HASH_START, hashed, hashOf, mixed } from '../../kit/hash.ts';

/** The state of an origin as it travels in a snapshot. */
export interface LogState {
  readonly sequence: number;
  readonly facts: Facts;
  readonly links: readonly OriginId[];
  readonly registrations: readonly Registration[];
  readonly missing: Missing;
}

/** The hosts that an origin says a net-split took from it: some by name, and how many in all. */
export interface Missing {
  readonly hosts: readonly Name[];
  readonly count: number;
}

/** Nobody is missing. */
export const NOBODY_MISSING: Missing = { hosts: [], count: 0 };

/** What a server needs of the log of one origin. */
export type Log = Pick<OriginLog, keyof OriginLog>;

/** The log of one origin. */
export class OriginLog {
  readonly origin: OriginId;
  readonly links: Set<OriginId> = new Set<OriginId>();
  readonly registrations: Map<InstanceId, Registration> = new Map<InstanceId, Registration>();
  facts: Facts;
  missing: Missing = NOBODY_MISSING;
  sequence = 0;
  hash = 0;
  #tail: Entry[] = [];

  constructor(origin: OriginId, facts: Facts) {
    this.origin = origin;
    this.facts = facts;
  }

  /** Takes in the entry that follows the present sequence. */
  apply(entry: Entry): void {
    this.sequence += 1;
    this.#change(entry);
    this.#tail.push(entry);
    if (this.#tail.length > 2 * TAIL_ENTRIES) this.#tail = this.#tail.slice(-TAIL_ENTRIES);
  }

  /** Replaces the whole state. The tail ends here: what came before is unknown. */
  replace(state: LogState): void {
    assert(state.sequence >= this.sequence, 'a snapshot never takes a log back');
    this.sequence = state.sequence;
    this.facts = state.facts;
    this.missing = state.missing;
    this.links.clear();
    this.registrations.clear();
    for (const peer of state.links) this.links.add(peer);
    for (const item of state.registrations) this.registrations.set(item.instance, item);
    this.hash = hashOfState(this);
    this.#tail = [];
  }

  /** The entries after a sequence, or undefined where the tail does not reach back that far. */
  entriesAfter(sequence: number): readonly Entry[] | undefined {
    const missing = this.sequence - sequence;
    return missing > this.#tail.length ? undefined : this.#tail.slice(this.#tail.length - missing);
  }

  #change(entry: Entry): void {
    switch (entry.kind) {
      case 'facts':
        this.hash ^= hashOfFacts(this.facts) ^ hashOfFacts(entry.facts);
        if (this.sequence === 1) this.hash = hashOfFacts(entry.facts);
        this.facts = entry.facts;
        break;
      case 'up':
        if (!this.links.has(entry.peer)) this.hash ^= hashOf(entry.peer);
        this.links.add(entry.peer);
        break;
      case 'down':
        if (this.links.delete(entry.peer)) this.hash ^= hashOf(entry.peer);
        break;
      case 'put': {
        this.#unhash(entry.registration.instance);
        this.registrations.set(entry.registration.instance, entry.registration);
        this.hash ^= hashOfRegistration(entry.registration);
        break;
      }
      case 'delete':
        this.#unhash(entry.instance);
        this.registrations.delete(entry.instance);
        break;
      case 'missing':
        this.hash ^= hashOfMissing(this.missing);
        this.missing = { hosts: entry.hosts, count: entry.count };
        this.hash ^= hashOfMissing(this.missing);
        break;
      case 'bye':
        break;
      default:
        unreachable(entry);
    }
    this.hash >>>= 0;
  }

  #unhash(instance: InstanceId): void {
    const old = this.registrations.get(instance);
    if (old !== undefined) this.hash ^= hashOfRegistration(old);
  }
}

function hashOfFacts(facts: Facts): number {
  const { name, host, cluster, side, role, addresses } = facts;
  return hashOf([name, host, cluster, side, role, ...addresses].join('\n'));
}

/**
 * Field by field: to put a hundred thousand texts together only to hash them takes longer than the
 * hashing. Measured by `npm run bench sync`.
 */
function hashOfRegistration(item: Registration): number {
  let hash = mixed(HASH_START, item.instance);
  hash = withLine(hash, String(item.revision));
  hash = withLine(hash, item.service);
  hash = withLine(hash, item.address);
  hash = withLine(hash, String(item.port));
  hash = withLine(hash, item.scheme ?? '');
  let separator = '';
  for (const { key, value } of item.tags) {
    hash = mixed(mixed(mixed(mixed(hash, separator), key), '='), value);
    separator = '\n';
  }
  return hashed(hash);
}

function withLine(hash: number, text: string): number {
  return mixed(mixed(hash, text), '\n');
}

function hashOfMissing({ hosts, count }: Missing): number {
  return count === 0 ? 0 : hashOf([String(count), ...hosts].join('\n'));
}

function hashOfState(log: OriginLog): number {
  let hash = hashOfFacts(log.facts) ^ hashOfMissing(log.missing);
  for (const peer of log.links) hash ^= hashOf(peer);
  for (const item of log.registrations.values()) hash ^= hashOfRegistration(item);
  return hash >>> 0;
}

/** Enough for a deploy's changes to reach a link that was slow for a moment. */
const TAIL_ENTRIES = 1_024;
