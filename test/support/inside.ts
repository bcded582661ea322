// A server without sockets in this process, and the doors inside it: what a door is given to work with,
// and sessions with its core. Whatever goes wrong there is a fault that the test can look at.

import type { Tell } from '../../src/core/effect.ts';
import type { Input } from '../../src/core/input.ts';
import { Server } from '../../src/core/server/server.ts';
import type { DoorContext } from '../../src/io/doors/door.ts';
import { InnerSession } from '../../src/io/doors/inner-session.ts';
import { Driver } from '../../src/io/machine/driver.ts';
import { instanceOf } from '../../src/io/machine/instance-key.ts';
import { nodeRuntime } from '../../src/io/machine/node-runtime.ts';
import { serverOptions } from './server-stage.ts';

/** The inside of a server. */
export interface Inside {
  readonly context: DoorContext;
  /** What was thrown in a door, or told as a bug. */
  readonly faults: readonly unknown[];
  readonly stop: () => Promise<void>;
  session(more?: { onGoaway?: () => void; onClosed?: () => void }): InnerSession;
}

/** Starts a server of host h1. */
export function startInside(): Inside {
  const options = serverOptions({ host: 'h1', instanceOf });
  const core = new Server(options);
  const driver = new Driver<Input, Tell>({
    core,
    runtime: nodeRuntime,
    perform: () => undefined,
  });
  driver.start();
  const faults: unknown[] = [];
  const server = {
    environment: options.environment,
    facts: options.facts,
    settings: { httpNames: [], httpOrigins: [], httpTokenFile: null },
    lock: {},
    runtime: nodeRuntime,
    connect: (end: Parameters<typeof driver.acceptInner>[0]) => driver.acceptInner(end),
    state: () => core.state,
    tell: (notice: unknown) => faults.push(notice),
    count: () => undefined,
  };
  const guard =
    <A extends readonly unknown[]>(act: (...given: A) => void) =>
    (...given: A) => {
      try {
        act(...given);
      } catch (error) {
        faults.push(error);
      }
    };
  const fail = (error: unknown): unknown => faults.push(error);
  const context = { server, guard, fail } as unknown as DoorContext;
  return {
    context,
    faults,
    stop: async () => {
      driver.submit({ kind: 'stop', nowMs: nodeRuntime.nowMs() });
      await driver.stopped;
    },
    session: (more = {}) =>
      new InnerSession({ context, transport: 'inside', remote: 'a test', ...more }),
  };
}
