// What all connections of a driver together have not read: what this turn has for them, and what their
// sockets keep. The invariant: nothing is to be written that is not counted here first, so that what
// many hold who do not read is bounded as it grows, in the middle of a turn too. Who must go is the
// core's to say.

import type { ConnectionId } from '../../core/input.ts';
import { LIMITS } from '../../core/server/limits.ts';
import type { Peer } from './peer.ts';

/** Says which connections must go, of all with what they have not read, in bytes. */
export type Relief = (unread: ReadonlyMap<ConnectionId, number>) => readonly ConnectionId[];

/** The unread bytes of all connections. */
export class Unread {
  readonly #relief: Relief;
  #bytes = 0;
  #recountAtBytes = MAX;

  constructor(relief: Relief) {
    this.#relief = relief;
  }

  /** Whether there may be too much. What has left meanwhile is seen by `relieved`. */
  get isMuch(): boolean {
    return this.#bytes > this.#recountAtBytes;
  }

  /** More is to be written to a connection. */
  add(peer: Peer, bytes: number): void {
    peer.countedBytes += bytes;
    this.#bytes += bytes;
  }

  /** Something was written, or has left. */
  recount(peer: Peer): void {
    if (peer.isGivenUp) return;
    this.add(peer, peer.unsentBytes + peer.connection.unwrittenBytes - peer.countedBytes);
  }

  /** A connection is closed, and what it kept is free. */
  forget(peer: Peer): void {
    this.add(peer, -peer.countedBytes);
  }

  /** Counts all anew; gives those up that must go, and says which. */
  relieved(peers: Iterable<Peer>): readonly Peer[] {
    const counted = new Map<ConnectionId, Peer>();
    const unread = new Map<ConnectionId, number>();
    for (const peer of peers) {
      this.recount(peer);
      if (peer.countedBytes === 0) continue;
      counted.set(peer.id, peer);
      unread.set(peer.id, peer.countedBytes);
    }
    const leaving = this.#relief(unread).flatMap((id) => counted.get(id) ?? []);
    for (const peer of leaving) {
      peer.isGivenUp = true;
      this.forget(peer);
    }
    // What is left may be that of links, which stay: it is looked at again when it has grown.
    this.#recountAtBytes = Math.max(MAX, this.#bytes + STEP_BYTES);
    return leaving;
  }
}

const { max: MAX } = LIMITS['unread-bytes-in-all'];

/** To count ten thousand connections is some work: it is done once for so many bytes. */
const STEP_BYTES = 1024 * 1024;
