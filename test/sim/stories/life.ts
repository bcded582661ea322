// Stories of services that come, change and go, of servers that start, sleep and leave, and of
// watchers.

import type { OriginId } from '../../../src/protocol/ids.ts';
import type { SimServer } from '../world/cluster.ts';
import { startHost } from './scenarios.ts';
import { noticesOf, stateAt, story } from './story.ts';
import { reasonOf } from '../../support/notices.ts';

const SLOW = { delayMs: [5, 20] } as const;

/** Ordinary life: services come, change what they offer, and go, each in its own way. */
export const comeAndGo = story({ hosts: 4, traits: SLOW }, ({ world, run, agreeWithin }) => {
  world.watch({ host: 'h1', service: 'db' });
  const doors = ['socket', 'tcp'] as const;
  const services = doors.flatMap((door) =>
    ['h2', 'h3', 'h4'].map((host) => world.serve({ host, service: 'db', door })),
  );
  run(3_000);
  for (const service of services) service.update();
  agreeWithin(2_000);
  services[0]?.rename('web');
  services[1]?.kill();
  services[2]?.stop();
  services[3]?.deregister();
  agreeWithin(2_000);
  run(6_000);
});

/** A process that hangs is no service; it comes back by itself. Not so a sidecar's socket. */
export const hang = story({ hosts: 3 }, ({ world, run, demand, agreeWithin }) => {
  const service = world.serve({ host: 'h3', service: 'db', door: 'tcp' });
  const sidecar = world.serve({ host: 'h3', service: 'db', door: 'socket' });
  run(3_000);
  service.process.pause();
  sidecar.process.pause();
  run(4_200);
  const server = world.server('h1-a');
  demand(stateAt(server, service.instance) === 'none', 'a hung process is still live');
  run(6_000);
  demand(stateAt(server, sidecar.instance) === 'live', 'a sidecar that is swapped out is gone');
  service.process.resume();
  sidecar.process.resume();
  agreeWithin(3_000);
});

/** F18: SIGTERM of one side after the other: no server ever misses an instance. */
export const rollingRestart = story({ hosts: 4 }, ({ world, run, demand, agreeWithin }) => {
  const services = ['h3', 'h4'].map((host) => world.serve({ host, service: 'db' }));
  const watcher = world.watch({ host: 'h3', service: 'db' });
  run(6_000);
  for (const name of ['h3-a', 'h3-b', 'h4-a', 'h4-b']) {
    const { spec } = world.server(name);
    world.stop(name);
    for (let tick = 0; tick < 20; tick += 1) {
      run(50);
      const missing = world
        .running()
        .filter((server) => server.spec !== spec)
        .filter((server) => services.some(({ instance }) => stateAt(server, instance) === 'none'));
      demand(missing.length === 0, `${missing.map((one) => one.name).join()} miss an instance`);
    }
    world.start(spec);
    run(1_500);
  }
  demand(watcher.known.size === 2, 'a watcher misses an instance');
  demand(noticesOf(world, 'origin-crashed') === 0, 'who leaves is taken for dead');
  agreeWithin(10_000);
});

/** F18: a server starts and its sibling stops at once: the news of one host is handed over. */
export const handOver = story({ hosts: 3 }, ({ world, run, demand }) => {
  world.kill('h2-b');
  run(500);
  const service = world.serve({ host: 'h2', service: 'db' });
  run(30_000);
  const { spec } = world.servers.find(({ name }) => name === 'h2-b') ?? {};
  if (spec !== undefined) world.start(spec);
  run(60);
  world.stop('h2-a');
  for (let tick = 0; tick < 40; tick += 1) {
    run(50);
    const state = stateAt(world.server('h1-a'), service.instance);
    demand(state === 'live', `handed over as ${state}`);
  }
});

