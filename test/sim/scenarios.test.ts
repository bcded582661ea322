// Stories that once went wrong, and whose seeds a later change may lead elsewhere.

import { expect, test } from 'vitest';
import { Monitor } from './checkers/checker.ts';
import { splitNoticed } from './checkers/split.ts';
import { settledCluster } from './scenarios.ts';

test('a link given up on purpose just before a split makes no crash of it', () => {
  const world = settledCluster(4, {}, ['h1', 'h2']);
  const monitor = new Monitor(world, [splitNoticed()]);
  const givenUp = (): number =>
    world.servers
      .flatMap(({ notices }) => notices)
      .filter(({ notice }) => notice.fields['reason'] === 'other links have taken its place')
      .length;
  monitor.run(4_000);
  expect(givenUp()).toBeGreaterThan(0);

  world.split(['h1', 'h2'], ['h3', 'h4']);
  monitor.run(5_000);

  expect(monitor.violations).toEqual([]);
});
