// Stories of links: which servers have them, what travels on them, and how logs are repaired.

import { FRAME_BYTES_TARGET } from '../../../src/protocol/constants.ts';
import { hashOf } from '../../../src/core/kit/hash.ts';
import { boundedMemory } from '../checkers/memory.ts';
import { noResurrection } from '../checkers/resurrection.ts';
import { understanding } from '../checkers/understanding.ts';
import { nothingRepeated } from '../checkers/watching.ts';
import { addressOf } from '../world/cluster.ts';
import { allCheckers } from '../world/run.ts';
import { startHost } from './scenarios.ts';
import { linkedTo, noticesOf, stateAt, story } from './story.ts';
import { reasonOf } from '../../support/notices.ts';

const SLOW = { delayMs: [5, 20] } as const;

/** A leaf has links to two masters on two hosts, and gets another when one goes. */
export const twoMasters = story(
  { hosts: 5, masters: ['h1', 'h2', 'h3'], settledMs: 16_000 },
  ({ world, run, demand, agreeWithin }) => {
    const hostsOf = (name: string): string[] => [
      ...new Set(
        linkedTo(world.server(name))
          .map((to) => to.slice(0, 2))
          .filter((host) => host !== name.slice(0, 2)),
      ),
    ];
    for (const name of ['h4-a', 'h4-b', 'h5-a', 'h5-b']) {
      demand(hostsOf(name).length === 2, `${name} has links to ${hostsOf(name).join()}`);
      demand(linkedTo(world.server(name)).length === 3, `${name} has too many links`);
    }
    for (const name of ['h1-a', 'h1-b', 'h2-a', 'h3-b']) {
      const masters = linkedTo(world.server(name)).filter((to) => /^h[123]/.test(to));
      demand(masters.length === 5, `${name} has links to ${masters.join()}`);
    }
    const [lost = ''] = hostsOf('h4-a');
    world.darken(lost);
    run(3_500);
    const now = hostsOf('h4-a').filter((host) => host !== lost);
    demand(now.length === 2, 'a leaf has not got another master within a second');
    world.light(lost);
    world.onNotice = ({ name, core }, notice) => {
      if (name !== 'h4-a' || reasonOf(notice) !== UNNEEDED) return;
      demand(core.state.links.size >= 3, 'an old link goes before there is a new one');
    };
    startHost(world, lost, { masters: ['h1', 'h2', 'h3'] });
    agreeWithin(20_000);
    run(6_000);
    demand(hostsOf('h4-a').includes(lost), 'a leaf has not gone back to whom it was given');
    for (const name of ['h4-a', 'h4-b', 'h5-a', 'h5-b']) {
      demand(hostsOf(name).length === 2, `${name} has links to ${hostsOf(name).join()} at last`);
    }
  },
);

/** A leaf prefers the masters of its own cluster, and spreads over them by name. */
export const ownCluster = story(
  {
    hosts: 7,
    masters: ['h1', 'h2', 'h3', 'h4', 'h5'],
    settledMs: 16_000,
    specOf: (host) => ({ cluster: ['h1', 'h2', 'h3', 'h6', 'h7'].includes(host) ? 'near' : 'far' }),
  },
  ({ world, demand }) => {
    for (const name of ['h6-a', 'h6-b', 'h7-a', 'h7-b']) {
      const score = (master: string): number => hashOf(`${name}|${master}`);
      const ranked = ['h1', 'h2', 'h3']
        .flatMap((host) => [`${host}-a`, `${host}-b`])
        .sort((one, other) => score(other) - score(one));
      const [first = ''] = ranked;
      const second = ranked.find((master) => !master.startsWith(first.slice(0, 2))) ?? '';
      const masters = linkedTo(world.server(name)).filter((to) => /^h[12345]/.test(to));
      const wanted = [first, second].sort().join();
      demand(masters.join() === wanted, `${name}: ${masters.join()} instead of ${wanted}`);
    }
  },
);

/** F14: when both ends dial at once, one link stays, and it does not go down. */
export const bothDial = story(
  { hosts: 4, masters: ['h1', 'h2', 'h3', 'h4'], traits: { delayMs: [30, 40] }, settledMs: 0 },
  ({ world, run, demand, agreeWithin }) => {
    agreeWithin(20_000);
    const before = noticesOf(world, 'link-up');
    demand(before <= 56, `${String(before)} ends of links came up, for 56`);
    run(10_000);
    demand(noticesOf(world, 'link-up') === before, 'links do not come to rest');
    const lost = noticesOf(world, 'link-down') + noticesOf(world, 'link-released');
    demand(lost === 0, 'a link that was replaced went down');
  },
);

