// Whether the checkers bite: each sees a small story go by in silence when all is well, and speaks
// up when a rule is taken away.

import { expect, test } from 'vitest';
import type { Name, OriginId } from '../../../src/protocol/ids.ts';
import type { Entry } from '../../../src/protocol/records.ts';
import type { Message } from '../../../src/protocol/messages.ts';
import { loneLosses } from './alone.ts';
import { exactBudgets } from './budgets.ts';
import { certainAnswers } from './certain.ts';
import type { Checker } from './checker.ts';
import { Monitor } from './checker.ts';
import { convergence } from './convergence.ts';
import { goodbyesHeard } from './farewell.ts';
import { isolation } from './isolation.ts';
import { noLoss } from './loss.ts';
import { boundedMemory } from './memory.ts';
import { noResurrection } from './resurrection.ts';
import { splitNoticed } from './split.ts';
import type { Cluster, Sabotage } from '../world/cluster.ts';
import { settledCluster, startHost } from '../stories/scenarios.ts';

type Story = (world: Cluster, monitor: Monitor) => void;

/** The verdict of a checker on a story over a slow network. */
function said(checker: Checker, story: Story, sabotage?: Sabotage): string[] {
  const traits = { delayMs: [5, 20] } as const;
  const world = settledCluster({ hosts: 4, traits, ...(sabotage && { sabotage }) });
  const monitor = new Monitor(world, [checker]);
  monitor.run(2_000);
  story(world, monitor);
  return monitor.violations.map(({ what }) => what);
}

/** Loses the messages that carry a kind of entry. */
function withoutEntries(kind: Entry['kind']): Sabotage {
  const isHit = (message: Message): boolean =>
    message.kind === 'entries' &&
    message.batches.some(({ entries }) => entries.some((entry) => entry.kind === kind));
  return { message: (message) => (isHit(message) ? null : message) };
}

/** For stories that ask a checker themselves, at their end. */
const idle: Checker = { name: 'nothing', check: () => [] };

const comeAndGo: Story = (world, monitor) => {
  const service = world.serve({ host: 'h3', service: 'db' });
  monitor.run(3_000);
  service.kill();
  monitor.run(10_000);
};

const splitAndHeal: Story = (world, monitor) => {
  const service = world.serve({ host: 'h3', service: 'db' });
  monitor.run(6_000);
  const heal = world.split(['h1', 'h2'], ['h3', 'h4']);
  monitor.run(8_000);
  service.kill();
  monitor.run(12_000);
  heal();
  monitor.run(20_000);
};

test('a registration that never travels is no convergence', () => {
  const register: Story = (world, monitor) => {
    world.serve({ host: 'h3', service: 'db' });
    monitor.run(5_000);
    monitor.note(convergence);
  };

  expect(said(idle, register)).toEqual([]);
  expect(said(idle, register, withoutEntries('put'))).not.toEqual([]);
});

test('a removal that never travels leaves the dead among the living', () => {
  expect(said(noResurrection(), comeAndGo)).toEqual([]);
  expect(said(noResurrection(), comeAndGo, withoutEntries('delete'))).not.toEqual([]);
});

/** What died stays live for others, as if somebody stood for a path to it. */
const unmissed: Sabotage = { options: { graceMs: 60_000 } };

test('for what a hostile server between hosts may keep from them nobody else is blamed', () => {
  const between = (hosts: readonly string[], isThere: boolean): Story => {
    return (world, monitor) => {
      world.serve({ host: 'h4', service: 'db' });
      const hostile = world.intrude(hosts, { role: 'peer', seed: 1, gapMs: 1e9 });
      monitor.run(1_000);
      world.darken('h4');
      monitor.run(10_000);
      if (isThere) return;
      world.silence();
      hostile.leave('vanish');
      monitor.run(10_000);
    };
  };

  expect(said(noResurrection(), between(['h1', 'h2'], true), unmissed)).toEqual([]);
  expect(said(noResurrection(), between(['h1', 'h2'], false), unmissed)).not.toEqual([]);
  expect(said(noResurrection(), between(['h1'], true), unmissed)).not.toEqual([]);
});

test('what its server says of an end no hostile server keeps from those with a path to it', () => {
  const inSpite: Story = (world, monitor) => {
    world.intrude(['h1', 'h2'], { role: 'peer', seed: 1, gapMs: 1e9 });
    comeAndGo(world, monitor);
  };

  expect(said(noResurrection(), inSpite)).toEqual([]);
  expect(said(noResurrection(), inSpite, withoutEntries('delete'))).not.toEqual([]);
});

test('an instance that is registered and not told is lost', () => {
  expect(said(noLoss(), comeAndGo)).toEqual([]);
  expect(said(noLoss(), comeAndGo, withoutEntries('put'))).not.toEqual([]);
});

