// A simulated connection as the driver sees it. What the kernel of a small cluster takes is little:
// so the driver meets slow readers there, too.

import { CONGESTED_BYTES } from '../../../src/io/machine/driver.ts';
import type { Channel } from '../../../src/io/machine/runtime.ts';
import type { Clock } from './clock.ts';
import type { End, Network } from './network.ts';

/** What such a connection is made of. */
interface ChannelOptions {
  readonly remote: string;
  readonly transport: 'tcp' | 'unix';
  readonly network: Network;
  readonly clock: Clock;
  /** Its driver has ended it, and is told nothing more. */
  readonly silence: () => void;
}

/** The connection over one end. */
export function channelOver(end: End, options: ChannelOptions): Channel {
  const { remote, transport, network, clock, silence } = options;
  return {
    remote,
    transport,
    /** The first byte that the kernel does not take counts as what the driver calls too many. */
    get unwrittenBytes() {
      const bytes = network.excessBytesOf(end);
      return bytes > 0 ? CONGESTED_BYTES + bytes : 0;
    },
    write: (chunks) => {
      const [first] = chunks;
      network.write(
        end,
        chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks),
      );
    },
    setReading: (isReading) => {
      network.setReading(end, isReading);
    },
    end: (_limitMs, ended) => {
      silence();
      network.close(end, 'closed by the other end');
      if (ended !== undefined) clock.after(0, ended);
    },
  };
}
