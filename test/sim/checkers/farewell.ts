// Farewell: a server that stops on purpose is taken for one that left, never for a crash, by every
// server that it could reach.

import type { SimServer } from '../world/cluster.ts';
import type { Checker } from './checker.ts';

/** Every server that could hear a goodbye has heard it. */
export function goodbyesHeard(): Checker {
  const farewells = new Map<SimServer, Farewell>();
  return {
    name: 'a goodbye is heard by every server within reach',
    check: (world, paths) => {
      for (const leaver of world.servers) {
        if (!leaver.core.state.life.isStopping || farewells.has(leaver)) continue;
        const hearers = world.running().filter((one) => {
          return paths.wasWhole(one, leaver) && paths.lastedMs(one, leaver) > LASTED_MS;
        });
        if (world.calmMs < CALM_MS) hearers.length = 0;
        const told = leaver.notices.find(({ notice }) => notice.name === 'server-stopping');
        const stopMs = told?.nowMs ?? world.nowMs;
        farewells.set(leaver, { stopMs, leftMs: Infinity, hearers });
      }
      return [...farewells].flatMap(([leaver, farewell]) => {
        if (leaver.core.state.life.hasLeft)
          farewell.leftMs = Math.min(farewell.leftMs, world.nowMs);
        const isDue = world.nowMs - farewell.leftMs > HEARD_MS;
        if (!isDue || world.disturbedMs > farewell.stopMs) return [];
        return farewell.hearers
          .filter(({ process }) => process.state === 'running')
          .filter(({ core }) => !core.state.past.goodbyes.has(leaver.core.state.self.id))
          .map(({ name }) => `${name} has not heard that ${leaver.name} left`);
      });
    },
  };
}

interface Farewell {
  readonly stopMs: number;
  leftMs: number;
  readonly hearers: readonly SimServer[];
}

/** Both ends know a path that is so old. */
const LASTED_MS = 1_500;

/** Nothing else was done at the time of the stop. */
const CALM_MS = 300;

const HEARD_MS = 1_000;
