// What a driver keeps for each connection: the bytes that have arrived and were not taken in, the
// bytes that this turn has to write, and how far its life has come. One invariant: only the driver
// changes it.

import type { ConnectionId } from '../../core/input.ts';
import { HANDSHAKE_FRAME_BYTES_MAX } from '../../protocol/constants.ts';
import { FrameDecoder } from '../../protocol/frame.ts';
import type { Channel, ConnectionHandlers } from './runtime.ts';

/** A connection that a driver holds. */
export interface Peer {
  readonly id: ConnectionId;
  readonly connection: Channel;
  readonly decoder: FrameDecoder;
  /** What this turn has to write. */
  unsent: Uint8Array[];
  unsentBytes: number;
  /** What it has not read, as it was last counted: see unread.ts. */
  countedBytes: number;
  /**
   * The chunks that have arrived and were not taken in; of the first one, the frames that are left.
   */
  readonly unread: Uint8Array[];
  frames: Generator<Uint8Array, void, undefined> | null;
  isReadable: boolean;
  isPaused: boolean;
  isCongested: boolean;
  /**
   * All connections together have too much unread, and this one must close: it is sent nothing
   * more.
   */
  isGivenUp: boolean;
  isEnding: boolean;
}

/** A connection that has just opened. */
export function createPeer(id: ConnectionId, connection: Channel): Peer {
  return {
    id,
    connection,
    decoder: new FrameDecoder(HANDSHAKE_FRAME_BYTES_MAX),
    unsent: [],
    unsentBytes: 0,
    countedBytes: 0,
    unread: [],
    frames: null,
    isReadable: true,
    isPaused: false,
    isCongested: false,
    isGivenUp: false,
    isEnding: false,
  };
}

/** Handlers for a connection that came too late. */
export const DEAF: ConnectionHandlers = {
  received: () => undefined,
  drained: () => undefined,
  closed: () => undefined,
};
