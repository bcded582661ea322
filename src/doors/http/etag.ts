// The tag of an answer: it depends on the content, not on the bytes or their order. The invariant:
// it differs exactly when the set differs (instances that are shown, their states and revisions, the
// hosts that the view lacks), so that a waiting client is never woken without news.

import { type Choice, chosenOf } from '../../answers/choice.ts';
import type { Instance } from '../../protocol/records.ts';
import { isLive } from '../../protocol/records.ts';

/** The content of an answer. */
export interface TaggedSet {
  readonly complete: boolean;
  readonly missing: readonly string[];
  /** All that match. */
  readonly instances: readonly Instance[];
  /** Those of them that are shown; all, if absent. */
  readonly choice?: Choice;
  /** What was asked for, where the same instances may answer different questions. */
  readonly asked?: readonly string[];
}

/** A weak ETag. */
export function etagOf(given: TaggedSet): string {
  const { complete, missing, instances, choice = ALL, asked = [] } = given;
  const shown = chosenOf(instances, choice, ({ registration }) => registration.service);
  // An answer that shows none says how many there are.
  const tagged = shown.length > 0 ? shown : instances;
  const view = `${String(complete)} ${missing.join(' ')} ${String(tagged.length)}`;
  let [high, low] = [fnv(view, SEEDS[0]), fnv(view, SEEDS[1])];
  const members = tagged.map(({ registration: { instance, revision }, state }) => {
    // A suspect instance counts as live, as in printed answers.
    return `${instance} ${String(revision)} ${isLive(state) ? 'live' : 'stale'}`;
  });
  for (const text of [...members, ...asked]) {
    // A sum, because the order is random.
    high = (high + fnv(text, SEEDS[0])) >>> 0;
    low = (low + fnv(text, SEEDS[1])) >>> 0;
  }
  return `W/"${hex(high)}${hex(low)}"`;
}

/** Whether a header If-None-Match names a tag. */
export function isNamedIn(header: string | null, etag: string): boolean {
  if (header === null) return false;
  const bare = etag.replace(/^W\//, '');
  return header.split(',').some((one) => {
    const tag = one.trim().replace(/^W\//, '');
    return tag === '*' || tag === bare;
  });
}

function fnv(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function hex(number: number): string {
  return number.toString(16).padStart(8, '0');
}

const ALL: Choice = { all: true };
const SEEDS = [0x811c9dc5, 0x5bd1e995] as const;