test('what a cut held back may come when the link has fallen silent, however slow that is', () => {
  const pace = { heartbeatMs: 2_000, silenceMs: 6_000 };
  const late = (seed: number, sabotage?: Sabotage): string[] => {
    const world = settledCluster({
      seed,
      hosts: 3,
      masters: ['h1'],
      specOf: (host) => (host === 'h2' ? { pace } : {}),
      ...(sabotage && { sabotage }),
    });
    const monitor = new Monitor(world, [noLoss()]);
    const service = world.serve({ host: 'h2', service: 'db' });
    monitor.run(10_100);
    const heal = world.split(['h1', 'h3'], ['h2']);
    monitor.run(2_000);
    service.update();
    monitor.run(1_900);
    heal();
    monitor.run(8_000);
    return monitor.violations.map(({ what }) => what);
  };

  expect([1, 4, 5].flatMap((seed) => late(seed))).toEqual([]);
  expect(late(1, withoutEntries('put'))).not.toEqual([]);
});

test('a server that forgets the other side at once does not hold a split', () => {
  expect(said(splitNoticed(), splitAndHeal)).toEqual([]);
  expect(said(splitNoticed(), splitAndHeal, { options: { splitHoldMs: 0 } })).not.toEqual([]);
});

test('a server that is wrong about its environment lets others in', () => {
  const meet: Story = (world, monitor) => {
    world.start({ host: 'h1', side: 'a', environment: 'staging', peers: ['h1:17330'] });
    monitor.run(3_000);
  };

  expect(said(isolation, meet)).toEqual([]);
  expect(said(isolation, meet, { options: { environment: 'testing' as Name } })).not.toEqual([]);
});

test('a cursor for every message is a leak', () => {
  let count = 0;
  const leak: Sabotage = {
    belief: ({ links }) => {
      count += 1;
      for (const link of links.values()) link.progress.setCursor(String(count) as OriginId, 1);
    },
  };

  expect(said(boundedMemory, comeAndGo)).toEqual([]);
  expect(said(boundedMemory, comeAndGo, leak)).not.toEqual([]);
});

test('bytes that are charged and not held are noticed', () => {
  const leak: Sabotage = {
    belief: ({ sessions }) => {
      for (const { held } of sessions.values()) held.add(1);
    },
  };

  expect(said(exactBudgets, comeAndGo)).toEqual([]);
  expect(said(exactBudgets, comeAndGo, leak)).not.toEqual([]);
});

test('a goodbye that is lost is missed', () => {
  const leave: Story = (world, monitor) => {
    world.stop('h3-a');
    monitor.run(5_000);
  };

  expect(said(goodbyesHeard(), leave)).toEqual([]);
  expect(said(goodbyesHeard(), leave, withoutEntries('bye'))).not.toEqual([]);
});

test('a host that is lost alone, and frozen, is noticed', () => {
  const lose: Story = (world, monitor) => {
    world.darken('h4');
    monitor.run(3_000);
  };
  const freeze: Sabotage = {
    belief: ({ reach: { away } }) => {
      for (const origin of away) origin.standing = 'split';
    },
  };

  expect(said(loneLosses(), lose)).toEqual([]);
  expect(said(loneLosses(), lose, freeze)).not.toEqual([]);
});

test('[R63] who is left alone before the verdict on a lost host may freeze it', () => {
  const lose: Story = (world, monitor) => {
    world.darken('h4');
    monitor.run(500);
    for (const host of ['h1', 'h2']) for (const side of ['a', 'b']) world.stop(`${host}-${side}`);
    monitor.run(4_000);
  };

  expect(said(loneLosses(), lose)).toEqual([]);
});

/** The only server of a host restarts again and again: some of its services are away for about a grace. */
const alone: Story = (world, monitor) => {
  for (let count = 0; count < 10; count += 1) world.serve({ host: 'h3', service: 'db' });
  world.stop('h3-b');
  monitor.run(6_000);
  const { spec } = world.server('h3-a');
  for (let downMs = 200; downMs < 500; downMs += 30) {
    world.stop('h3-a');
    monitor.run(downMs);
    world.start(spec);
    monitor.run(6_000);
  }
};

test('[R91] a service that was with no server for a grace is news when it is back, until that has come', () => {
  const unheard: Sabotage = {
    belief: ({ self, origins, catalogue }) => {
      if (self.log.facts.name !== 'h1-a') return;
      for (const { id, log } of origins.values()) {
        if (log.facts.name !== 'h3-a') continue;
        for (const instance of log.registrations.keys()) catalogue.delete(id, instance, 'replaced');
      }
    },
  };

  expect(said(certainAnswers(), alone)).toEqual([]);
  expect(said(certainAnswers(), alone, unheard)).not.toEqual([]);
});

test('when a split heals, what died in it stays dead and what lives comes back', () => {
  const world = settledCluster({ hosts: 4 });
  const checkers = [noResurrection(), noLoss(), splitNoticed(), goodbyesHeard()];
  const monitor = new Monitor(world, checkers);
  world.serve({ host: 'h4', service: 'db' });

  splitAndHeal(world, monitor);
  startHost(world, 'h5');
  monitor.run(10_000);
  monitor.note(convergence);

  expect(monitor.violations).toEqual([]);
});