/** F6: a goodbye reaches everyone, however far. */
export const farewell = story(
  {
    hosts: 4,
    masters: ['h1', 'h2', 'h3', 'h4'],
    traits: SLOW,
    settledMs: 12_000,
    prepare: (world) => {
      world.cut((from, to) => Math.abs(Number(from.slice(1)) - Number(to.slice(1))) > 1);
    },
    specOf: (host) => ({ peers: [host === 'h1' ? 'h2' : `h${String(Number(host.slice(1)) - 1)}`] }),
  },
  ({ world, run, demand, agreeWithin }) => {
    const service = world.serve({ host: 'h4', service: 'db' });
    run(1_000);
    const suspects = noticesOf(world, 'origin-suspect');
    service.update();
    world.stop('h4-b');
    run(3_000);
    demand(noticesOf(world, 'origin-suspect') === suspects, 'who leaves is suspect first');
    const all = world.running();
    const [left] = world.servers.filter(({ core }) => core.state.life.hasLeft);
    const heard = all.filter(({ core }) =>
      core.state.past.goodbyes.has(left?.core.state.self.id ?? ('' as OriginId)),
    );
    demand(heard.length === all.length, 'a goodbye is not heard by all');
    demand(noticesOf(world, 'origin-crashed') === 0, 'who leaves is taken for dead');
    agreeWithin(1_000);
  },
);

/** F6: a goodbye in a split is heard when it heals. */
export const farewellInSplit = story({ hosts: 5 }, ({ world, run, demand, agreeWithin }) => {
  run(4_000);
  const heal = world.split(['h1', 'h2'], ['h3', 'h4', 'h5']);
  run(6_000);
  for (const name of ['h4-a', 'h4-b', 'h5-a', 'h5-b']) world.stop(name);
  run(6_000);
  heal();
  agreeWithin(35_000);
  const here = world.running().filter(({ spec }) => ['h1', 'h2'].includes(spec.host));
  const heard = here.filter(({ core }) => core.state.past.goodbyes.size === 4);
  demand(heard.length === here.length, 'a goodbye in a split is not heard');
});

/** Goodbyes beyond what is remembered die out, however many are under way. */
export const manyFarewells = story(
  { hosts: 4, masters: ['h1', 'h2', 'h3', 'h4'], traits: SLOW, checkers: () => [] },
  ({ world, run, demand }) => {
    const chunks = world.network.chunksCount;
    const from = [...world.server('h1-a').core.state.links.values()][0];
    for (let count = 0; count < 20; count += 1) {
      const origin = count.toString(16).padStart(32, '0') as OriginId;
      const batches = [{ origin, first: 1, entries: [{ kind: 'bye' }] }] as const;
      const { connection } = from ?? {};
      world.server('h1-a').process.give((nowMs) => ({
        kind: 'received',
        connection: connection?.id ?? 0,
        message: { kind: 'entries', batches },
        nowMs,
      }));
    }
    const isStorm = (): boolean => world.network.chunksCount - chunks > 4_000;
    for (let tick = 0; tick < 400 && !isStorm(); tick += 1) run(5);
    demand(!isStorm(), 'goodbyes go round and round');
  },
);

/** F2: a server that slept answers and replicates nothing of the past. */
export const sleep = story({ hosts: 4, traits: SLOW }, ({ world, run, demand, agreeWithin }) => {
  const service = world.serve({ host: 'h4', service: 'db' });
  const other = world.serve({ host: 'h2', service: 'db' });
  run(6_000);
  world.pause('h1-a');
  run(2_000);
  service.kill();
  run(20_000);
  const asleep = world.server('h1-a');
  const before = noticesOf(world, 'origin-crashed');
  world.resume('h1-a');
  for (let tick = 0; tick < 400; tick += 1) {
    run(10);
    const lives = world
      .running()
      .filter((server) => server !== asleep && stateAt(server, service.instance) === 'live');
    demand(lives.length === 0, 'a sleeper brings back the dead');
    const state = stateAt(asleep, other.instance);
    demand(state !== 'none', 'a sleeper answers nothing of what lives');
  }
  demand(noticesOf(world, 'origin-crashed') === before, 'a sleeper drops whom it did not hear');
  demand(
    asleep.notices.some(({ notice }) => notice.name === 'slept'),
    'it has not noticed',
  );
  agreeWithin(10_000);
});

