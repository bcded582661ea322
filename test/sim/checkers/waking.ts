// Waking: a server that slept longer than a silence answers from its first moment on as one that
// knows nothing of the meantime. What ended while it slept, and is live at nobody who was awake, it
// answers as stale at most. Asked after every step, and not only at each look of the others.

import type { State } from '../../../src/core/server/state.ts';
import type { Cluster, SimServer } from '../world/cluster.ts';
import { instancesAt } from '../world/cluster.ts';
import type { Checker } from './checker.ts';

/** Who wakes says of nothing dead that it is live. */
export function honestWaking(): Checker {
  // What others took for live since it woke: it may have that from them.
  const excused = new Map<SimServer, { awakeMs: number; known: Set<string> }>();
  return {
    name: 'a server that slept says of nothing that is over that it is live',
    check: () => [],
    look: (server, world) => {
      const { process, core } = server;
      const { awakeMs } = process;
      const isWaking = world.nowMs - awakeMs < WAKING_MS && process.sleptMs > noticedMs(core.state);
      if (!isWaking || process.state !== 'running' || core.state.held !== null) return [];
      const over = overAt(server, world);
      if (over.length === 0) return [];
      let excuse = excused.get(server);
      if (excuse?.awakeMs !== awakeMs) excuse = { awakeMs, known: new Set() };
      excused.set(server, excuse);
      for (const other of elsewhere(world, server)) {
        for (const instance of liveAt(other)) excuse.known.add(instance);
      }
      const { known } = excuse;
      return over
        .filter((instance) => !known.has(instance))
        .map((instance) => `${server.name} wakes and answers ${instance}, which is over`);
    },
  };
}

function overAt(server: SimServer, world: Cluster): string[] {
  const live = liveAt(server);
  const { awakeMs } = server.process;
  // What its own clients did lies in its sockets, and takes a moment to be read.
  const isRead = world.nowMs - awakeMs > READ_MS;
  const { owners } = server.core.state;
  return world.services
    .filter(({ endedMs, instance }) => endedMs < awakeMs && live.has(instance))
    .filter(({ instance }) => isRead || !owners.has(instance))
    .map(({ instance }) => instance);
}

function elsewhere(world: Cluster, server: SimServer): SimServer[] {
  return world.running().filter((other) => other !== server && other.process.state === 'running');
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
