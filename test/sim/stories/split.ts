// Stories of net-splits and of crashes, and of distinguishing them.

import type { Cluster } from '../world/cluster.ts';
import { instancesAt } from '../world/cluster.ts';
import type { SettledOptions } from './scenarios.ts';
import { startHost } from './scenarios.ts';
import type { Stage } from './story.ts';
import { noticesOf, standingsOf, stateAt, story } from './story.ts';
import { reasonOf } from '../../support/notices.ts';

const SLOW = { delayMs: [5, 20] } as const;

/** The servers of some hosts. */
function serversOn(world: Cluster, ...hosts: readonly string[]) {
  return world.running().filter(({ spec }) => hosts.includes(spec.host));
}

function demandState(
  stage: Stage,
  hosts: readonly string[],
  [instance, is]: [string, string],
): void {
  for (const server of serversOn(stage.world, ...hosts)) {
    const state = stateAt(server, instance);
    stage.demand(state === is, `${server.name} answers ${state} instead of ${is}`);
  }
}

/** Heals a split slowly enough for every step to be seen. */
function healSlowly({ world, run }: Stage, heal: () => void): void {
  const linked = (): number =>
    world.running().reduce((sum, { core }) => sum + core.state.links.size, 0);
  const before = linked();
  heal();
  for (let tick = 0; tick < 8_000 && linked() === before; tick += 1) world.run(2);
  for (let tick = 0; tick < 400; tick += 1) run(3);
}

/** F1: healing brings the dead back, everywhere. */
export const healing = story({ hosts: 4, traits: SLOW }, (stage) => {
  const { world, run, agreeWithin } = stage;
  const service = world.serve({ host: 'h3', service: 'db' });
  world.serve({ host: 'h4', service: 'db' });
  run(6_000);
  const heal = world.split(['h1', 'h2'], ['h3', 'h4']);
  run(4_000);
  demandState(stage, ['h1', 'h2'], [service.instance, 'stale']);
  service.kill();
  run(8_000);
  healSlowly(stage, heal);
  agreeWithin(10_000);
});

/** Five hosts in a row, each with cables to the next ones only. */
const CHAIN: SettledOptions = {
  hosts: 5,
  masters: ['h1', 'h2', 'h3', 'h4', 'h5'],
  traits: SLOW,
  splitHoldMs: 10_000,
  settledMs: 12_000,
  prepare: (world) => {
    world.cut((from, to) => Math.abs(Number(from.slice(1)) - Number(to.slice(1))) > 1);
  },
  specOf: (host) => ({ peers: [host === 'h1' ? 'h2' : `h${String(Number(host.slice(1)) - 1)}`] }),
};

/** A server far behind a cable that was cut for a moment is offered again. */
export const blinkChain = story(CHAIN, (stage) => {
  tellBlink(stage, 1_400);
});

/** So short that no host is split off: so no log says so and none has news. */
export const shortBlinkChain = story(CHAIN, (stage) => {
  tellBlink(stage, 1_220);
});

function tellBlink({ world, run, demand, agreeWithin }: Stage, cutMs: number): void {
  const { instance } = world.serve({ host: 'h5', service: 'db' });
  run(3_000);
  const heal = world.cut((from, to) => ['h2h3', 'h3h2'].includes(from + to));
  run(cutMs);
  heal();
  for (let tick = 0; tick < 80; tick += 1) {
    run(100);
    for (const server of serversOn(world, 'h1', 'h2')) {
      const standings = standingsOf(server, 'h5');
      const isKept = standings.every((is) => is === 'reachable' || is === 'suspect');
      demand(isKept, `${server.name} takes h5 for ${standings.join()}`);
      demand(stateAt(server, instance) !== 'none', `${server.name} answers none`);
    }
  }
  agreeWithin(10_000);
}