/** A client that asks a server which has just woken up is not told the past. */
export const askedAwakening = story({ hosts: 3 }, ({ world, run, demand, agreeWithin }) => {
  const service = world.serve({ host: 'h2', service: 'db' });
  run(6_000);
  const watcher = world.watch({ host: 'h2', service: 'db' });
  run(1_000);
  world.pause('h2-a');
  world.pause('h2-b');
  run(5_000);
  service.kill();
  const asker = world.watch({ host: 'h2', service: 'db' });
  run(1_000);
  world.resume('h2-a');
  world.resume('h2-b');
  run(3_000);
  demand(asker.known.size === 0, 'a sleeper tells of the dead');
  demand(watcher.known.size === 0, 'a sleeper does not tell of a death');
  agreeWithin(10_000);
});

/** F17: a server that is often starved for a while drops no other. */
export const starved = story({ hosts: 3 }, ({ world, run, demand }) => {
  world.serve({ host: 'h2', service: 'db', door: 'tcp' });
  run(6_000);
  const before = noticesOf(world, 'origin-suspect');
  for (let round = 0; round < 12; round += 1) {
    world.pause('h1-a');
    world.pause('h2-b');
    run(700);
    world.resume('h1-a');
    world.resume('h2-b');
    run(700);
  }
  demand(noticesOf(world, 'origin-crashed') === 0, 'a starved server drops others');
  demand(noticesOf(world, 'origin-suspect') === before, 'a starved server suspects others');
});

/** A server that was starved for nearly as long as silence may last takes no other for silent. */
export const starvedLong = story({ hosts: 3 }, ({ world, run, demand }) => {
  run(6_000);
  for (let round = 0; round < 8; round += 1) {
    world.pause('h1-a');
    run(1_100);
    world.resume('h1-a');
    run(2_000);
  }
  const silent = world
    .server('h1-a')
    .notices.filter(({ notice }) => reasonOf(notice) === 'it fell silent');
  demand(silent.length === 0, 'who was starved takes others for silent');
});

/** A server that is starved while it doubts another waits for it no shorter. */
export const starvedInDoubt = story({ hosts: 3 }, ({ world, run, demand }) => {
  const service = world.serve({ host: 'h3', service: 'db' });
  run(6_000);
  const server = world.server('h1-a');
  const heal = world.cut((from, to) => (from === 'h3') !== (to === 'h3'));
  for (let tick = 0; tick < 400 && stateAt(server, service.instance) === 'live'; tick += 1) run(5);
  // Others report the loss meanwhile, and the grace is a short one.
  run(60);
  world.pause('h1-a');
  heal();
  run(1_100);
  world.resume('h1-a');
  for (let tick = 0; tick < 100; tick += 1) {
    run(10);
    const state = stateAt(server, service.instance);
    demand(state !== 'none' && state !== 'stale', `who was starved in doubt answers ${state}`);
  }
  const judged = server.notices.filter(({ notice }) => notice.name === 'origin-crashed');
  demand(judged.length === 0, 'who was starved in doubt judges at once');
});

/** F7: a host that starts anew is complete only when it has everything. */
export const bootHost = story(
  { hosts: 4, traits: { delayMs: [40, 60] }, settledMs: 14_000 },
  ({ world, run, demand, agreeWithin }) => {
    for (const host of ['h1', 'h3', 'h4']) world.serve({ host, service: 'db' });
    run(3_000);
    world.darken('h2');
    run(12_000);
    world.light('h2');
    startHost(world, 'h2');
    for (let tick = 0; tick < 200; tick += 1) {
      run(10);
      for (const server of world.running()) {
        const {
          view: { isComplete },
          catalogue,
        } = server.core.state;
        const isWhole = catalogue.counts.live === 3;
        demand(!isComplete || isWhole, `${server.name} is complete without all`);
      }
    }
    agreeWithin(10_000);
  },
);

