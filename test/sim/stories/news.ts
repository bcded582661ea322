// Stories of news: which news a server believes, what it asks for, and by which of its links. In
// some of them a server is told what no other would say, as a late or a foolish one might.

import type { InstanceId, Name, OriginId } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/messages.ts';
import type { Entry, Facts } from '../../../src/protocol/records.ts';
import type { Cluster, SimServer } from '../world/cluster.ts';
import { noticesOf, standingsOf, stateAt, story } from './story.ts';
import { logOf, STRANGER, tell } from './telling.ts';

const SLOW = { delayMs: [5, 20] } as const;

/** When the faster way falls silent, the link that stands by is asked within a moment. */
export const standIn = story(
  { hosts: 4, masters: ['h1', 'h2', 'h3'], traits: SLOW, settledMs: 14_000 },
  ({ world, run, demand }) => {
    const service = world.serve({ host: 'h1', service: 'db' });
    run(2_000);
    for (let round = 0; round < 5; round += 1) {
      service.update();
      run(300);
    }
    const far = world.running().filter(({ spec }) => spec.host !== 'h1');
    const isLate = far.filter((server) => {
      const from = sourceOf(world, server, world.server('h1-a'))?.spec.host;
      if (from === undefined || from === server.spec.host) return false;
      const heal = world.cut((one, other) => one === from && other === server.spec.host);
      service.update();
      run(800);
      const isThere = revisionAt(server, service.instance) === service.revision;
      heal();
      run(4_000);
      return !isThere;
    });
    demand(isLate.length === 0, `${isLate.map(({ name }) => name).join()} waits for a cut way`);
  },
);

/**
 * A server loses its sibling and asks others for what came from there, some of them over a way that has
 * just been cut. What these do not answer is there in a moment all the same: others have offered it.
 */
export const askedInVain = story(
  { hosts: 5, masters: ['h1', 'h2', 'h3'], traits: SLOW, settledMs: 14_000 },
  ({ world, run, demand }) => {
    const hosts = ['h2', 'h3', 'h4', 'h5'];
    const services = hosts.map((host) => world.serve({ host, service: 'db' }));
    run(2_000);
    for (const [name, sibling, beyond] of [
      ['h5-a', 'h5-b', 'h1'],
      ['h5-b', 'h5-a', 'h2'],
      ['h1-a', 'h1-b', 'h3'],
    ] as const) {
      const server = world.server(name);
      const { host } = server.spec;
      const ends = [host, beyond];
      const heal = world.cut((...way) => way.every((end) => ends.includes(end)));
      run(50);
      const { spec } = world.server(sibling);
      world.kill(sibling);
      run(30);
      for (const service of services) service.update();
      run(400);
      const late = world.running().filter((other) => !hasAllOf(server, other));
      const names = late.map((other) => other.name).join();
      demand(late.length === 0, `${name} waits for ${names}, which it has asked ${beyond} for`);
      heal();
      run(300);
      world.start(spec);
      run(7_000);
    }
  },
);

/** One question for an origin at a time, however often there is reason to ask; then again. */
export const askedOnce = story({ hosts: 2, masters: ['h1', 'h2'], checkers: () => [] }, (stage) => {
  const { world, run, demand } = stage;
  let wants = 0;
  world.onMessage = (message) => {
    if (message.kind !== 'want') return;
    wants += message.lines.filter(({ origin }) => origin === STRANGER).length;
  };
  const tellLater = (): void => {
    for (let count = 0; count < 10; count += 1) tell(world, LATER);
  };
  tellLater();
  run(100);
  demand(wants === 1, `${String(wants)} questions for one gap`);
  run(1_000);
  tellLater();
  run(100);
  demand(wants === 2, `${String(wants)} questions where the first was not answered`);
});

/** An origin that is heard of, and not reached, is not live, and is not remembered for long. */
export const strangers = story({ hosts: 2, masters: ['h1', 'h2'], checkers: () => [] }, (stage) => {
  const { world, run, demand } = stage;
  const instance = ID as InstanceId;
  tell(world, logOf(STRANGER, 'h9', instance));
  run(200);
  demand(stateAt(world.server('h1-a'), instance) === 'none', 'who was never reached is live');
  run(3_000);
  const { state } = world.server('h1-a').core;
  demand(!state.origins.has(STRANGER), 'who was never reached is remembered');
});

