// The tag of an answer: what it says, whatever its bytes or their order. The invariant: it differs
// exactly when the set differs (instances, their states and revisions, what the view lacks), so that
// whoever waits for another one is never woken without news.

import type { Instance } from '../../protocol/records.ts';
import { isLive } from '../../protocol/records.ts';

/** What an answer says. */
export interface TaggedSet {
  readonly complete: boolean;
  readonly missing: readonly string[];
  readonly instances: readonly Instance[];
}

/** A weak ETag. */
export function etagOf({ complete, missing, instances }: TaggedSet): string {
  const view = `${String(complete)} ${missing.join(' ')} ${String(instances.length)}`;
  let [high, low] = [fnv(view, SEEDS[0]), fnv(view, SEEDS[1])];
  for (const { registration, state } of instances) {
    const { instance, revision } = registration;
    // Who is suspect counts as live, here as in what is printed.
    const text = `${instance} ${String(revision)} ${isLive(state) ? 'live' : 'stale'}`;
    // A sum, for the order is by lot.
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

const SEEDS = [0x811c9dc5, 0x5bd1e995] as const;