/** F14: a server whose end of a link is gone gets a new one, whatever the other end thinks. */
export const replaced = story({ hosts: 2, masters: ['h1', 'h2'] }, ({ world, run, demand }) => {
  run(4_000);
  const heal = world.cut((from, to) => from === 'h1' && to === 'h2');
  // What h2 hears is silence; it closes and says so, dials, and is not heard.
  run(1_500);
  heal();
  run(13_000);
  for (const server of world.running()) {
    const { links } = server.core.state;
    demand(links.size === 3, `${server.name} has ${String(links.size)} links`);
    demand(server.core.state.view.isComplete, `${server.name} is not complete`);
  }
});

/** A server that was given its own address finds out, and forgets it. */
export const self = story(
  { hosts: 2, specOf: () => ({ peers: ['h1', 'h2', '127.0.0.1:17330'] }) },
  ({ world, run, demand }) => {
    run(60_000);
    const told = noticesOf(world, 'own-address');
    demand(told <= 4, `${String(told)} times has a server dialled itself`);
  },
);

/** F13: an address without a server is dialled less and less often. */
export const nobodyThere = story(
  { hosts: 1, settledMs: 0, specOf: () => ({ peers: ['h9'] }) },
  ({ world, run, demand }) => {
    let dials = 0;
    const momentsOf = new Map<string, number[]>();
    world.onDial = (address) => {
      if (!address.startsWith('h9')) return;
      dials += 1;
      momentsOf.set(address, [...(momentsOf.get(address) ?? []), world.nowMs]);
    };
    run(120_000);
    // Two servers dial two addresses: without jitter, all four at the same moments.
    const moments = [...momentsOf.values()].flatMap((all) => all.slice(4));
    const late = new Set(moments.map((ms) => Math.round(ms / 10)));
    demand(late.size > moments.length / 2, 'all addresses are dialled at the same moments');
    demand(dials < 60, `${String(dials)} dials of an address where nobody is`);
    demand(dials > 8, `only ${String(dials)} dials`);
  },
);

/** One change reaches every server about once, and comes back to none. */
export const payload = story(
  { hosts: 6, masters: ['h1', 'h2', 'h3'], traits: SLOW, settledMs: 14_000 },
  ({ world, run, demand }) => {
    const services = ['h4', 'h5', 'h6'].map((host) => world.serve({ host, service: 'db' }));
    run(3_000);
    for (let round = 0; round < 5; round += 1) {
      for (const service of services) service.update();
      run(500);
    }
    let payloads = 0;
    world.onMessage = (message, connections) => {
      if (message.kind !== 'entries') return;
      const puts = message.batches.flatMap(({ entries }) => entries);
      payloads += connections * puts.filter(({ kind }) => kind === 'put').length;
    };
    for (let round = 0; round < 10; round += 1) {
      for (const service of services) service.update();
      run(500);
    }
    // Thirty changes, each written by two servers, for eleven others each.
    const ideal = 30 * 2 * 11;
    demand(
      payloads <= 1.3 * ideal,
      `${(payloads / ideal).toFixed(2)} payloads a server and change`,
    );
  },
);

/** A link that comes again brings only what is new. */
export const reopened = story({ hosts: 3, masters: ['h1', 'h2', 'h3'] }, (stage) => {
  const { world, run, demand } = stage;
  for (let count = 0; count < 5; count += 1) world.serve({ host: 'h1', service: 'db' });
  run(3_000);
  let puts = 0;
  world.onMessage = (message) => {
    if (message.kind === 'snapshot') puts += message.registrations.length;
    if (message.kind !== 'entries') return;
    const entries = message.batches.flatMap((batch) => batch.entries);
    puts += entries.filter(({ kind }) => kind === 'put').length;
  };
  const heal = world.cut((from, to) => `${from}${to}` === 'h1h2' || `${to}${from}` === 'h1h2');
  run(4_000);
  demand(noticesOf(world, 'link-down') > 0, 'no link is down');
  heal();
  run(20_000);
  demand(
    world.running().every(({ core }) => core.state.links.size === 5),
    'a link is not back',
  );
  demand(puts === 0, `${String(puts)} registrations are sent again`);
});

/** A server that lags further behind than the tail gets a snapshot, in parts, whole and at once. */
export const tail = story({ hosts: 2, masters: ['h1', 'h2'] }, (stage) => {
  const { world, run, demand, agreeWithin } = stage;
  const services = Array.from({ length: 60 }, () => world.serve({ host: 'h1', service: 'db' }));
  run(3_000);
  const heal = world.split(['h1'], ['h2']);
  run(4_000);
  for (const service of services.slice(0, 5)) service.kill();
  for (let round = 1; round <= 40; round += 1) {
    for (const service of services) service.update(round === 40 ? 6_000 : 0);
  }
  run(3_000);
  let parts = 0;
  world.onMessage = (message) => {
    if (message.kind === 'snapshot') parts += 1;
  };
  heal();
  run(15_000);
  demand(parts > 2, `${String(parts)} parts of snapshots`);
  agreeWithin(20_000);
});

