// The graph of links: who can be reached. A link counts if the logs of both its ends claim it, and
// a log counts only if it is proven: frozen logs vouch for each other, and would bring the dead
// back. Breadth first from this server, so the first hop is one of a shortest way.

import type { OriginId } from '../protocol/ids.ts';
import type { Origin } from './state.ts';

/** The origins that can be reached from one, each with the first hop on the way there. */
export function reachableFrom(
  self: Origin,
  origins: ReadonlyMap<OriginId, Origin>,
): Map<OriginId, OriginId> {
  const firstHops = new Map<OriginId, OriginId>([[self.id, self.id]]);
  const queue: Origin[] = [self];
  for (const origin of queue) {
    for (const peer of origin.log.links) {
      if (firstHops.has(peer)) continue;
      const other = origins.get(peer);
      if (other?.isProven !== true || !other.log.links.has(origin.id)) continue;
      firstHops.set(peer, origin === self ? peer : (firstHops.get(origin.id) ?? peer));
      queue.push(other);
    }
  }
  return firstHops;
}
