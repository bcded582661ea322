// How a host is upgraded: one of its servers is restarted, and a while after that is ready, the other.

import type { Cluster, ServerSpec, SimServer } from './cluster.ts';

/** A restart of both servers of a host. */
export interface PairRestart {
  readonly first: SimServer;
  readonly second: SimServer;
  /** Which of them gets SIGKILL in place of SIGTERM. */
  readonly kill: SimServer | null;
  /** From the moment at which the first listens again to the end of the second. */
  readonly pauseMs: number;
  /** How long a process takes to start. */
  readonly bootMs: number;
  readonly start: (spec: ServerSpec) => void;
}

/** Restarts one server, then the other. */
export function restartPair(world: Cluster, restart: PairRestart): void {
  const { first, second, kill, pauseMs, bootMs, start } = restart;
  const again = (server: SimServer, then: () => void): void => {
    end(world, server, kill === server ? 'kill' : 'stop');
    whenEnded(world, server, () => {
      world.clock.after(bootMs, () => {
        start(server.spec);
        then();
      });
    });
  };
  again(first, () => {
    world.clock.after(pauseMs, () => {
      again(second, () => undefined);
    });
  });
}

function end(world: Cluster, { name, process }: SimServer, how: 'kill' | 'stop'): void {
  if (process.state !== 'ended') world[how](name);
}

/** A service manager waits for the end, and helps a little in the end. */
function whenEnded(world: Cluster, server: SimServer, then: () => void): void {
  const sinceMs = world.nowMs;
  const look = (): void => {
    if (server.process.state !== 'ended' && world.nowMs - sinceMs > END_MS_MAX) {
      world.kill(server.name);
    }
    if (server.process.state === 'ended') then();
    else world.clock.after(1, look);
  };
  look();
}

const END_MS_MAX = 5_000;