/** A slow link holds nothing back for ever: its cursor lags, and it catches up. */
export const slowLink = story(
  {
    hosts: 3,
    traits: { bytesPerMs: 40, kernelBytes: 2_048 },
    checkers: () => [noResurrection(), boundedMemory, nothingRepeated()],
  },
  ({ world, run, demand, agreeWithin }) => {
    const services = Array.from({ length: 10 }, () => world.serve({ host: 'h2', service: 'db' }));
    run(4_000);
    for (let round = 0; round < 10; round += 1) {
      for (const service of services) service.update(400);
      run(100);
    }
    agreeWithin(15_000);
    const silent = world.servers
      .flatMap(({ notices }) => notices)
      .filter(({ notice }) => reasonOf(notice) === 'it fell silent');
    demand(silent.length === 0, `${String(silent.length)} slow links are taken for silent ones`);
  },
);

/** The state that is broken on purpose does differ. */
const ROTTING = {
  hosts: 3,
  checkers: () => allCheckers().filter((checker) => checker !== understanding),
} as const;

/** Replication checks itself: a state that has rotted in one server's memory is asked for anew. */
export const rotten = story(ROTTING, ({ world, run, demand, agreeWithin }) => {
  const service = world.serve({ host: 'h3', service: 'db' });
  run(6_000);
  const { state } = world.server('h2-a').core;
  for (const origin of state.origins.values()) {
    const { instance } = service;
    if (!origin.log.registrations.delete(instance)) continue;
    state.catalogue.delete(origin.id, instance, 'closed');
    origin.log.hash = (origin.log.hash ^ 0x5a5a) >>> 0;
  }
  demand(stateAt(world.server('h2-a'), service.instance) === 'none', 'nothing has rotted');
  world.run(45_000);
  demand(noticesOf(world, 'state-differs') > 0, 'nobody has noticed');
  const hashes = ['h1-a', 'h2-a', 'h3-a'].map((name) => {
    const { origins } = world.server(name).core.state;
    return origins.get(world.server('h3-b').core.state.self.id)?.log.hash;
  });
  demand(new Set(hashes).size === 1, `hashes differ: ${hashes.join()}`);
  agreeWithin(1_000);
});

/** A log that is lost as a whole is noticed by the combined hash, and asked for. */
export const vanished = story(ROTTING, ({ world, run, demand }) => {
  const service = world.serve({ host: 'h3', service: 'db' });
  // Two rounds of checks: a difference that no check line names is found by the hash of all.
  run(22_000);
  const { state } = world.server('h2-a').core;
  for (const origin of [...state.origins.values()]) {
    if (origin.log.facts.host !== 'h3' || state.links.has(origin.id)) continue;
    for (const instance of origin.log.registrations.keys()) {
      state.catalogue.delete(origin.id, instance, 'closed');
    }
    state.origins.delete(origin.id);
  }
  world.run(45_000);
  const left = [...state.origins.values()].filter(({ log }) => log.facts.host === 'h3');
  demand(left.length === 2, 'what was lost has not come back');
  const is = stateAt(world.server('h2-a'), service.instance);
  demand(is === 'live', `what was lost is ${is}`);
});

/** A service that returns on a new connection before its old one is known to be lost keeps all. */
export const takeOver = story({ hosts: 2 }, ({ world, run, demand }) => {
  const service = world.serve({ host: 'h2', service: 'db', door: 'tcp' });
  run(3_000);
  const { instance } = service;
  const server = world.server('h2-a');
  const old = server.core.state.clients.owners.get(instance);
  // Its process knows nothing of the old connection any more, and the server not yet.
  service.process.vanish();
  world.claim('h2', service);
  run(500);
  const now = server.core.state.clients.owners.get(instance);
  demand(old !== now, 'the new connection does not own the instance');
  server.process.give((nowMs) => ({ kind: 'closed', connection: old ?? 0, reason: '', nowMs }));
  run(20);
  demand(server.core.state.clients.owners.has(instance), 'the old one took it along');
});

