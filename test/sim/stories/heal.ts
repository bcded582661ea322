// Stories of hosts that come back while verdicts are due: some are there again when others are
// judged.

import type { Stage } from './story.ts';
import { stateAt, story } from './story.ts';

/** A cut between two groups that is mended about when the verdicts are due, at one moment after another. */
export const healedSoon = story({ hosts: 4, masters: ['h1'] }, (stage) => {
  tellCuts(stage, ['h1', 'h4'], ['h2', 'h3']);
});

/** The same of five hosts, with the only master on the smaller side. */
export const healedSoonByLeaf = story({ hosts: 5, masters: ['h1'] }, (stage) => {
  tellCuts(stage, ['h1', 'h2'], ['h3', 'h4', 'h5']);
});

/** From the first loss to the last verdict. */
const CUTS_MS = [1_180, 1_220, 1_260, 1_340, 1_420, 1_540];

/** A cut and its heal make no instance vanish for anyone: it is stale at most. */
function tellCuts(stage: Stage, ...groups: readonly string[][]): void {
  const { world, run, demand, agreeWithin } = stage;
  const hosts = groups.flat();
  const services = hosts.map((host) => world.serve({ host, service: 'db' }));
  const watchers = hosts.map((host) => world.watch({ host, service: 'db' }));
  run(3_000);
  for (const cutMs of CUTS_MS) {
    const sinceMs = world.nowMs;
    const heal = world.split(...groups);
    lookOn(stage, cutMs, services);
    heal();
    lookOn(stage, 5_000, services);
    for (const { host, heard } of watchers) {
      const isToldGone = heard.some(({ nowMs, report }) => {
        return nowMs >= sinceMs && report.kind === 'change' && report.change === 'removed';
      });
      demand(!isToldGone, `after ${String(cutMs)} ms a watcher on ${host} hears of a removal`);
    }
    agreeWithin(4_000);
  }
}

/** Every server answers what lives, if only as stale. */
function lookOn(
  stage: Stage,
  forMs: number,
  services: readonly { instance: string }[],
  servers = stage.world.running(),
): void {
  const endMs = stage.world.nowMs + forMs;
  while (stage.world.nowMs < endMs) {
    stage.run(Math.min(50, endMs - stage.world.nowMs));
    for (const server of servers) {
      const isLacking = services.some(({ instance }) => stateAt(server, instance) === 'none');
      stage.demand(!isLacking, `${server.name} lacks what lives`);
    }
  }
}

/**
 * All masters are restarted while a server of a leaf is down, and its sibling finds them a little
 * later than the other leaves do. What it said of that server is no report that it is lost itself.
 */
export const lateToMasters = story({ hosts: 4, masters: ['h1'] }, (stage) => {
  const { world, run, agreeWithin } = stage;
  const service = world.serve({ host: 'h4', service: 'db' });
  run(6_000);
  const { spec } = world.server('h4-b');
  world.kill('h4-b');
  run(300);
  const masters = ['h1-a', 'h1-b'].map((name) => world.server(name));
  for (const { name } of masters) world.kill(name);
  run(20);
  const heal = world.split(['h1', 'h2', 'h3'], ['h4']);
  for (const master of masters) world.start(master.spec);
  const leaves = world.running().filter(({ spec: { host } }) => ['h2', 'h3'].includes(host));
  lookOn(stage, 700, [service], leaves);
  heal();
  lookOn(stage, 4_000, [service], leaves);
  world.start(spec);
  agreeWithin(10_000);
});
