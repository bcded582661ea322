// Which environment is at an address: every server greets with it, so reading the greeting is
// enough. The invariant: an answer comes within the limit, whatever is at the address; time in
// which this process did not run does not count. And nothing is sent but what a lock sends.

import { decodeMessage } from '../../protocol/codec.ts';
import { HANDSHAKE_FRAME_BYTES_MAX } from '../../protocol/constants.ts';
import { FrameDecoder } from '../../protocol/frame.ts';
import type { ConnectionHandlers, Runtime } from './runtime.ts';

/** How it is asked. */
interface GreetingOptions {
  readonly runtime: Pick<Runtime, 'dial' | 'nowMs' | 'setAlarm'>;
  readonly limitMs: number;
}

/** The environment of the server at an address; null if none greets in time. Never rejects. */
export function environmentAt(
  address: string,
  { runtime, limitMs }: GreetingOptions,
): Promise<string | null> {
  return new Promise((resolve) => {
    let end = (): void => undefined;
    const settle = (environment: string | null): void => {
      cancelAlarm();
      resolve(environment);
      end();
    };
    let cancelAlarm = (): void => undefined;
    const awaitGreeting = (): void => {
      const dueMs = runtime.nowMs() + limitMs;
      cancelAlarm = runtime.setAlarm(dueMs, () => {
        // Late: the process did not run, and the greeting may wait in the socket.
        if (runtime.nowMs() > dueMs + ON_TIME_MS) awaitGreeting();
        else settle(null);
      });
    };
    awaitGreeting();
    const nobody = (): void => {
      settle(null);
    };
    end = runtime.dial(address, {
      opened: (connection) => {
        end = () => {
          connection.end(0);
        };
        return listener(settle);
      },
      failed: nobody,
      refused: nobody,
    });
  });
}

function listener(settle: (environment: string | null) => void): ConnectionHandlers {
  const decoder = new FrameDecoder(HANDSHAKE_FRAME_BYTES_MAX);
  return {
    received: (chunk) => {
      try {
        for (const frame of decoder.push(chunk)) {
          const message = decodeMessage(frame);
          settle(message.kind === 'welcome' ? message.environment : null);
        }
      } catch {
        // A stranger at the port.
        settle(null);
      }
    },
    drained: () => undefined,
    closed: () => {
      settle(null);
    },
  };
}

/** As late as an alarm may be in a process that is merely busy. */
const ON_TIME_MS = 50;