/** F3: a handshake that a cut has held up for half a minute is not taken up again. */
export const stuckHandshake = story(
  { hosts: 3, masters: ['h1', 'h2', 'h3'], traits: { delayMs: [30, 40] }, settledMs: 10_000 },
  ({ world, run, demand, agreeWithin }) => {
    const service = world.serve({ host: 'h3', service: 'db' });
    run(6_000);
    const { spec } = world.server('h1-b');
    world.kill('h1-b');
    run(400);
    const fresh = world.start(spec);
    // It has greeted a server on h2, which does not know that yet.
    const isStuck = (): boolean =>
      [...fresh.core.state.links.values()].some(({ hasDigest, connection }) => {
        return !hasDigest && !connection.remote.startsWith('h1');
      });
    for (let tick = 0; tick < 2_000 && !isStuck(); tick += 1) run(1);
    demand(isStuck(), 'no handshake is under way');
    const heal = world.split(['h1'], ['h2', 'h3']);
    run(3_000);
    service.kill();
    run(25_000);
    heal();
    for (let tick = 0; tick < 2_400; tick += 1) run(5);
    const open = world.running().flatMap(({ core }) => [...core.state.connections.values()]);
    const stuck = open.filter(({ phase }) => phase === 'welcome' || phase === 'hello');
    demand(stuck.length === 0, 'a handshake is under way for ever');
    world.network.dial('h2', addressOf('h1', 'a'), {
      opened: () => ({ received: nothing, closed: nothing, drained: nothing }),
      failed: nothing,
    });
    run(2_500);
    const strangers = [...world.server('h1-a').core.state.connections.values()];
    demand(
      strangers.every(({ phase }) => phase !== 'hello'),
      'a stranger that says nothing is not closed',
    );
    agreeWithin(40_000);
  },
);

/** A slow link holds no memory: entries that it cannot take wait in the log, not in the socket. */
export const backPressure = story(
  {
    hosts: 2,
    masters: ['h1', 'h2'],
    traits: { bytesPerMs: 200, kernelBytes: 2_048 },
    checkers: () => [],
  },
  ({ world, run, demand, agreeWithin }) => {
    const services = Array.from({ length: 10 }, () => world.serve({ host: 'h2', service: 'db' }));
    run(3_000);
    for (let round = 0; round < 30; round += 1) {
      for (const service of services) service.update(5_000);
      run(20);
    }
    agreeWithin(30_000);
    const { unarrivedBytesMax: bytes } = world.network;
    // Two frames that are as full as a sender makes them, and what a step adds.
    const bytesMax = 2.5 * FRAME_BYTES_TARGET;
    demand(bytes < bytesMax, `${String(bytes)} bytes wait in a socket`);
  },
);

/** A log whose tail is larger than a frame may be travels in several. */
export const largeLog = story({ hosts: 2, masters: ['h1', 'h2'] }, (stage) => {
  const { world, run, demand, agreeWithin } = stage;
  const services = Array.from({ length: 10 }, () => world.serve({ host: 'h1', service: 'db' }));
  run(3_000);
  for (let round = 0; round < 11; round += 1) {
    for (const service of services) service.update(14_000);
    run(20);
  }
  startHost(world, 'h3', { peers: ['h1'], masters: ['h1', 'h2'] });
  agreeWithin(10_000);
  demand(noticesOf(world, 'protocol-breach') === 0, 'a frame is too long');
});

/**
 * F13: a server that is alone looks for the others every 30 s at least, and at once when they are
 * lost.
 */
export const lonelyWait = story(
  {
    hosts: 1,
    masters: ['h1'],
    settledMs: 0,
    checkers: () => [],
    specOf: () => ({ peers: ['h2'] }),
  },
  ({ world, run, demand }) => {
    world.run(1_800_000);
    const spec = { host: 'h2', side: 'a' } as const;
    const waitForLink = (ms: number): boolean => {
      const isLinked = (): boolean => linkedTo(world.server('h1-a')).includes('h2-a');
      for (let tick = 0; tick < ms / 100 && !isLinked(); tick += 1) run(100);
      return isLinked();
    };
    world.start(spec);
    demand(waitForLink(31_000), 'another host is found after more than 30 s');
    run(12_000);
    world.kill('h2-a');
    run(50);
    world.start(spec);
    demand(waitForLink(1_500), 'a link that held is not back at once');
  },
);

/** No server gives up a host with slower timings than all others. */
export const slowHost = story(
  {
    hosts: 3,
    masters: ['h1', 'h2'],
    checkers: () => [],
    specOf: (host) => (host === 'h3' ? { pace: { heartbeatMs: 2_000, silenceMs: 6_000 } } : {}),
  },
  ({ world, run, demand }) => {
    const sinceMs = world.nowMs;
    run(60_000);
    const down = noticesOf(world, 'link-down', sinceMs);
    demand(down === 0, `${String(down)} links are given up`);
  },
);

const UNNEEDED = 'other links have taken its place';

function nothing(): void {
  // A stranger that neither hears nor says anything.
}