/** F1: a server that died in a split, with others, is live for no moment when it heals. */
export const deadTogether = story({ hosts: 6, traits: SLOW }, (stage) => {
  const { world, run } = stage;
  const services = ['h5', 'h6'].map((host) => world.serve({ host, service: 'db' }));
  run(6_000);
  const heal = world.split(['h1', 'h2'], ['h3', 'h4', 'h5', 'h6']);
  run(6_000);
  world.darken('h5');
  world.darken('h6');
  run(9_000);
  for (const { instance } of services) demandState(stage, ['h3', 'h4'], [instance, 'stale']);
  healSlowly(stage, heal);
  run(10_000);
  for (const { instance } of services) demandState(stage, ['h1', 'h3'], [instance, 'stale']);
});

/** F1, in a chain: the servers between offer those that are far away. */
export const healingChain = story(CHAIN, (stage) => {
  const { world, run, agreeWithin } = stage;
  const service = world.serve({ host: 'h5', service: 'db' });
  run(2_000);
  demandState(stage, ['h1', 'h2'], [service.instance, 'live']);
  const heal = world.split(['h1', 'h2'], ['h3', 'h4', 'h5']);
  run(6_000);
  demandState(stage, ['h1', 'h2'], [service.instance, 'stale']);
  heal();
  run(12_000);
  demandState(stage, ['h1', 'h2'], [service.instance, 'live']);
  const healAgain = world.split(['h1', 'h2'], ['h3', 'h4', 'h5']);
  // F5: longer than the hold, so the logs are dropped, and come back unchanged.
  run(16_000);
  demandState(stage, ['h1', 'h2'], [service.instance, 'none']);
  healAgain();
  for (let tick = 0; tick < 200; tick += 1) {
    run(100);
    const [one, other] = serversOn(world, 'h1', 'h2').map((at) => stateAt(at, service.instance));
    if (one === 'live' && other === 'live') break;
  }
  run(2_000);
  demandState(stage, ['h1', 'h2'], [service.instance, 'live']);
  agreeWithin(5_000);
});

/** F4: a split longer than the hold heals; nothing is left that was held too long. */
export const longSplit = story({ hosts: 4, splitHoldMs: 10_000 }, (stage) => {
  const { world, run, demand, agreeWithin } = stage;
  const service = world.serve({ host: 'h4', service: 'db' });
  run(6_000);
  const heal = world.split(['h1', 'h2'], ['h3', 'h4']);
  run(8_000);
  demandState(stage, ['h1', 'h2'], [service.instance, 'stale']);
  run(10_000);
  demandState(stage, ['h1', 'h2'], [service.instance, 'none']);
  demand(
    serversOn(world, 'h1', 'h2').every(({ core }) => core.state.origins.size === 4),
    'a frozen log is held for longer than the hold',
  );
  heal();
  agreeWithin(40_000);
});

/** F8: the way back is known, though the only peer is gone and the hold is over. */
export const decommissioned = story({ hosts: 5, splitHoldMs: 5_000 }, (stage) => {
  const { world, run, agreeWithin } = stage;
  // All but h1 were given h1 to start with; h1 was given h3.
  world.stop('h1-a');
  world.stop('h1-b');
  run(6_000);
  const heal = world.split(['h2', 'h4'], ['h3', 'h5']);
  run(15_000);
  heal();
  agreeWithin(60_000);
});

/** F9: a cut that rolls out over a second leaves nothing deleted. */
export const rollingCut = story({ hosts: 5, masters: ['h1', 'h2'] }, (stage) => {
  const { world, run } = stage;
  const services = ['h3', 'h4', 'h5'].map((host) => world.serve({ host, service: 'db' }));
  run(6_000);
  const far = ['h3', 'h4', 'h5'];
  for (const host of far) {
    world.cut((from, to) => far.includes(from) !== far.includes(to) && [from, to].includes(host));
    run(700);
  }
  run(8_000);
  for (const { instance } of services) demandState(stage, ['h1', 'h2'], [instance, 'stale']);
});

/** F10: two masters lose their power; the leaves live on. */
export const mastersGone = story(
  { hosts: 6, masters: ['h1', 'h2', 'h3', 'h4'], settledMs: 14_000 },
  (stage) => {
    const { world, run, demand } = stage;
    const services = ['h5', 'h6'].map((host) => world.serve({ host, service: 'db' }));
    run(1_000);
    const linked = new Set(
      serversOn(world, 'h5').flatMap(({ core }) =>
        [...core.state.links.keys()].map((id) => core.state.origins.get(id)?.log.facts.host ?? ''),
      ),
    );
    for (const host of linked) if (host !== 'h5') world.darken(host);
    for (let tick = 0; tick < 80; tick += 1) {
      run(100);
      for (const server of world.running()) {
        for (const { instance } of services) {
          const state = stateAt(server, instance);
          demand(state === 'live' || state === 'suspect', `${server.name} answers ${state}`);
        }
      }
    }
  },
);

