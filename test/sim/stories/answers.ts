// Stories of answers: when a view is complete, and what watchers are told while servers come and
// go.

import type { OriginId } from '../../../src/protocol/ids.ts';
import type { Cluster, SimServer } from '../world/cluster.ts';
import type { SimWatcher } from '../world/watcher.ts';
import { startHost } from './scenarios.ts';
import { standingsOf, stateAt, story } from './story.ts';

/**
 * A server that has no other to wait for is complete at once; one that has a sibling waits for it.
 */
export const loneStart = story(
  { hosts: 0, settledMs: 0 },
  ({ world, run, demand, agreeWithin }) => {
    const one = world.start({ host: 'h1', side: 'a', isMaster: true });
    run(500);
    demand(one.core.state.view.isComplete, 'a lone server is not complete at once');
    const service = world.serve({ host: 'h1', service: 'db' });
    run(1_000);
    const other = world.start({ host: 'h1', side: 'b', isMaster: true });
    const demandAll = (): void => {
      const isNone = stateAt(other, service.instance) === 'none';
      demand(!(isNone && other.core.state.view.isComplete), 'none, complete, beside a sibling');
    };
    demandAll();
    for (let tick = 0; tick < 200; tick += 1) {
      run(5);
      demandAll();
    }
    agreeWithin(10_000);
  },
);

/** Two servers of a host that know of others by name alone cannot tell what these hold. */
export const aloneWithPeers = story(
  { hosts: 1, masters: ['h1'], settledMs: 0, specOf: () => ({ peers: ['h9'] }) },
  ({ world, run, demand }) => {
    run(20_000);
    const complete = world.running().filter(({ core }) => core.state.view.isComplete);
    demand(complete.length === 0, 'complete, where nobody else was ever reached');
  },
);

/**
 * A server that is restarted during a split hears which hosts it took from others, however far away
 * they are: h3 is linked to h1 alone, and only h2 still knows the offers of h4 and h5.
 */
export const lostFarAway = story(
  { hosts: 5, masters: ['h1'], traits: { delayMs: [1, 5] } },
  ({ world, run, demand, agreeWithin }) => {
    const services = ['h4', 'h5'].map((host) => world.serve({ host, service: 'db' }));
    run(3_000);
    const heal = world.split(['h1', 'h2', 'h3'], ['h4', 'h5']);
    run(6_000);
    for (const name of ['h1-a', 'h1-b', 'h3-a', 'h3-b']) {
      const { spec } = world.server(name);
      world.stop(name);
      run(2_500);
      world.start(spec);
      run(2_500);
    }
    for (let tick = 0; tick < 100; tick += 1) {
      run(100);
      for (const name of ['h1-a', 'h3-a', 'h3-b']) {
        const { isComplete, isSynced, missing, why } = world.server(name).core.state.view;
        demand(!isComplete, `${name} is complete`);
        demand(!isSynced, `${name} takes its cold start for over, though others miss hosts`);
        demand(missing.join() === 'h4,h5', `${name} misses ${missing.join()}`);
        demand(why === 'unsynced', `${name} says ${String(why)}`);
      }
    }
    heal();
    agreeWithin(40_000);
    demand(
      services.every(({ instance }) => stateAt(world.server('h3-a'), instance) === 'live'),
      'a service has not returned',
    );
  },
);

/**
 * A host is restarted while nobody hears it, and then hears nobody. What it said comes at once: its
 * goodbyes overtake the news of its new life, which so comes to few servers, and is lost there.
 */
export const newLifeAtFew = story(
  {
    hosts: 4,
    masters: ['h1', 'h2'],
    specOf: (host) => (host === 'h4' ? { pace: { heartbeatMs: 2_000, silenceMs: 6_000 } } : {}),
  },
  ({ world, run, agreeWithin }) => {
    world.serve({ host: 'h4', service: 'db' });
    run(12_000);
    const speak = world.cut((from, to) => from !== to && from === 'h4');
    run(300);
    for (const name of ['h4-b', 'h4-a']) {
      const { spec } = world.server(name);
      world.stop(name);
      run(200);
      world.start(spec);
      run(200);
    }
    const hear = world.cut((from, to) => from !== to && to === 'h4');
    run(50);
    speak();
    run(3_000);
    hear();
    agreeWithin(40_000);
  },
);