/**
 * There is a bound to the addresses of masters, no server fills the places of the others, and those
 * that were made up go with their origins.
 */
export const manyMasters = story(
  { hosts: 3, masters: ['h1', 'h2', 'h3'], checkers: () => [] },
  ({ world, run, demand }) => {
    for (let count = 0; count < 300; count += 1) {
      const origin = count.toString(16).padStart(32, '0') as OriginId;
      tell(world, logOf(origin, `m${String(count)}`, ID as InstanceId), 'h2');
    }
    tell(world, logOf(STRANGER, 'n1', ID as InstanceId), 'h3');
    run(1_000);
    const { masters } = world.server('h1-a').core.state.addresses;
    const { size } = masters;
    demand(masters.has('n1:17330'), 'who has named too many leaves no place to others');
    demand(size <= 256, `${String(size)} addresses of masters are kept`);
    run(5_000);
    const left = [...masters.keys()].filter((address) => !address.startsWith('h'));
    demand(left.length === 0, `${String(left.length)} made-up addresses of masters are kept`);
  },
);

/** No late message brings back an origin that said goodbye. */
export const lateCopy = story({ hosts: 3 }, ({ world, run, demand }) => {
  const service = world.serve({ host: 'h2', service: 'db' });
  run(3_000);
  const { id, log } = world.server('h2-b').core.state.self;
  const facts: Entry = { kind: 'facts', facts: log.facts };
  const links = [...log.links].map((peer): Entry => ({ kind: 'up', peer }));
  world.stop('h2-b');
  run(3_000);
  tell(world, { kind: 'entries', batches: [{ origin: id, first: 1, entries: [facts, ...links] }] });
  const registrations = [...log.registrations.values()];
  tell(world, {
    ...{ kind: 'snapshot', origin: id, sequence: 99, part: 0, facts: log.facts },
    ...{ links: [...log.links], registrations, more: false },
  });
  const listed = { origin: id, sequence: 99 };
  tell(world, {
    ...{ kind: 'digest', complete: true, missing: [], lines: [listed], goodbyes: [], more: false },
  });
  run(50);
  const { origins, links: neighbours } = world.server('h1-a').core.state;
  demand(!origins.has(id), 'who said goodbye is back');
  const isAwaited = [...neighbours.values()].some(({ progress }) => {
    return progress.listedSequence(id) !== undefined;
  });
  demand(!isAwaited, 'who said goodbye is waited for');
  demand(service.isOffered, 'the service has ended');
});

/** No kernel knows of the connection that is made up here. */
const LAWLESS = { hosts: 2, masters: ['h1', 'h2'], checkers: () => [] };

/** A newer connection by the same dialler takes the place of the older. */
export const dialledAnew = story(LAWLESS, (stage) => {
  const { world, run, demand, agreeWithin } = stage;
  const server = world
    .running()
    .find(({ core }) => [...core.state.links.values()].some((link) => !link.isDialledByUs));
  const old = [...(server?.core.state.links.values() ?? [])].find((link) => !link.isDialledByUs);
  const dialler = world.running().find(({ core }) => core.state.self.id === old?.origin);
  if (server === undefined || dialler === undefined) throw new Error('nobody was dialled');
  const { self } = dialler.core.state;
  const [connection, remote] = [9_999, dialler.spec.host];
  server.process.give((nowMs) => {
    return { kind: 'opened', connection, dialled: null, remote, transport: 'tcp', nowMs };
  });
  server.process.give((nowMs) => {
    const facts: Facts = self.log.facts;
    const environment = 'testing' as Name;
    const who = { role: 'peer', environment, origin: self.id, facts } as const;
    return { kind: 'received', connection, message: { kind: 'hello', protocol: 2, ...who }, nowMs };
  });
  const now = server.core.state.links.get(self.id)?.connection.id;
  demand(now === connection, 'the older connection is kept');
  demand(noticesOf(world, 'link-down') === 0, 'a link that was replaced went down');
  run(3_000);
  agreeWithin(5_000);
});

