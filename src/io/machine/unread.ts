// The bytes that all connections of a driver together have not read: those that this turn has for
// them, and those that their sockets keep. The invariant: bytes are counted here before they are
// written. So the memory for clients that do not read is bounded as it grows, even in the middle of
// a turn. The core chooses which connections must close.

import type { ConnectionId } from '../../core/input.ts';
import { UNREAD_BYTES_SUM_MAX as MAX } from '../../core/kit/unread-bytes.ts';
import type { Peer } from './peer.ts';

/** Chooses the connections that must close, given all with the bytes that each has not read. */
export type Relief = (unread: ReadonlyMap<ConnectionId, number>) => readonly ConnectionId[];

/** The unread bytes of all connections. */
export class Unread {
  readonly #relief: Relief;
  #bytes = 0;
  #recountAtBytes = MAX;

  constructor(relief: Relief) {
    this.#relief = relief;
  }

  /** Whether there may be too much. `relieved` counts the bytes that have left meanwhile. */
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

  /** Counts all anew; gives up the connections that must close, and returns them. */
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
    // The rest may belong to links, which stay: it is counted again when it has grown.
    this.#recountAtBytes = Math.max(MAX, this.#bytes + STEP_BYTES);
    return leaving;
  }
}

/** Counting ten thousand connections is some work: it is done once for so many bytes. */
const STEP_BYTES = 1024 * 1024;