/** F11: in a cluster of two hosts a cut is a split for both. */
export const twoHosts = story({ hosts: 2, masters: ['h1'] }, (stage) => {
  const { world, run, demand, agreeWithin } = stage;
  const service = world.serve({ host: 'h2', service: 'db' });
  run(6_000);
  const heal = world.split(['h1'], ['h2']);
  run(6_000);
  demandState(stage, ['h1'], [service.instance, 'stale']);
  demand(
    world.running().every(({ core }) => !core.state.view.isComplete),
    'a lone host is complete',
  );
  heal();
  agreeWithin(30_000);
});

/** F12: a server that died in a split is stale no longer than the new verdict takes. */
export const deadAfterHeal = story({ hosts: 5 }, (stage) => {
  const { world, run, agreeWithin } = stage;
  const service = world.serve({ host: 'h4', service: 'db' });
  run(6_000);
  const heal = world.split(['h1', 'h2'], ['h3', 'h4', 'h5']);
  run(8_000);
  demandState(stage, ['h1', 'h2'], [service.instance, 'stale']);
  world.darken('h4');
  run(12_000);
  demandState(stage, ['h3', 'h5'], [service.instance, 'none']);
  heal();
  agreeWithin(40_000);
  run(6_000);
  demandState(stage, ['h1', 'h2'], [service.instance, 'none']);
});

/** A frozen server whose host is back without it is dropped after a grace. */
export const backWithout = story({ hosts: 4 }, (stage) => {
  const { world, run, agreeWithin, demand } = stage;
  run(4_000);
  const heal = world.split(['h1', 'h2'], ['h3', 'h4']);
  run(6_000);
  world.kill('h3-b');
  world.kill('h4-b');
  run(3_000);
  heal();
  agreeWithin(35_000);
  demand(noticesOf(world, 'origin-forgotten') > 0, 'nobody is forgotten');
});

/** One host that falls silent is a crash: gone in time, for good, and complete without it. */
export const crash = story({ hosts: 4 }, (stage) => {
  const { world, run, demand, agreeWithin } = stage;
  const service = world.serve({ host: 'h4', service: 'db' });
  run(6_000);
  world.darken('h4');
  for (let tick = 0; tick < 25; tick += 1) {
    run(100);
    for (const server of world.running()) {
      const isDoubted = standingsOf(server, 'h4').includes('suspect');
      demand(!(isDoubted && server.core.state.view.isComplete), 'complete, with a suspect origin');
      if (!standingsOf(server, 'h4').every((is) => is === 'suspect')) continue;
      const state = stateAt(server, service.instance);
      demand(state === 'suspect', `${state}, where all that hold it are suspect`);
    }
  }
  demandState(stage, ['h1', 'h2', 'h3'], [service.instance, 'none']);
  demand(noticesOf(world, 'origin-split') === 0, 'a lone crash is taken for a split');
  agreeWithin(5_000);
  world.light('h4');
  startHost(world, 'h4');
  agreeWithin(10_000);
});

/** A short interruption is none: back within the grace. */
export const blink = story({ hosts: 4 }, (stage) => {
  const { world, run, demand, agreeWithin } = stage;
  world.serve({ host: 'h4', service: 'db' });
  const watcher = world.watch({ host: 'h1', service: 'db' });
  run(6_000);
  const before = watcher.known.size;
  const [first] = watcher.known.values();
  const heal = world.cut((from, to) => (from === 'h4') !== (to === 'h4'));
  run(500);
  heal();
  for (let tick = 0; tick < 50; tick += 1) {
    run(100);
    demand(watcher.known.size === before, 'a short interruption is reported');
    const [now] = watcher.known.values();
    demand(now?.state !== 'stale' && first?.state !== 'stale', 'a short interruption makes stale');
  }
  agreeWithin(20_000);
});

