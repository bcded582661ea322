// The graph of links: who can be reached. A link counts if the logs of both its ends claim it, and
// a log counts only if it is proven: frozen logs vouch for each other, and would bring the dead
// back. Breadth first from this server, so the first hop is one of a shortest way.

import type { OriginId } from '../protocol/ids.ts';
import type { Origin } from './state.ts';

/** The origins that can be reached from one, each with the first hop on the way there. */
export function reachableFrom(self: Origin, origins: Origins): Map<OriginId, OriginId> {
  const firstHops = new Map<OriginId, OriginId>([[self.id, self.id]]);
  const queue: Origin[] = [self];
  for (const origin of queue) {
    for (const other of neighbours(origin, origins)) {
      if (firstHops.has(other.id)) continue;
      const firstHop = origin === self ? other.id : firstHops.get(origin.id);
      firstHops.set(other.id, firstHop ?? other.id);
      queue.push(other);
    }
  }
  return firstHops;
}

/**
 * What comes into reach because an origin has new links, or was proven: each gets its first hop. It
 * is one of a way that exists, if not of a shortest one: the next loss sees to that.
 */
export function extendReach(
  self: Origin,
  { grown, origins }: { readonly grown: Origin; readonly origins: Origins },
): Origin[] {
  const isReached = (origin: Origin): boolean => origin === self || origin.via !== null;
  const reached: Origin[] = [];
  const reach = (other: Origin, from: Origin): void => {
    other.via = from === self ? other.id : from.via;
    reached.push(other);
  };
  if (!isReached(grown)) {
    const from = [...neighbours(grown, origins)].find(isReached);
    if (from === undefined || !grown.isProven) return [];
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

type Origins = ReadonlyMap<OriginId, Origin>;

/** The proven origins to which there is a link that both ends claim. */
function* neighbours(origin: Origin, origins: Origins): Generator<Origin, void, undefined> {
  for (const peer of origin.log.links) {
    const other = origins.get(peer);
    if (other?.isProven === true && other.log.links.has(origin.id)) yield other;
  }
}
