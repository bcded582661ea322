// Stories of an upgrade: a host's servers are restarted, one right after the other, while watchers
// and questions elsewhere and on the host itself see nothing of it. Each is told for some pauses between
// the two, of PAUSES_MS.

import { restartPair } from '../world/pair.ts';
import { addressOf } from '../world/cluster.ts';
import type { Stage, Story } from './story.ts';
import { stateAt, story } from './story.ts';

/** Between the first server and the second. */
export const PAUSES_MS = [0, 1, 3, 10, 30, 100, 300, 1_000, 2_000];

const HOSTS = { hosts: 3, masters: ['h1', 'h2'] };

/** SIGTERM and SIGTERM. */
export function upgraded(pauses: readonly number[]): Story {
  return story(HOSTS, (stage) => {
    for (const pauseMs of pauses) restart(stage, { pauseMs, kill: null });
  });
}

/** SIGKILL, and SIGTERM as soon as the first is there again. */
export function firstKilled(pauses: readonly number[]): Story {
  return story(HOSTS, (stage) => {
    for (const pauseMs of pauses) restart(stage, { pauseMs, kill: 'a' });
  });
}

/** SIGTERM, and SIGKILL as soon as the first is there again. */
export function secondKilled(pauses: readonly number[]): Story {
  return story(HOSTS, (stage) => {
    for (const pauseMs of pauses) restart(stage, { pauseMs, kill: 'b' });
  });
}

/** Over a slow network the goodbye of the second is heard before anything of the first is. */
export function upgradedAfar(pauses: readonly number[]): Story {
  return story({ ...HOSTS, hosts: 4, traits: { delayMs: [2, 60] } }, (stage) => {
    for (const pauseMs of pauses) restart(stage, { pauseMs, kill: null });
  });
}

/** A server on its own does not wait; one whose sibling hangs waits for two seconds. */
export const aloneOrNot = story(
  { hosts: 2, masters: ['h1', 'h2'], checkers: () => [] },
  (stage) => {
    const { world, run, demand } = stage;
    world.serve({ host: 'h2', service: 'db' });
    run(3_000);
    world.kill('h2-a');
    run(1_000);
    const lone = world.server('h2-b');
    world.stop(lone.name);
    run(20);
    demand(lone.process.state === 'ended', 'a lone server does not leave at once');
    if (lone.process.state !== 'ended') lone.process.kill();
    const { process: stopping } = world.start(lone.spec);
    run(10_000);
    world.start({ ...lone.spec, side: 'a' }).process.pause();
    if (stopping.state === 'running') world.stop('h2-b');
    run(1_500);
    demand(stopping.state === 'running', 'a sibling that hangs is not waited for');
    run(600);
    demand(stopping.state === 'ended', 'a sibling that hangs is waited for without an end');
  },
);

/** A service ends while one of its servers waits for the other to have all instances. */
export const endedMeanwhile = story(HOSTS, ({ world, run, demand }) => {
  world.kill('h3-b');
  run(1_000);
  const hung = world.serve({ host: 'h3', service: 'db' });
  run(1_000);
  hung.process.pause();
  world.start({ ...world.server('h3-a').spec, side: 'b' });
  const service = world.serve({ host: 'h3', service: 'db' });
  run(1_000);
  world.stop('h3-a');
  run(100);
  service.kill();
  run(200);
  for (const server of world.running()) {
    const state = stateAt(server, service.instance);
    demand(state === 'none', `${server.name} says that what was killed is ${state}`);
  }
  run(2_000);
  hung.kill();
});

/** Restarts both servers of h3 and looks on. */
function restart(stage: Stage, how: { readonly pauseMs: number; readonly kill: 'a' | 'b' | null }) {
  const { world, run, demand } = stage;
  const { pauseMs, kill } = how;
  const services = (['socket', 'tcp'] as const).map((door) => {
    return world.serve({ host: 'h3', service: 'db', door });
  });
  run(12_000);
  const watchers = [
    world.watch({ host: 'h1', service: 'db' }),
    world.watch({ host: 'h2', service: 'db', at: 'h1', addresses: [addressOf('h1', 'b')] }),
    world.watch({ host: 'h3', service: 'db' }),
  ];
  run(2_000);
  const heardBefore = watchers.map(({ heard }) => heard.length);
  const [first, second] = [world.server('h3-a'), world.server('h3-b')];
  const killed = { a: first, b: second };
  restartPair(world, {
    ...{ first, second, pauseMs, bootMs: 100 },
    kill: kill === null ? null : killed[kill],
    start: (spec) => world.start(spec),
  });
  const what = `with ${kill ?? 'nothing'} killed and ${String(pauseMs)} ms between`;
  for (let tick = 0; tick < 800; tick += 1) {
    run(5);
    for (const server of world.running().filter(({ spec }) => spec.host !== 'h3')) {
      const isMissed = services.some(({ instance }) => {
        return !['live', 'suspect'].includes(stateAt(server, instance));
      });
      demand(!isMissed, `${server.name} misses a service, ${what}`);
    }
    for (const server of world.running().filter(({ spec }) => spec.host === 'h3')) {
      const isMissed = services.some(({ instance }) => stateAt(server, instance) === 'none');
      const { isComplete } = server.core.state.view;
      demand(!isMissed || !isComplete, `${server.name} says a certain no, ${what}`);
    }
  }
  watchers.forEach(({ host, heard }, index) => {
    const news = heard.slice(heardBefore[index]).map(({ report }) => report);
    demand(news.length === 0, `a watcher on ${host} hears ${JSON.stringify(news[0])}, ${what}`);
  });
  for (const service of services) service.stop();
  for (const { process } of watchers) process.kill();
  run(1_000);
}