/** If all answer and have the same, a cold start of all ends in a moment. */
export const quickStart = story(
  { hosts: 3, settledMs: 0 },
  ({ world, run, demand, agreeWithin }) => {
    run(2_500);
    const late = world.running().filter(({ core }) => !core.state.view.isComplete);
    demand(late.length === 0, `${late.map(({ name }) => name).join()} waits for nobody`);
    agreeWithin(10_000);
  },
);

/** A log that names another one that is not here yet keeps the view from being complete. */
export const namedOnly = story(
  { hosts: 3, traits: { delayMs: [5, 40] } },
  ({ world, run, demand, agreeWithin }) => {
    run(2_000);
    // A log that all others have heard of, as it is told by those who link to it.
    const born = world.nowMs;
    startHost(world, 'h4');
    for (let tick = 0; tick < 600; tick += 1) {
      world.run(1);
      for (const server of world.running()) demand(!lacksNamed(server), lackingAt(server));
    }
    demand(world.nowMs - born < 1_000, 'time is out of joint');
    agreeWithin(10_000);
  },
);

/** A host that was taken for crashed is back: others name it before its log is offered again. */
export const namedCrashed = story(
  { hosts: 4, traits: { delayMs: [5, 40] } },
  ({ world, run, demand, agreeWithin }) => {
    run(2_000);
    const heal = world.cut((from, to) => (from === 'h4') !== (to === 'h4'));
    run(3_000);
    const others = world.running().filter(({ spec }) => spec.host !== 'h4');
    const taken = others.flatMap((server) => standingsOf(server, 'h4'));
    demand(taken.join() === taken.map(() => 'crashed').join(), `h4 is ${taken.join()}`);
    heal();
    for (let tick = 0; tick < 3_000; tick += 1) {
      world.run(1);
      for (const server of others) demand(!lacksNamed(server), lackingAt(server));
    }
    agreeWithin(10_000);
  },
);

/** An instance of a host's frozen server is live as long as the other server holds it. */
export const liveFirst = story({ hosts: 4 }, ({ world, run, demand, agreeWithin }) => {
  const service = world.serve({ host: 'h3', service: 'db' });
  run(4_000);
  const heal = world.split(['h1', 'h2'], ['h3', 'h4']);
  run(6_000);
  world.kill('h3-b');
  run(3_000);
  heal();
  const { id } = world.server('h3-a').core.state.self;
  let seen = 0;
  for (let tick = 0; tick < 2_000 && seen < 60; tick += 1) {
    run(20);
    for (const name of ['h1-a', 'h1-b', 'h2-a', 'h2-b']) {
      const server = world.server(name);
      if (server.core.state.origins.get(id)?.standing !== 'reachable') continue;
      seen += 1;
      const state = stateAt(server, service.instance);
      demand(state === 'live', `${name} answers ${state} of what a server in reach holds`);
    }
  }
  demand(seen >= 60, 'the split has not healed');
  agreeWithin(20_000);
});

/** A server is killed: instances that its sibling also holds are answered without a gap. */
export const oneOfTwo = story({ hosts: 3 }, ({ world, run, demand }) => {
  const services = ['h2', 'h3'].map((host) => world.serve({ host, service: 'db' }));
  run(6_000);
  for (const name of ['h2-a', 'h3-b', 'h2-b', 'h3-a']) {
    const { spec } = world.server(name);
    world.kill(name);
    for (let tick = 0; tick < 100; tick += 1) {
      run(10);
      const missing = world
        .running()
        .filter((server) => services.some(({ instance }) => stateAt(server, instance) === 'none'));
      demand(missing.length === 0, `${missing.map((one) => one.name).join()} miss an instance`);
    }
    world.start(spec);
    run(4_000);
  }
});

/** A host's only server is restarted: its services are on their way back, and no watch is told. */
export const loneRestart = story({ hosts: 0, settledMs: 0 }, ({ world, run, demand }) => {
  const spec = { host: 'h1', side: 'a', isMaster: true } as const;
  world.start(spec);
  for (let count = 0; count < 3; count += 1) world.serve({ host: 'h1', service: 'db' });
  run(2_000);
  const watcher = world.watch({ host: 'h1', service: 'db' });
  run(1_000);
  for (let round = 0; round < 3; round += 1) {
    world.kill('h1-a');
    run(100);
    world.start(spec);
    for (let tick = 0; tick < 200; tick += 1) {
      run(20);
      demand(watcher.known.size === 3, 'a restart is told as a removal');
    }
  }
});

