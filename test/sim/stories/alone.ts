// Stories of a host that is lost alone, soon after a net-split: with the split it has nothing to do.

import type { Cluster } from '../world/cluster.ts';
import { startHost } from './scenarios.ts';
import type { Stage } from './story.ts';
import { noticesOf, standingsOf, story } from './story.ts';

/**
 * A host was cut off and is back; then another one loses its power, and is gone for the first as
 * for all.
 */
export const lostAfterHeal = story({ hosts: 4, masters: ['h1', 'h2', 'h3'] }, (stage) => {
  tellLoss(stage, (world) => world.split(['h4'], ['h1', 'h2', 'h3']));
});

/** The same after a cut between groups of several hosts. */
export const lostAfterGroups = story({ hosts: 5, masters: ['h1', 'h2', 'h3'] }, (stage) => {
  tellLoss(stage, (world) => world.split(['h3', 'h4'], ['h1', 'h2', 'h5']));
});

/** The graces, and then some: within five seconds of the cut. */
const CUT_MS = 2_200;

function tellLoss(stage: Stage, cut: (world: Cluster) => () => void): void {
  const { world, run, demand, agreeWithin } = stage;
  world.serve({ host: 'h1', service: 'db' });
  const watchers = ['h2', 'h4'].map((host) => world.watch({ host, service: 'db' }));
  run(6_000);
  const heal = cut(world);
  run(CUT_MS);
  heal();
  const areAllReached = (): boolean =>
    world.running().every((server) => standingsOf(server, 'h1').every((is) => is === 'reachable'));
  for (let tick = 0; tick < 40 && !areAllReached(); tick += 1) run(50);
  demand(areAllReached(), 'h1 is not reached again before it is lost');
  run(200);
  const sinceMs = world.nowMs;
  world.darken('h1');
  run(3_500);
  demand(noticesOf(world, 'origin-split', sinceMs) === 0, 'a lone loss is taken for a split');
  for (const { host, heard } of watchers) {
    const told = heard.filter(({ nowMs }) => nowMs >= sinceMs).map(({ report }) => report);
    const changes = told.map((report) => (report.kind === 'change' ? report.change : report.kind));
    demand(changes.join() === 'removed', `the watcher on ${host} hears ${changes.join()}`);
  }
  world.light('h1');
  startHost(world, 'h1', { masters: ['h1', 'h2', 'h3'] });
  agreeWithin(10_000);
}
