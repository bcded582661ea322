// Stories of servers that did not run for a while, alone or with their whole host: what they do
// when they wake, before another server has told them what has happened.

import type { Name } from '../../../src/protocol/ids.ts';
import type { Stage } from './story.ts';
import { linkedTo, standingsOf, stateAt, story } from './story.ts';

const SLOW = { delayMs: [5, 20] } as const;

/** While it wakes no other server is reachable for it, whatever lies in its links. */
export const waking = story({ hosts: 4, traits: SLOW }, (stage) => {
  const { world, run } = stage;
  const service = world.serve({ host: 'h4', service: 'db' });
  run(6_000);
  world.pause('h1-a');
  // News from the first moments of its sleep lies in its links, and is the past.
  service.update();
  world.serve({ host: 'h3', service: 'db' });
  run(500);
  service.kill();
  run(20_000);
  world.resume('h1-a');
  demandDoubt(stage, 'h1-a', ['h3', 'h4']);
});

/** For the moment of waking every server is in doubt. */
function demandDoubt({ world, demand }: Stage, name: string, hosts: readonly string[]): void {
  const server = world.server(name);
  const sinceMs = world.nowMs;
  const areNew = (): boolean =>
    [...server.core.state.links.values()].some(({ upMs }) => upMs > sinceMs);
  for (let tick = 0; tick < 200 && !areNew(); tick += 1) {
    const believed = hosts.filter((host) => standingsOf(server, host).includes('reachable'));
    demand(believed.length === 0, `${name} wakes and takes ${believed.join()} for reachable`);
    world.run(0.1);
  }
}

/** The only server of a host sleeps, cut off: it has not been told that its links are lost. */
export const lidClosed = story({ hosts: 4, traits: SLOW }, (stage) => {
  const { world, run, demand, agreeWithin } = stage;
  const services = ['h3', 'h4'].map((host) => world.serve({ host, service: 'db' }));
  world.kill('h1-b');
  run(6_000);
  const heal = world.cut((from, to) => (from === 'h1') !== (to === 'h1'));
  world.run(5);
  world.pause('h1-a');
  run(20_000);
  world.resume('h1-a');
  demandDoubt(stage, 'h1-a', ['h3', 'h4']);
  run(80);
  demand(linkedTo(world.server('h1-a')).length === 0, 'it keeps links of which it knows nothing');
  run(620);
  heal();
  for (let tick = 0; tick < 80; tick += 1) {
    run(50);
    for (const { instance } of services) {
      const state = stateAt(world.server('h1-a'), instance);
      demand(state !== 'none', 'it answers nothing of what lives');
    }
  }
  agreeWithin(10_000);
});

/** A server that was cut off for long and sleeps when that ends dials at once when it wakes. */
export const wakesAndDials = story({ hosts: 3, masters: ['h1', 'h2', 'h3'] }, (stage) => {
  const { world, run, demand } = stage;
  run(6_000);
  const heal = world.cut((from, to) => (from === 'h1') !== (to === 'h1'));
  world.run(400_000);
  for (const name of ['h1-a', 'h1-b', 'h2-a', 'h2-b', 'h3-a', 'h3-b']) world.pause(name);
  run(2_000);
  heal();
  run(3_000);
  for (const name of ['h1-a', 'h1-b']) world.resume(name);
  run(500);
  for (const name of ['h2-a', 'h2-b', 'h3-a', 'h3-b']) world.resume(name);
  run(1_500);
  demand(linkedTo(world.server('h1-a')).length > 1, 'who wakes waits before it dials');
});

/** A handshake that was under way when a server fell asleep is not taken up again. */
export const asleepInHandshake = story(
  { hosts: 3, masters: ['h1', 'h2', 'h3'], traits: { delayMs: [30, 40] } },
  ({ world, run, demand, agreeWithin }) => {
    run(3_000);
    const { spec } = world.server('h1-a');
    world.kill('h1-a');
    run(2_000);
    const fresh = world.start(spec);
    const isGreeted = (): boolean =>
      [...fresh.core.state.connections.values()].filter(({ phase }) => phase === 'welcome').length >
      1;
    for (let tick = 0; tick < 1_000 && !isGreeted(); tick += 1) world.run(1);
    demand(isGreeted(), 'no handshake is under way');
    world.pause('h1-a');
    run(8_000);
    const wokenMs = world.nowMs;
    world.resume('h1-a');
    world.run(40);
    const links = fresh.notices.filter(({ nowMs, notice }) => {
      return nowMs >= wokenMs && notice.name === 'link-up';
    });
    demand(links.length === 0, 'a handshake of the past is taken up');
    agreeWithin(20_000);
  },
);

/**
 * A client's question to a sleeper is answered when the sleeper has heard what happened meanwhile.
 */
export const askedAsleep = story({ hosts: 3, checkers: () => [] }, (stage) => {
  const { world, run, demand, agreeWithin } = stage;
  const service = world.serve({ host: 'h2', service: 'db' });
  world.kill('h2-b');
  const asker = world.serve({ host: 'h2', service: 'web' });
  run(6_000);
  const { process, core } = world.server('h2-a');
  const connection = core.state.clients.owners.get(asker.instance) ?? 0;
  world.pause('h2-a');
  run(3_000);
  const message = { kind: 'lookup', request: 1, service: 'db' as Name } as const;
  process.give((nowMs) => ({ kind: 'received', connection, message, nowMs }));
  run(1_000);
  service.kill();
  run(2_000);
  const answers: number[] = [];
  world.onMessage = (sent) => {
    if (sent.kind === 'instances') answers.push(sent.instances.length);
  };
  world.resume('h2-a');
  run(3_000);
  demand(answers.join() === '0', `a sleeper answers ${answers.join()} of what is dead`);
  agreeWithin(10_000);
});