/** An operator's word about a host goes round once. */
export const forgottenOnce = story(
  { hosts: 4, masters: ['h1', 'h2', 'h3', 'h4'], traits: SLOW, checkers: () => [] },
  ({ world, run, demand }) => {
    const chunks = world.network.chunksCount;
    world.forget('h1', 'h9');
    const isStorm = (): boolean => world.network.chunksCount - chunks > 2_000;
    for (let tick = 0; tick < 200 && !isStorm(); tick += 1) run(1);
    demand(!isStorm(), 'a word of an operator goes round and round');
  },
);

/** Changes at the same moment are written together: in few messages. */
export const burst = story({ hosts: 2, masters: ['h1', 'h2'] }, ({ world, run, demand }) => {
  const services = Array.from({ length: 40 }, () => world.serve({ host: 'h1', service: 'db' }));
  run(3_000);
  let messages = 0;
  world.onMessage = (message) => {
    if (message.kind === 'entries') messages += 1;
  };
  for (const service of services) service.update();
  run(500);
  demand(messages < 40, `${String(messages)} messages of 80 changes`);
});

/**
 * An instance that lived and died while its host was cut off for a moment lived once, or not at
 * all.
 */
export const flicker = story({ hosts: 3, settledMs: 6_000 }, ({ world, run }) => {
  for (const host of ['h1', 'h3']) world.watch({ host, service: 'db' });
  for (let round = 0; round < 8; round += 1) {
    const heal = world.cut((one, other) => one === 'h2' || other === 'h2');
    const service = world.serve({ host: 'h2', service: 'db' });
    run(20);
    service.update();
    run(20);
    service.kill();
    run(160);
    heal();
    run(3_000);
  }
});

const RETURNED = { hosts: 4, traits: SLOW, settledMs: 6_000 } as const;

/** The same of a host that has just come back from a net-split, and is cut off again for a moment. */
export const flickerOfReturned = story(RETURNED, ({ world, run }) => {
  for (const host of ['h1', 'h3']) world.watch({ host, service: 'db' });
  for (let round = 0; round < 6; round += 1) {
    const join = world.split(['h1', 'h3'], ['h2', 'h4']);
    run(4_000);
    join();
    while (!isAllReachable(world)) run(1);
    const heal = world.cut((one, other) => one === 'h2' || other === 'h2');
    const service = world.serve({ host: 'h2', service: 'db' });
    run(20);
    service.update();
    run(20);
    service.kill();
    run(160);
    heal();
    run(6_000);
  }
});

/**
 * An instance that lived and died while the links of its host were lost is over when its life is
 * heard of.
 */
export const lateLife = story({ hosts: 3, settledMs: 6_000 }, ({ world, run, demand }) => {
  const watchers = ['h1', 'h3'].map((host) => world.watch({ host, service: 'db' }));
  for (let round = 0; round < 4; round += 1) {
    run(3_000);
    const heal = world.cut((one, other) => one === 'h2' || other === 'h2');
    const service = world.serve({ host: 'h2', service: 'db' });
    run(20);
    service.update();
    run(20);
    service.kill();
    run(1_360);
    heal();
    run(3_000);
    for (const { host, heard } of watchers) {
      const told = heard.flatMap(({ report }) => {
        const isIts =
          report.kind === 'change' && report.instance.registration.instance === service.instance;
        return isIts ? [report.change] : [];
      });
      demand(told.length === 0, `a watcher on ${host} hears ${told.join(' ')} of what is over`);
    }
  }
});

/** Several watches of a service, and several changes of it in one message. */
export const manyWatches = story({ hosts: 3, settledMs: 6_000 }, ({ world, run, demand }) => {
  const watchers = ['h1', 'h1', 'h1', 'h3'].map((host) => world.watch({ host, service: 'db' }));
  run(1_000);
  const services = [1, 2, 3].map(() => world.serve({ host: 'h2', service: 'db' }));
  run(1_000);
  for (const { host, known } of watchers) {
    const missing = services.filter(({ instance }) => !known.has(instance)).length;
    demand(missing === 0, `a watcher on ${host} has not heard of ${String(missing)} services`);
  }
});

