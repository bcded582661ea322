// Waking: a server that slept longer than a silence answers from its first moment on as one that
// knows nothing of the meantime. If an instance ended while it slept, and is live at no server that
// may believe so, it answers it as stale at most. A server that was awake may, and one that woke
// earlier, of an instance that ended since then. Asked after every step, and not only at each look of
// the others.

import type { State } from '../../../src/core/server/state.ts';
import type { Cluster, SimServer } from '../world/cluster.ts';
import { instancesAt } from '../world/cluster.ts';
import type { Checker } from './checker.ts';

/** A server that wakes never calls a dead instance live. */
export function honestWaking(): Checker {
  const wakers = new Map<SimServer, Waker>();
  return {
    name: 'a server that slept says of nothing that is over that it is live',
    check: () => [],
    look: (server, world) => {
      if (isWaking(server, world)) return pastOf(server, { world, wakers });
      wakers.delete(server);
      for (const [other, waker] of wakers) {
        if (isWaking(other, world)) learn(waker, liveAt(server));
        else wakers.delete(other);
      }
      return [];
    },
  };
}

/**
 * A server that wakes, and what others took for live with reason since then, at any of their steps:
 * it may have that from them. News that a cut held back passes through them and it within one
 * instant.
 */
interface Waker {
  readonly awakeMs: number;
  readonly known: Set<string>;
}

function wakerOf(wakers: Map<SimServer, Waker>, server: SimServer): Waker {
  const { awakeMs } = server.process;
  const before = wakers.get(server);
  if (before?.awakeMs === awakeMs) return before;
  const waker: Waker = { awakeMs, known: new Set() };
  wakers.set(server, waker);
  return waker;
}

function learn(waker: Waker, instances: Iterable<string>): void {
  for (const instance of instances) waker.known.add(instance);
}

function isWaking({ process, core }: SimServer, world: Cluster): boolean {
  return (
    process.state === 'running' &&
    world.nowMs - process.awakeMs < WAKING_MS &&
    process.sleptMs > noticedMs(core.state)
  );
}

function pastOf(
  server: SimServer,
  { world, wakers }: { readonly world: Cluster; readonly wakers: Map<SimServer, Waker> },
): string[] {
  const waker = wakerOf(wakers, server);
  if (server.core.state.life.waiting !== null) return [];
  const over = overAt(server, world);
  if (over.length === 0) return [];
  for (const other of world.running()) {
    if (other !== server && other.process.state === 'running') {
      learn(waker, believedBy(other, { world, wakers }));
    }
  }
  return over
    .filter((instance) => !waker.known.has(instance))
    .map((instance) => `${server.name} wakes and answers ${instance}, which is over`);
}

/** What a server answers as live, without what it cannot have from anywhere but the past. */
function believedBy(
  server: SimServer,
  { world, wakers }: { readonly world: Cluster; readonly wakers: Map<SimServer, Waker> },
): Set<string> {
  const live = liveAt(server);
  if (!isWaking(server, world)) return live;
  const { known } = wakerOf(wakers, server);
  for (const instance of overAt(server, world)) if (!known.has(instance)) live.delete(instance);
  return live;
}

function overAt(server: SimServer, world: Cluster): string[] {
  const live = liveAt(server);
  const { awakeMs } = server.process;
  // The news of its own clients lies in its sockets, and takes a moment to be read.
  const isRead = world.nowMs - awakeMs > READ_MS;
  const { owners } = server.core.state.clients;
  return world.services
    .filter(({ endedMs, instance }) => endedMs < awakeMs && live.has(instance))
    .filter(({ instance }) => isRead || !owners.has(instance))
    .map(({ instance }) => instance);
}

function liveAt(server: SimServer): Set<string> {
  return new Set(
    instancesAt(server)
      .filter(({ state }) => state !== 'stale')
      .map(({ registration }) => registration.instance),
  );
}

/** Longer than its links may be silent, and a beat, and a moment. */
function noticedMs({ options: { silenceMs, heartbeatMs } }: Readonly<State>): number {
  return silenceMs + heartbeatMs + 100;
}

/** It reads what waits for so long before it answers, if it has noticed that it slept. */
const READ_MS = 50;

/** By then it is a server like others, for which other checkers have their bounds. */
const WAKING_MS = 3_500;
