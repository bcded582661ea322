// The counts of a server since its start, for metrics. Everything is counted here when it happens:
// by the core, by a door or by the shell. The invariants: a count only grows; labels are words of
// this program or names of servers, never instances, addresses or tags; and the memory is bounded,
// whatever the labels.

import type { ProtocolErrorName } from '../../protocol/errors.ts';
import type { Cause, InstanceState } from '../../protocol/records.ts';
import { isLive } from '../../protocol/records.ts';
import type { LimitName } from './limits.ts';

/** What the core counts, and the labels of each. Those of doors are in their table of metrics. */
interface CoreCounts {
  readonly added: NoLabels;
  readonly removed: readonly [Cause];
  /** Servers that were given up. */
  readonly lost: readonly ['crash' | 'split' | 'left'];
  /** Links, by the name of the server at their other end. */
  readonly 'link-down': readonly [peer: string];
  readonly 'entries-applied': NoLabels;
  readonly snapshots: readonly ['in' | 'out'];
  readonly 'state-differs': NoLabels;
  readonly wants: NoLabels;
  readonly lookups: readonly ['tcp' | 'unix', CountedAnswer];
  readonly refused: readonly [ProtocolErrorName];
  readonly 'limit-reached': readonly [LimitName];
  readonly 'slept-seconds': NoLabels;
}

/** The counted things. */
export type Counted = keyof CoreCounts | 'dns-queries' | 'dns-truncated' | 'http-requests';

type NoLabels = readonly [];

/** The result of a lookup, as it is counted. */
export type CountedAnswer = 'live' | 'stale' | 'none' | 'cannot_tell';

/** One count: its labels, and how often. */
export interface Count {
  readonly labels: readonly string[];
  readonly times: number;
}

/** The counts of one server. */
export class Tally {
  readonly #counts = new Map<Counted, LabelledCounts>();

  /** Counts once more, or `times` more. */
  add<C extends keyof CoreCounts>(counted: C, labels: CoreCounts[C], times = 1): void {
    this.#of(counted).count(labels).times += times;
  }

  /** Counts what a door did: a door has its own type for the labels. */
  addOfDoor(counted: Counted, labels: readonly string[]): void {
    this.#of(counted).count(labels).times += 1;
  }

  /** Forgets one count: its subject does not matter any more. */
  forget(counted: Counted, labels: readonly string[]): void {
    this.#of(counted).forget(labels);
  }

  /** What was counted. */
  of(counted: Counted): Iterable<Count> {
    return this.#of(counted).all;
  }

  #of(counted: Counted): LabelledCounts {
    let counts = this.#counts.get(counted);
    if (counts === undefined) {
      counts = new LabelledCounts();
      this.#counts.set(counted, counts);
    }
    return counts;
  }
}

/** The counts of one name. A count is found label by label: making a text of them costs more. */
class LabelledCounts {
  /** The oldest one first. */
  readonly all = new Set<Counting>();
  readonly #root: Branch = { counting: null, branches: new Map() };
  /** The one that was counted last, which is mostly counted next, with the same list of labels. */
  #latest: Counting | null = null;

  /** The count with these labels, which begins at nothing. */
  count(labels: readonly string[]): Counting {
    if (this.#latest?.labels === labels) return this.#latest;
    let branch: Branch | undefined = this.#root;
    for (const label of labels) branch = branch?.branches.get(label);
    this.#latest = branch?.counting ?? this.#begin(labels);
    return this.#latest;
  }

  forget(labels: readonly string[]): void {
    const counting = prune(this.#root, labels);
    this.#latest = null;
    if (counting !== null) this.all.delete(counting);
  }

  #begin(labels: readonly string[]): Counting {
    const [oldest] = this.all;
    if (oldest !== undefined && this.all.size >= LABELS_MAX) this.forget(oldest.labels);
    const counting = { labels, times: 0 };
    let branch = this.#root;
    for (const label of labels) branch = branchAt(branch, label);
    branch.counting = counting;
    this.all.add(counting);
    return counting;
  }
}

interface Counting extends Count {
  times: number;
}

/** All counts whose labels begin alike. */
interface Branch {
  counting: Counting | null;
  readonly branches: Map<string, Branch>;
}

function branchAt({ branches }: Branch, label: string): Branch {
  let branch = branches.get(label);
  if (branch === undefined) {
    branch = { counting: null, branches: new Map() };
    branches.set(label, branch);
  }
  return branch;
}

/** Removes a count, and the branches that led only to it. */
function prune(branch: Branch, labels: readonly string[]): Counting | null {
  const [label, ...others] = labels;
  if (label === undefined) {
    const { counting } = branch;
    branch.counting = null;
    return counting;
  }
  const next = branch.branches.get(label);
  if (next === undefined) return null;
  const counting = prune(next, others);
  if (next.counting === null && next.branches.size === 0) branch.branches.delete(label);
  return counting;
}

/** As many as there may be links. */
const LABELS_MAX = 1_000;

/** The result of a lookup, as it is counted. */
export function lookupAnswerOf(
  instances: readonly { readonly state: InstanceState }[],
  isComplete: boolean,
): CountedAnswer {
  if (instances.some(({ state }) => isLive(state))) return 'live';
  if (instances.length > 0) return 'stale';
  return isComplete ? 'none' : 'cannot_tell';
}
