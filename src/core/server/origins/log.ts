// An origin's log as one server holds it: the state as of a sequence, and a short tail of the
// latest entries. The invariant: state, sequence and hash always belong together; entries apply in
// order, one by one, and a snapshot replaces everything at once. The hash is the XOR of the hashes
// of all items, so a change costs one item, whatever the size of the state.

import type { InstanceId, Name, OriginId } from '../../../protocol/ids.ts';
import { plainBytes, sumOf } from '../../../protocol/measure.ts';
import type { Entry, Facts, Registration } from '../../../protocol/records.ts';
import {
  entry as entryRecord,
  facts as factsRecord,
  registration as registrationRecord,
} from '../../../protocol/records.ts';
import { assert, unreachable } from '../../kit/assert.ts';
import { HASH_START, hashed, hashOf, mixed } from '../../kit/hash.ts';

/** The state of an origin as it travels in a snapshot. */
export interface LogState {
  readonly sequence: number;
  readonly facts: Facts;
  readonly links: readonly OriginId[];
  readonly registrations: readonly Registration[];
  /** Their bytes on the wire, where they were measured as they came. */
  readonly registrationsBytes?: number;
  readonly missing: Missing;
  /** It comes without its registrations: see replication/receiving/bare.ts. */
  readonly isBare?: boolean;
}

/**
 * The hosts that a net-split took from an origin, by its own log: some by name, and how many in
 * all.
 */
export interface Missing {
  readonly hosts: readonly Name[];
  readonly count: number;
}

/** Nobody is missing. */
export const NOBODY_MISSING: Missing = { hosts: [], count: 0 };

/** The part of an origin's log that a server needs. */
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
  /** The bytes of the state on the wire. */
  bytes = 0;
  /** Whether it is kept without its registrations. */
  isBare = false;
  #tail: Entry[] = [];
  #tailBytes = 0;

  constructor(origin: OriginId, facts: Facts) {
    this.origin = origin;
    this.facts = facts;
    this.bytes = factsRecord.bytes(facts);
  }

  /** Takes in the entry that follows the present sequence. */
  apply(entry: Entry): void {
    this.sequence += 1;
    this.#change(entry);
    this.#tail.push(entry);
    this.#tailBytes += entryRecord.bytes(entry);
    const isLong = this.#tail.length > 2 * TAIL_ENTRIES || this.#tailBytes > 2 * TAIL_BYTES;
    if (isLong) this.#cutTail();
  }

  /** The latest entries stay, as many of them as there is room for. */
  #cutTail(): void {
    const kept: Entry[] = [];
    this.#tailBytes = 0;
    for (const entry of this.#tail.slice(-TAIL_ENTRIES).reverse()) {
      const bytes = entryRecord.bytes(entry);
      if (this.#tailBytes + bytes > TAIL_BYTES) break;
      this.#tailBytes += bytes;
      kept.push(entry);
    }
    this.#tail = kept.reverse();
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
    this.isBare = state.isBare === true;
    this.hash = hashOfState(this);
    // An instance that came twice was measured twice, and is kept once.
    const isMeasured = state.registrations.length === this.registrations.size;
    this.bytes = bytesOfState(this, isMeasured ? state.registrationsBytes : undefined);
    this.#tail = [];
    this.#tailBytes = 0;
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
        this.bytes += factsRecord.bytes(entry.facts) - factsRecord.bytes(this.facts);
        this.facts = entry.facts;
        break;
      case 'up':
        if (!this.links.has(entry.peer)) this.#toggle(hashOf(entry.peer), LINK_BYTES);
        this.links.add(entry.peer);
        break;
      case 'down':
        if (this.links.delete(entry.peer)) this.#toggle(hashOf(entry.peer), -LINK_BYTES);
        break;
      case 'put': {
        if (this.isBare) break;
        const { registration } = entry;
        this.#takeOut(registration.instance);
        this.registrations.set(registration.instance, registration);
        this.#toggle(hashOfRegistration(registration), registrationRecord.bytes(registration));
        break;
      }
      case 'delete':
        this.#takeOut(entry.instance);
        this.registrations.delete(entry.instance);
        break;
      case 'missing':
        this.#toggle(hashOfMissing(this.missing), -bytesOfMissing(this.missing));
        this.missing = { hosts: entry.hosts, count: entry.count };
        this.#toggle(hashOfMissing(this.missing), bytesOfMissing(this.missing));
        break;
      case 'bye':
        break;
      default:
        unreachable(entry);
    }
    this.hash >>>= 0;
  }

  /** A registration no longer counts. */
  #takeOut(instance: InstanceId): void {
    const old = this.registrations.get(instance);
    if (old !== undefined) this.#toggle(hashOfRegistration(old), -registrationRecord.bytes(old));
  }

  /** An item comes or goes. */
  #toggle(hash: number, bytes: number): void {
    this.hash ^= hash;
    this.bytes += bytes;
  }
}

function hashOfFacts(facts: Facts): number {
  const { name, host, cluster, side, role, addresses, silenceMs } = facts;
  const silence = silenceMs === undefined ? [] : [String(silenceMs)];
  return hashOf([name, host, cluster, side, role, ...addresses, ...silence].join('\n'));
}

/**
 * Field by field: joining a hundred thousand texts only to hash them takes longer than the hashing.
 * Measured by `npm run bench sync`.
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

function bytesOfState(log: OriginLog, measuredBytes: number | undefined): number {
  const { facts, missing, links, registrations } = log;
  const bytes = factsRecord.bytes(facts) + bytesOfMissing(missing) + links.size * LINK_BYTES;
  return bytes + (measuredBytes ?? sumOf([...registrations.values()], registrationRecord.bytes));
}

function bytesOfMissing({ hosts }: Missing): number {
  return sumOf(hosts, plainBytes);
}

/** An id of sixteen bytes, and its head. */
const LINK_BYTES = 17;

/** Enough for a deploy's changes to reach a link that was slow for a moment. */
const TAIL_ENTRIES = 1_024;

/** A few times the bytes of so many entries of the usual size. */
const TAIL_BYTES = 1_024 * 1_024;
