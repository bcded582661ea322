// Stories of servers that begin another life soon after they were lost, and leave again: the lives
// before it are over for good.

import { startHost } from './scenarios.ts';
import type { Stage } from './story.ts';
import { noticesOf, story } from './story.ts';

/** A host whose power failed starts and is stopped: a host that is lost soon after is lost alone. */
export const powerThenStop = story({ hosts: 5 }, (stage) => {
  tellPowerThenStop(stage, { darkMs: 1_900, livedMs: 1_500 });
});

/** The same where the host is back before anybody has noticed that it was away. */
export const blinkThenStop = story({ hosts: 5 }, (stage) => {
  tellPowerThenStop(stage, { darkMs: 300, livedMs: 2_500 });
});

/** Nothing is frozen: of the lives before the stop it is known that they are over. */
function tellPowerThenStop(
  { world, run, demand }: Stage,
  { darkMs, livedMs }: { readonly darkMs: number; readonly livedMs: number },
): void {
  world.serve({ host: 'h4', service: 'db' });
  const watchers = ['h1', 'h2', 'h3'].map((host) => world.watch({ host, service: 'db' }));
  run(6_000);
  world.darken('h4');
  run(darkMs);
  world.light('h4');
  startHost(world, 'h4');
  run(livedMs);
  for (const side of ['a', 'b']) world.stop(`h4-${side}`);
  run(200);
  world.darken('h5');
  run(5_000);
  demand(noticesOf(world, 'origin-split') === 0, 'a lone loss is taken for a split');
  for (const { host, heard } of watchers) {
    const changes = heard.flatMap(({ report }) => (report.kind === 'change' ? report.change : []));
    demand(changes.join() === 'added,removed', `the watcher on ${host} hears ${changes.join()}`);
  }
}
