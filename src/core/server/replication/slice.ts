// The part of the state that only the folder `replication` writes: what to copy and to ask for, and
// what this server says of its view.

import type { Name, OriginId } from '../../../protocol/ids.ts';
import type { WHYS } from '../../../protocol/records.ts';
import type { Link, Origin } from '../entities.ts';
import { Journal } from './journal.ts';

/** A question for an origin. */
export interface Asked {
  readonly link: Link;
  readonly atMs: number;
}

/** The work between all links; the work on one of them is its Progress. */
export class Replication {
  /** The origins, by their latest change. */
  readonly journal = new Journal<Origin>();
  /** The latest question for each origin that was asked for, on any link: it is on its way. */
  readonly wanted = new Map<OriginId, Asked>();
  /** The origins that came by a link that is lost: they are asked for on another. */
  readonly orphaned = new Set<OriginId>();
  /** The lost origins of which a neighbour has nothing, since the loss of each: see missing.ts. */
  readonly unshared = new Set<OriginId>();
  /** Links on which something is to be asked at the end of the step. */
  readonly askers = new Set<Link>();
  /** Links from which something may still be expected. */
  readonly expecting = new Set<Link>();
  /** When the links are written to, and when news is announced on lazy links. */
  flushDueMs = Infinity;
  announceDueMs = Infinity;
  flushedMs = -Infinity;

  /** An origin is dropped. */
  forget(origin: Origin): void {
    this.journal.drop(origin);
    this.wanted.delete(origin.id);
    this.orphaned.delete(origin.id);
    this.unshared.delete(origin.id);
  }
}

/** Why a view is not complete: the first of these. */
export type Why = (typeof WHYS)[number];

/** What this server says of its view. */
export interface View {
  /** Set once, when the view was complete through a neighbour or at a cold start. */
  isSynced: boolean;
  isComplete: boolean;
  /** The last view that the neighbours were told: see replication.ts. */
  isVouched: boolean;
  /** When the view was last computed. */
  viewedMs: number;
  /** The hosts that this view lacks, as many as are named, and how many there are. */
  missing: readonly Name[];
  missingCount: number;
  /** Why the view is not complete; null if it is. */
  why: Why | null;
  /** When this server says that hosts are missing, if too few others have said it by then. */
  sayMissingMs: number;
  /** At a cold start: when the others were last told what this server has. */
  askedMs: number;
  /** How many neighbours miss a host. */
  readonly missedBy: Map<Name, number>;
  /** The hosts of the origins that this server itself cannot reach, as last told to neighbours. */
  ownMissing: readonly Name[];
  /** Hosts of `--peer` that an operator has given up. */
  readonly givenUpPeers: Set<string>;
}

/** A server that has only begun knows nothing of the others. */
export function createView(): View {
  return {
    isSynced: false,
    isComplete: false,
    isVouched: false,
    viewedMs: -Infinity,
    missing: [],
    missingCount: 0,
    why: 'unsynced',
    sayMissingMs: Infinity,
    askedMs: -Infinity,
    missedBy: new Map(),
    ownMissing: [],
    givenUpPeers: new Set(),
  };
}
