// The graph of links: which origins can be reached. A link counts if the logs of both its ends
// claim it, and a log counts only if it is proven: otherwise frozen logs would make each other
// reachable, and dead instances would reappear. The state is a tree of ways from this server: each
// reached origin has a `parent`, one step nearer, and `via`, the first step. The invariant: every
// link of that tree counts. So only the loss of a link of the tree changes anything, and only for
// its subtree; a boot storm and a net-split have thousands of others.

import type { OriginId } from '../../../protocol/ids.ts';
import type { Origin } from '../entities.ts';

type Origins = ReadonlyMap<OriginId, Origin>;

/** Whether there is a way to an origin: known before its standing, which follows in the same step. */
export function hasWay(origin: Origin, self: Origin): boolean {
  return origin === self || origin.via !== null;
}

/** Takes an origin out of the tree, with its subtree. */
export function cutOff(root: Origin, origins: Origins): Origin[] {
  const lost = [root];
  for (const origin of lost) lost.push(...childrenOf(origin, origins));
  for (const origin of lost) loseWay(origin);
  return lost;
}

/** There is no way to an origin any more. */
export function loseWay(origin: Origin): void {
  origin.via = null;
  origin.parent = null;
}

/** The origins whose ways lead over this one. */
export function childrenOf(origin: Origin, origins: Origins): Origin[] {
  const children: Origin[] = [];
  for (const peer of origin.log.links) {
    const other = origins.get(peer);
    if (other?.parent === origin.id) children.push(other);
  }
  return children;
}

/**
 * The origins that come into reach because an origin has new links, was proven or was cut off. Each
 * gets a place in the tree, by an existing way, if not by a shortest one.
 */
export function extendReach(
  self: Origin,
  { grown, origins }: { readonly grown: Origin; readonly origins: Origins },
): Origin[] {
  const isReached = (origin: Origin): boolean => hasWay(origin, self);
  const reached: Origin[] = [];
  const reach = (other: Origin, from: Origin): void => {
    other.via = from === self ? other.id : from.via;
    other.parent = from.id;
    reached.push(other);
  };
  if (!isReached(grown)) {
    if (!grown.isProven) return [];
    const from = neighbours(grown, origins).find(isReached);
    if (from === undefined) return [];
    reach(grown, from);
  }
  const queue = [grown];
  for (const origin of queue) {
    for (const other of neighbours(origin, origins)) {
      if (isReached(other)) continue;
      reach(other, origin);
      queue.push(other);
    }
  }
  return reached;
}

/** The proven origins to which there is a link that both ends claim. */
function neighbours(origin: Origin, origins: Origins): Origin[] {
  const found: Origin[] = [];
  for (const peer of origin.log.links) {
    const other = origins.get(peer);
    if (other?.isProven === true && other.log.links.has(origin.id)) found.push(other);
  }
  return found;
}
