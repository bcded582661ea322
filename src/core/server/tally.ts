// What a server has counted since its start, for metrics. Whatever is counted is counted here, where
// it happens: by the core, by a door or by the shell. The invariants: a count only grows; labels are
// words of this program or names of servers, never instances, addresses or tags; and what is kept is
// bounded, whatever the labels.

import type { InstanceState } from '../../protocol/records.ts';
import { isLive } from '../../protocol/records.ts';

/** What is counted, with what its labels say. */
export type Counted =
  | 'added'
  /** By cause. */
  | 'removed'
  /** Servers that were given up, by verdict: crash, split, left. */
  | 'lost'
  /** Links, by the name of the server at their other end. */
  | 'link-down'
  | 'entries-applied'
  /** By direction: in, out. */
  | 'snapshots'
  | 'state-differs'
  | 'wants'
  /** By door, and by what was answered: live, stale, none, cannot_tell. */
  | 'lookups'
  /** By transport and response code. */
  | 'dns-queries'
  | 'dns-truncated'
  /** By route and status. */
  | 'http-requests'
  /** By reason. */
  | 'refused'
  /** By limit. */
  | 'limit-reached'
  | 'slept-seconds';

/** One count: its labels, and how often. */
export interface Count {
  readonly labels: readonly string[];
  readonly times: number;
}

interface Counting extends Count {
  times: number;
}

/** The counts of one server. */
export class Tally {
  readonly #counts = new Map<Counted, Map<string, Counting>>();

  /** Counts once more, or `times` more. */
  add(counted: Counted, labels: readonly string[] = [], times = 1): void {
    const key = labels.join('\n');
    const counts = this.#of(counted);
    const count = counts.get(key);
    if (count !== undefined) {
      count.times += times;
      return;
    }
    const [oldest] = counts.keys();
    if (oldest !== undefined && counts.size >= LABELS_MAX) counts.delete(oldest);
    counts.set(key, { labels, times });
  }

  /** Forgets one count: what it counted is of no concern any more. */
  forget(counted: Counted, labels: readonly string[]): void {
    this.#of(counted).delete(labels.join('\n'));
  }

  /** What was counted. */
  of(counted: Counted): Iterable<Count> {
    return this.#of(counted).values();
  }

  #of(counted: Counted): Map<string, Counting> {
    let counts = this.#counts.get(counted);
    if (counts === undefined) {
      counts = new Map<string, Counting>();
      this.#counts.set(counted, counts);
    }
    return counts;
  }
}

/** As many as there may be links. */
const LABELS_MAX = 1_000;

/** What a lookup came to, as it is counted. */
export function lookupAnswerOf(
  instances: readonly { readonly state: InstanceState }[],
  isComplete: boolean,
): 'live' | 'stale' | 'none' | 'cannot_tell' {
  if (instances.some(({ state }) => isLive(state))) return 'live';
  if (instances.length > 0) return 'stale';
  return isComplete ? 'none' : 'cannot_tell';
}
