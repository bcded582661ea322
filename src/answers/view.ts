// The part of an answer about the view behind it, for programs and in words for people. The
// invariant: an answer that is not complete says which hosts the view lacks and why; `--json`, HTTP
// and the library say it under the same keys.

import type { WHYS } from '../protocol/records.ts';

/** Why a view is not complete; `unknown` stands for a word of a newer server. */
export type ViewReason = (typeof WHYS)[number] | 'unknown';

/** Whether the view behind an answer was complete, and if not, what it lacked and why. */
export interface ViewInfo {
  /** Whether the answering server's view was complete. */
  readonly complete: boolean;
  /** The hosts that its view lacked: 256 names at most. */
  readonly missing: string[];
  /** How many hosts it lacked. */
  readonly missingCount: number;
  /** Absent where the view was complete. */
  readonly why?: ViewReason;
}

/** A server's report of its view, in a message or in its state. */
export interface ViewSaid {
  readonly complete: boolean;
  readonly missing: readonly string[];
  readonly missingCount?: number | undefined;
  readonly why?: ViewReason | null | undefined;
}

/** The view behind an answer. */
export function viewInfoOf({ complete, missing, missingCount, why }: ViewSaid): ViewInfo {
  const view = {
    complete,
    missing: [...missing],
    missingCount: Math.max(missingCount ?? 0, missing.length),
  };
  return complete || why === null || why === undefined ? view : { ...view, why };
}

/** The view behind several answers together: no better than the worst of them. */
export function joinedView(views: readonly ViewSaid[]): ViewInfo {
  const missing = [...new Set(views.flatMap((view) => view.missing))].sort();
  const said = views.flatMap(({ why }) => why ?? []);
  return viewInfoOf({
    complete: views.every(({ complete }) => complete),
    missing,
    missingCount: Math.max(0, ...views.map((view) => view.missingCount ?? 0)),
    why: REASONS.find((reason) => said.includes(reason)),
  });
}

/** Says in words that a view is not complete, why, and which hosts it lacks. */
export function incompleteText({ missing, missingCount, why }: Omit<ViewSaid, 'complete'>): string {
  const who = hostsText(missing, missingCount ?? missing.length);
  const hosts = who === '' ? '' : `; missing hosts: ${who}`;
  const because = why === null || why === undefined ? '' : `: ${REASON_TEXTS[why]}`;
  return `the view is not complete${because}${hosts}`;
}

function hostsText(missing: readonly string[], count: number): string {
  const named = missing.slice(0, NAMES_MAX);
  const left = Math.max(count, missing.length) - named.length;
  if (left === 0) return named.join(', ');
  return named.length === 0 ? String(left) : `${named.join(', ')} and ${String(left)} more`;
}

/** In words; of several reasons the first in this order is said. */
const REASON_TEXTS: Readonly<Record<ViewReason, string>> = {
  unsynced: 'the server has not yet learnt everything since its start',
  split: 'a server in reach has just lost hosts, or hosts are cut off by a net-split',
  suspect: 'servers have just been lost, and may be back',
  limit: 'there is more than the limits of the server allow',
  unknown: 'the server is newer than this program and gives a reason that is not known here',
};

const REASONS = Object.keys(REASON_TEXTS) as ViewReason[];

/** At most so many hosts are named in a sentence. */
const NAMES_MAX = 16;