/** F20: two hosts that lose power within three seconds are a split; killed ones are not. */
export const twoCrashes = story({ hosts: 5 }, (stage) => {
  const { world, run, demand } = stage;
  const service = world.serve({ host: 'h4', service: 'db' });
  run(6_000);
  world.darken('h4');
  run(2_600);
  demandState(stage, ['h1'], [service.instance, 'none']);
  world.darken('h5');
  run(4_000);
  demandState(stage, ['h1', 'h2', 'h3'], [service.instance, 'stale']);
  for (const server of world.running()) {
    demand(
      standingsOf(server, 'h5').every((is) => is === 'split'),
      'the second is no split',
    );
    demand(!server.core.state.view.isComplete, 'complete, with two hosts missing');
  }
});

/** A host whose power fails twice, the second time with another one: of the first life nothing stays. */
export const powerAgain = story({ hosts: 5 }, (stage) => {
  const { world, run, demand } = stage;
  const service = world.serve({ host: 'h4', service: 'db' });
  run(6_000);
  world.darken('h4');
  run(1_900);
  world.light('h4');
  startHost(world, 'h4');
  run(1_500);
  demandState(stage, ['h1', 'h2', 'h3'], [service.instance, 'none']);
  world.darken('h4');
  world.darken('h5');
  run(5_000);
  demandState(stage, ['h1', 'h2', 'h3'], [service.instance, 'none']);
  for (const server of world.running()) {
    const standings = standingsOf(server, 'h4').join();
    demand(standings === 'split,split', `${server.name} takes the servers of h4 for ${standings}`);
  }
});

/** F20: a process that ends closes its sockets, so two reboots are two crashes. */
export const twoKills = story({ hosts: 5 }, (stage) => {
  const { world, run, demand } = stage;
  run(4_000);
  for (const side of ['a', 'b']) for (const host of ['h4', 'h5']) world.kill(`${host}-${side}`);
  run(4_000);
  demand(noticesOf(world, 'origin-split') === 0, 'kills are taken for a split');
  demand(
    world.running().every(({ core }) => core.state.view.isComplete),
    'not complete after kills',
  );
});

/** F21: a rack goes; its hosts are stale, until an operator says so. */
export const rack = story({ hosts: 6 }, (stage) => {
  const { world, run, demand } = stage;
  const service = world.serve({ host: 'h5', service: 'db' });
  run(6_000);
  for (const host of ['h4', 'h5', 'h6']) world.darken(host);
  run(5_000);
  demandState(stage, ['h1', 'h2', 'h3'], [service.instance, 'stale']);
  world.forget('h1', 'h5');
  run(500);
  demandState(stage, ['h1', 'h2', 'h3'], [service.instance, 'none']);
  demand(
    world.running().every((server) => standingsOf(server, 'h4').includes('split')),
    'another host is forgotten as well',
  );
});

/** F19: with all masters dead each host stands alone, and the rest is stale. */
export const noMasters = story({ hosts: 4, masters: ['h1', 'h2'] }, (stage) => {
  const { world, run, agreeWithin } = stage;
  const service = world.serve({ host: 'h4', service: 'db' });
  run(6_000);
  for (const host of ['h1', 'h2']) world.darken(host);
  run(6_000);
  demandState(stage, ['h4'], [service.instance, 'live']);
  demandState(stage, ['h3'], [service.instance, 'stale']);
  for (const host of ['h1', 'h2']) {
    world.light(host);
    startHost(world, host, { masters: ['h1', 'h2'] });
  }
  agreeWithin(60_000);
});

/** F15: one way of a cable is cut; only that way's news is lost, and nothing lies. */
export const oneWay = story({ hosts: 4, masters: ['h1', 'h2', 'h3', 'h4'] }, (stage) => {
  const { world, run, demand, agreeWithin } = stage;
  const service = world.serve({ host: 'h4', service: 'db' });
  run(6_000);
  const heal = world.cut((from) => from === 'h4');
  run(4_000);
  // It hears that the others close for its silence: that is no sign of their death.
  const standings = standingsOf(world.server('h4-a'), 'h1');
  demand(standings.join() === 'split,split', `h4-a takes h1 for ${standings.join()}`);
  demandState(stage, ['h1', 'h2', 'h3'], [service.instance, 'none']);
  heal();
  agreeWithin(40_000);
});