/** F7: a fresh server in a split does not call its half complete. */
export const freshInSplit = story({ hosts: 5 }, ({ world, run, demand, agreeWithin }) => {
  const service = world.serve({ host: 'h2', service: 'db' });
  run(6_000);
  const heal = world.split(['h1', 'h2'], ['h3', 'h4', 'h5']);
  run(6_000);
  const { spec } = world.server('h4-a');
  world.kill('h4-a');
  run(2_000);
  const fresh: SimServer = world.start(spec);
  startHost(world, 'h6', { peers: ['h3'] });
  for (let tick = 0; tick < 100; tick += 1) {
    run(100);
    for (const server of [fresh, world.server('h6-a')]) {
      const isNone = stateAt(server, service.instance) === 'none';
      demand(!(isNone && server.core.state.view.isComplete), 'none, complete, in a split');
    }
  }
  heal();
  agreeWithin(40_000);
});

/** A cold start of all at once: no server is complete before it has everything. */
export const coldStart = story(
  { hosts: 5, settledMs: 0, traits: { delayMs: [40, 60] } },
  ({ world, run, demand, agreeWithin }) => {
    for (const host of ['h1', 'h2', 'h3', 'h4', 'h5']) world.serve({ host, service: 'db' });
    for (let tick = 0; tick < 100; tick += 1) {
      run(100);
      for (const server of world.running()) {
        const {
          view: { isComplete },
          catalogue,
        } = server.core.state;
        demand(!isComplete || catalogue.counts.live === 5, `${server.name} is complete too early`);
      }
    }
    agreeWithin(20_000);
  },
);

/** A watcher on a host with one server hears of no change when that is restarted. */
export const watchRestart = story({ hosts: 3 }, ({ world, run, demand, agreeWithin }) => {
  for (const host of ['h1', 'h2', 'h3']) world.serve({ host, service: 'db' });
  run(3_000);
  const watcher = world.watch({ host: 'h2', service: 'db' });
  run(2_000);
  const heard: string[] = [];
  const { known } = watcher;
  for (const name of ['h2-a', 'h2-b', 'h2-a']) {
    const { spec } = world.server(name);
    world.kill(name);
    run(400);
    world.start(spec);
    for (let tick = 0; tick < 60; tick += 1) {
      run(100);
      demand(known.size === 3, `a watcher knows ${String(known.size)} of 3 in a restart`);
      heard.push(...[...known.values()].map((one) => one.state).filter((is) => is === 'stale'));
    }
  }
  demand(heard.length === 0, 'a restart makes stale');
  agreeWithin(5_000);
});

/** What changes while a watcher has no server is told once it has. */
export const watchMeanwhile = story({ hosts: 3 }, ({ world, run, agreeWithin }) => {
  const [one, two] = [1, 2].map(() => world.serve({ host: 'h3', service: 'db' }));
  world.serve({ host: 'h1', service: 'db' });
  run(3_000);
  world.watch({ host: 'h2', service: 'db' });
  run(2_000);
  const specs = ['h2-a', 'h2-b'].map((name) => world.server(name).spec);
  for (const { side } of specs) world.kill(`h2-${side}`);
  run(300);
  one?.kill();
  two?.update();
  world.serve({ host: 'h3', service: 'db' });
  run(2_000);
  for (const spec of specs) world.start(spec);
  agreeWithin(15_000);
});

/** Nothing crosses environments, though one dials the other. */
export const environments = story({ hosts: 2 }, ({ world, run, demand }) => {
  world.start({ host: 'h3', side: 'a', environment: 'staging', peers: ['h1:17330'] });
  world.serve({ host: 'h1', service: 'db' });
  run(20_000);
  const refusals = noticesOf(world, 'refused-environment');
  demand(refusals > 0 && refusals <= 2, `${String(refusals)} refusals of one address`);
  world.serve({ host: 'h3', service: 'db', environment: 'staging' });
  run(3_000);
});

/** F22: however many lives a server has, nothing is kept of past ones. */
export const manyLives = story({ hosts: 3, traits: SLOW }, ({ world, run, agreeWithin }) => {
  for (let round = 0; round < 24; round += 1) {
    const name = round % 4 < 2 ? 'h2-a' : 'h2-b';
    const { spec } = world.server(name);
    if (round % 2 === 0) world.stop(name);
    else world.kill(name);
    run(1_500);
    world.start(spec);
    run(2_000);
  }
  agreeWithin(10_000);
});