/** One server of a host hangs and is given up, then a service of it ends, then its host is cut off. */
export const endedAside = story({ hosts: 4, settledMs: 6_000 }, ({ world, run }) => {
  world.watch({ host: 'h1', service: 'db' });
  const service = world.serve({ host: 'h2', service: 'db' });
  run(3_000);
  world.pause('h2-b');
  run(2_000);
  service.kill();
  run(500);
  world.split(['h1', 'h4'], ['h2', 'h3']);
  run(3_000);
});

/**
 * A session with one server of a host is lost and back at once; a server that begins later reads of
 * it, and holds it against nobody when that one server leaves.
 */
export const endTakenBack = story({ hosts: 4, settledMs: 6_000 }, ({ world, run, demand }) => {
  const service = world.serve({ host: 'h2', service: 'db', door: 'tcp' });
  run(3_000);
  world.pause('h2-a');
  run(6_000);
  world.resume('h2-a');
  run(4_000);
  world.stop('h4-b');
  run(500);
  world.start({ host: 'h4', side: 'b', peers: ['h1'] });
  const fresh = world.server('h4-b');
  while (!fresh.core.state.view.isComplete) run(1);
  world.stop('h2-a');
  for (let tick = 0; tick < 100; tick += 1) {
    run(5);
    demand(stateAt(fresh, service.instance) !== 'none', 'what its sibling holds is not answered');
  }
});

/** The sides of a host disagree for a moment: the higher revision holds, and nobody is in doubt. */
export const revisions = story({ hosts: 3 }, ({ world, run, demand, agreeWithin }) => {
  const service = world.serve({ host: 'h2', service: 'db' });
  run(3_000);
  for (const [behind, isChanged] of [
    ['h2-a', true],
    ['h2-b', true],
    ['h2-a', false],
    ['h2-b', false],
  ] as const) {
    world.pause(behind);
    if (isChanged) service.update();
    // A link that stands by takes a while to be asked.
    run(400);
    for (let tick = 0; tick < 13; tick += 1) {
      run(100);
      for (const server of world.running().filter(({ name }) => name !== behind)) {
        const revision = revisionAt(server, service.instance);
        demand(revision === service.revision, `${server.name} answers the older revision`);
        const state = stateAt(server, service.instance);
        demand(state === 'live', `${server.name} says ${state} of what its sibling holds`);
      }
    }
    world.resume(behind);
    run(4_000);
  }
  agreeWithin(10_000);
});

/** A host that lost one server counts for nothing when another is lost as a whole. */
export const oneAndAHost = story({ hosts: 5 }, ({ world, run, demand }) => {
  run(2_000);
  world.pause('h4-a');
  world.darken('h5');
  run(5_000);
  const server = world.server('h2-a');
  const standings = [...standingsOf(server, 'h4'), ...standingsOf(server, 'h5')];
  demand(!standings.includes('split'), `a crash is taken for a split: ${standings.join()}`);
});

function isAllReachable(world: Cluster): boolean {
  const { origins } = world.server('h1-a').core.state;
  return [...origins.values()].every(({ standing }) => standing === 'reachable');
}

function sourceOf(world: Cluster, server: SimServer, of: SimServer): SimServer | undefined {
  const source = server.core.state.origins.get(of.core.state.self.id)?.source;
  return world.running().find(({ core }) => core.state.self.id === source);
}

/** Whether a server knows each instance that another one holds, as it is there. */
function hasAllOf(server: SimServer, { core }: SimServer): boolean {
  const { id, log } = core.state.self;
  const known = server.core.state.origins.get(id)?.log.registrations;
  return [...log.registrations].every(([instance, { revision }]) => {
    return known?.get(instance)?.revision === revision;
  });
}

function revisionAt(server: SimServer, instance: InstanceId): number | undefined {
  const { catalogue } = server.core.state;
  const all = catalogue.serviceNames().flatMap((name) => catalogue.instancesOf(name));
  return all.find(({ registration }) => registration.instance === instance)?.registration.revision;
}

const ID = 'ab'.repeat(16);

/** Messages that come too early, of an unknown origin. */
const LATER: Message = {
  kind: 'entries',
  batches: [
    { origin: STRANGER, first: 5, entries: [{ kind: 'up', peer: 'ef'.repeat(16) as OriginId }] },
  ],
};