/** F16: a network that comes and goes brings no dead server back and loses none for good. */
export const flapping = story({ hosts: 4 }, (stage) => {
  const { world, run, agreeWithin } = stage;
  for (const host of ['h1', 'h2', 'h3', 'h4']) world.serve({ host, service: 'db' });
  run(6_000);
  for (let round = 0; round < 6; round += 1) {
    const heal = world.split(['h1', 'h2'], ['h3', 'h4']);
    run(400 + 900 * round);
    heal();
    run(1_300);
  }
  agreeWithin(40_000);
});

/** F13: after a long split the first link that is back brings all others. */
export const backOff = story({ hosts: 4, masters: ['h1', 'h2', 'h3', 'h4'] }, (stage) => {
  const { world, run, demand } = stage;
  run(6_000);
  const heal = world.split(['h1', 'h2'], ['h3', 'h4']);
  world.run(600_000);
  heal();
  const isWhole = (count: number): boolean =>
    world.running().filter(({ core }) => core.state.links.size === 7).length >= count;
  const isLinked = (): boolean => world.running().some(({ core }) => core.state.links.size > 3);
  let waitedMs = 0;
  while (!isLinked() && waitedMs < 300_000) {
    run(100);
    waitedMs += 100;
  }
  demand(waitedMs <= 31_000, `the first link is back after ${String(waitedMs)} ms`);
  run(1_500);
  demand(isWhole(8), 'the first link has not brought the others');
  demand(instancesAt(world.server('h1-a')).length === 0, 'who registered?');
});

/** A link that is given up on purpose just before a split makes no crash of it. */
export const givenUp = story({ hosts: 4, masters: ['h1', 'h2'] }, ({ world, run, demand }) => {
  run(4_000);
  const reason = 'other links have taken its place';
  const told = world.servers.flatMap(({ notices }) => notices);
  demand(
    told.some(({ notice }) => reasonOf(notice) === reason),
    'no link was given up',
  );
  world.split(['h1', 'h2'], ['h3', 'h4']);
  run(5_000);
});

/** In a cluster of two hosts, too, a process that ends has crashed. */
export const twoHostsKill = story({ hosts: 2, masters: ['h1'] }, ({ world, run, demand }) => {
  run(4_000);
  for (const side of ['a', 'b']) world.kill(`h2-${side}`);
  run(4_000);
  demand(noticesOf(world, 'origin-split') === 0, 'a kill is taken for a split');
});

/**
 * A server that lost all its links hears from others why they lost theirs: both its masters
 * crashed.
 */
export const mastersKilled = story(
  {
    hosts: 6,
    masters: ['h1', 'h2', 'h4', 'h5'],
    specOf: (host) => ({ cluster: ['h1', 'h2', 'h3'].includes(host) ? 'near' : 'far' }),
    // A late message may bring a dead master back for a moment.
    traits: { delayMs: [5, 60] },
    settledMs: 16_000,
  },
  ({ world, run, demand, agreeWithin }) => {
    const service = world.serve({ host: 'h4', service: 'db' });
    run(1_000);
    // More than a tail holds, so that a server that has nothing of it gets a snapshot.
    for (let count = 0; count < 2_100; count += 1) service.update();
    run(4_000);
    for (const host of ['h1', 'h2']) for (const side of ['a', 'b']) world.kill(`${host}-${side}`);
    run(6_000);
    demand(noticesOf(world, 'origin-split') === 0, 'crashed masters are taken for a split');
    agreeWithin(10_000);
  },
);

/** On a lone host the servers find each other, and one that hangs is no split. */
export const loneHost = story({ hosts: 1, masters: ['h1'] }, ({ world, run, demand }) => {
  for (const { core } of world.running()) demand(core.state.links.size === 1, 'no sibling');
  world.pause('h1-b');
  run(4_000);
  demand(noticesOf(world, 'origin-split') === 0, 'a sibling that hangs is taken for a split');
});
