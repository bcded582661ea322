// Stories of a hostile neighbour, which was let in and says whatever its place allows: a server that
// one host lets in, one that goes to all of them, a client. For everybody else all invariants hold,
// and within the hold nothing is left of what it made up.

import type { HostileSpec } from '../world/hostile.ts';
import type { Story } from './story.ts';
import { story } from './story.ts';

const HOSTS = ['h1', 'h2', 'h3'] as const;
const HOLD_MS = 6_000;

function intruded(at: readonly string[], role: HostileSpec['role']): Story {
  return story({ hosts: HOSTS.length, splitHoldMs: HOLD_MS }, (stage) => {
    const { world, run, demand } = stage;
    for (const host of HOSTS) {
      const services = [
        world.serve({ host, service: 'db' }),
        world.serve({ host, service: 'web' }),
      ];
      world.watch({ host, service: 'db' });
      world.clock.after(3_000, () => services[0]?.update());
      world.clock.after(7_000, () => services[1]?.kill());
    }
    run(2_000);
    const seed = Math.floor(world.random() * 2 ** 32);
    const hostile = world.intrude(at, { role, seed, gapMs: 50 });
    run(8_000);
    const isHeard = world.servers.some(({ notices }) => {
      return notices.some(({ notice }) => Object.values(notice.fields).includes(hostile.spec.host));
    });
    demand(role === 'client' || isHeard, 'no server hears of it');
    world.silence();
    hostile.leave('vanish');
    stage.agreeWithin(HOLD_MS + LET_GO_MS);
  });
}

export const byOneHost = intruded(['h1'], 'peer');
export const toAllHosts = intruded(HOSTS, 'peer');
export const asClient = intruded(['h2'], 'client');

/** A silence, and the long grace. */
const LET_GO_MS = 5_000;