/**
 * A watcher's knowledge stays, marked stale, until a server with a complete view says otherwise.
 */
export const watchedCutOff = story({ hosts: 4 }, ({ world, run, demand, agreeWithin }) => {
  const service = world.serve({ host: 'h4', service: 'db' });
  run(3_000);
  const watcher = world.watch({ host: 'h2', service: 'db' });
  run(1_000);
  const heal = world.cut((from, to) => (from === 'h2') !== (to === 'h2'));
  const specs = ['h2-a', 'h2-b'].map((name) => world.server(name).spec);
  for (const { side } of specs) world.kill(`h2-${side}`);
  run(1_500);
  const known = (): string => watcher.known.get(service.instance)?.state ?? 'none';
  demand(known() === 'stale', `without a server a watcher says ${known()}`);
  for (const spec of specs) world.start(spec);
  for (let tick = 0; tick < 50; tick += 1) {
    run(200);
    demand(known() === 'stale', `cut off, a watcher says ${known()}`);
  }
  heal();
  agreeWithin(40_000);
});

/** A watcher whose next server lags behind is told nothing twice. */
export const watchedLag = story(
  { hosts: 4, traits: { delayMs: [5, 60] } },
  ({ world, run, demand, agreeWithin }) => {
    const service = world.serve({ host: 'h4', service: 'db' });
    run(3_000);
    const watcher = world.watch({ host: 'h2', service: 'db' });
    run(1_000);
    for (let round = 0; round < 3; round += 1) {
      const told = watchedBy(world, 'h2');
      const other = world.running().find(({ spec }) => spec.host === 'h2' && told?.spec !== spec);
      if (told === undefined || other === undefined) throw new Error('nobody is watched');
      // A server passes on at once what is new, so only one that sleeps lags for long enough.
      world.pause(other.name);
      service.update();
      run(2_000);
      const isKnown = (): boolean => revisionOf(watcher, service.instance) === service.revision;
      demand(isKnown(), 'the watcher is not told of an update');
      const lagging = revisionIn(other, service.instance);
      demand(lagging === service.revision - 1, 'no server has lagged behind the other');
      world.kill(told.name);
      world.resume(other.name);
      for (let tick = 0; tick < 100; tick += 1) {
        run(10);
        demand(isKnown(), 'a server that lags takes an update back');
      }
      world.start(told.spec);
      run(4_000);
    }
    agreeWithin(10_000);
  },
);

/** A watcher whose server is silent goes to the other. */
export const watchedSilent = story({ hosts: 3 }, ({ world, run, demand }) => {
  const service = world.serve({ host: 'h1', service: 'db' });
  run(2_000);
  const watcher = world.watch({ host: 'h2', service: 'db' });
  run(1_000);
  const server = watchedBy(world, 'h2');
  world.pause(server?.name ?? '');
  run(500);
  service.kill();
  run(4_500);
  demand(watcher.known.size === 0, 'a watcher waits for a server that does not run');
  world.resume(server?.name ?? '');
  run(3_000);
});

function reachableLogs({ core }: SimServer) {
  const origins = [...core.state.origins.values()];
  return origins.filter(({ standing }) => standing === 'reachable').map(({ log }) => log);
}

/** Whether a server is complete without the log of an origin that a log in reach names. */
function lacksNamed(server: SimServer): boolean {
  const { view, origins } = server.core.state;
  const named = new Set(reachableLogs(server).flatMap(({ links }) => [...links]));
  const isHere = (id: OriginId): boolean => (origins.get(id)?.standing ?? 'crashed') !== 'crashed';
  return view.isComplete && ![...named].every(isHere);
}

function lackingAt({ name }: SimServer): string {
  return `complete without a log that is named, ${name}`;
}

function watchesAt({ core }: SimServer): number {
  return [...core.state.sessions.values()].reduce((sum, { watches }) => sum + watches.size, 0);
}

function watchedBy(world: Cluster, host: string): SimServer | undefined {
  return world.running().find((server) => server.spec.host === host && watchesAt(server) > 0);
}

function revisionOf({ known }: SimWatcher, instance: string): number | undefined {
  const all = [...known.values()].map(({ registration }) => registration);
  return all.find((one) => one.instance === instance)?.revision;
}

function revisionIn({ core }: SimServer, instance: string): number | undefined {
  const all = core.state.catalogue.instancesOf('db').map(({ registration }) => registration);
  return all.find((one) => one.instance === instance)?.revision;
}
