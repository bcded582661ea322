// The union of the logs: an instance as clients see it, and the changes that they are told.

import { expect, test } from 'vitest';
import type { Standing } from '../../../src/core/catalogue/catalogue.ts';
import { Catalogue } from '../../../src/core/catalogue/catalogue.ts';
import type { Name, OriginId } from '../../../src/protocol/ids.ts';
import { instanceIdOf, originOf, registrationOf } from '../../support/server-stage.ts';

interface Stage {
  readonly catalogue: Catalogue;
  readonly hold: (
    origin: string,
    instance: string,
    given?: Parameters<typeof registrationOf>[1],
  ) => void;
  readonly drop: (
    origin: string,
    instance: string,
    cause: 'closed' | 'deregistered' | 'crash',
  ) => void;
  readonly stand: (origin: string, standing: Standing, ...instances: string[]) => void;
  readonly told: () => string[];
  readonly seen: (service?: string) => string[];
}

function stage(): Stage {
  const standings = new Map<OriginId, Standing>();
  const catalogue = new Catalogue({
    placeOf: (origin) => ({
      host: `h${origin.charAt(0)}` as Name,
      cluster: 'c1' as Name,
      name: `h${origin.charAt(0)}-a` as Name,
    }),
    standingOf: (origin) => standings.get(origin) ?? 'reachable',
  });
  return {
    catalogue,
    hold: (origin, instance, given) => {
      catalogue.put(originOf(origin), registrationOf(instance, given));
    },
    drop: (origin, instance, cause) => {
      catalogue.delete(originOf(origin), instanceIdOf(instance), cause);
    },
    stand: (origin, standing, ...instances) => {
      standings.set(originOf(origin), standing);
      catalogue.review(instances.map(instanceIdOf), 'crash');
    },
    told: () =>
      catalogue.changes.splice(0).map(({ change, instance, cause }) => {
        const { registration, state } = instance;
        return [change, registration.instance.charAt(0), cause ?? state].join(' ');
      }),
    seen: (service = 'db') =>
      catalogue.instancesOf(service).map(({ registration, host, state }) => {
        const { instance, revision } = registration;
        return `${instance.charAt(0)} r${String(revision)} ${host} ${state}`;
      }),
  };
}

test('an instance that two servers hold is one instance, added once', () => {
  const { hold, told, seen } = stage();

  hold('1', 'a');
  hold('2', 'a');

  expect(seen()).toEqual(['a r1 h1 live']);
  expect(told()).toEqual(['added a live']);
});

test('an instance is removed when its last holder drops it, with that cause', () => {
  const { hold, drop, told, seen } = stage();
  hold('1', 'a');
  hold('2', 'a');

  drop('1', 'a', 'closed');
  drop('2', 'a', 'deregistered');
  drop('2', 'a', 'closed');

  expect(told()).toEqual(['added a live', 'removed a deregistered']);
  expect(seen()).toEqual([]);
});

test('the higher revision wins, and is told once', () => {
  const { hold, told, seen } = stage();
  hold('1', 'a', { revision: 2 });

  hold('2', 'a', { revision: 1 });
  hold('2', 'a', { revision: 3 });
  hold('1', 'a', { revision: 3 });

  expect(seen()[0]).toMatch('a r3');
  expect(told()).toEqual(['added a live', 'updated a live']);
});

test('a live holder beats a stale one, and holds what is newest', () => {
  const { hold, stand, told, seen } = stage();
  hold('1', 'a', { revision: 1 });
  hold('2', 'a', { revision: 2 });
  told();

  stand('2', 'split', 'a');

  expect(seen()).toEqual(['a r2 h1 live']);
  expect(told()).toEqual([]);
});

test('a revision never goes back: not when its only holder leaves, nor by what comes late', () => {
  const { hold, drop, told, seen } = stage();
  for (const origin of ['1', '2']) hold(origin, 'a', { revision: 1 });
  hold('2', 'a', { revision: 3, service: 'web' as Name });
  told();

  drop('2', 'a', 'deregistered');
  hold('1', 'a', { revision: 2 });
  hold('1', 'a', { revision: 3, service: 'web' as Name });

  expect([...seen(), ...seen('web')]).toEqual(['a r3 h1 live']);
  expect(told()).toEqual([]);
});

test('while only split servers hold an instance it is stale, and live when one is back', () => {
  const { catalogue, hold, stand, told, seen } = stage();
  hold('1', 'a');
  hold('2', 'b');

  stand('1', 'suspect', 'a');
  expect(seen()).toEqual(['a r1 h1 suspect', 'b r1 h2 live']);
  stand('1', 'split', 'a');
  expect(catalogue.counts).toEqual({ live: 1, stale: 1 });
  stand('1', 'reachable', 'a');

  expect(told()).toEqual(['added a live', 'added b live', 'stale a stale', 'live a live']);
  expect(catalogue.counts).toEqual({ live: 2, stale: 0 });
});

test('the instances of a crashed server are removed as a crash, and added when it is back', () => {
  const { hold, stand, told } = stage();
  hold('1', 'a');

  stand('1', 'crashed', 'a');
  stand('1', 'reachable', 'a');

  expect(told()).toEqual(['added a live', 'removed a crash', 'added a live']);
});

test('an instance of a server that was never reachable is not seen', () => {
  const { hold, stand, told, seen } = stage();
  stand('1', 'new');

  hold('1', 'a');

  expect([...seen(), ...told()]).toEqual([]);
});

test('services are those of which there is an instance, by name', () => {
  const { catalogue, hold, drop } = stage();
  hold('1', 'a', { service: 'web' as Name });
  hold('1', 'b', { service: 'cache' as Name });
  hold('1', 'c', { service: 'db' as Name });

  drop('1', 'c', 'closed');

  expect(catalogue.serviceNames()).toEqual(['cache', 'web']);
  expect(catalogue.servicesCount).toBe(2);
});

test('an instance that changes its service leaves the one and enters the other', () => {
  const { hold, told, seen } = stage();
  hold('1', 'a');

  hold('1', 'a', { service: 'web' as Name, revision: 2 });

  expect(told()).toEqual(['added a live', 'removed a replaced', 'added a live']);
  expect([seen(), seen('web')]).toEqual([[], ['a r2 h1 live']]);
});

test('the list of a service is the same one until something of it changes', () => {
  const { catalogue, hold, drop, seen } = stage();
  hold('a', '1');
  const before = catalogue.instancesOf('db');
  const again = catalogue.instancesOf('db');

  hold('a', '2');
  const grown = seen('db').length;
  drop('a', '2', 'closed');

  expect(again).toBe(before);
  expect([before.length, grown, catalogue.instancesOf('db').length]).toEqual([1, 2, 1]);
});

test('an instance that its service has given up is over, even if others still hold it or say so later', () => {
  const { catalogue, hold, drop, told, seen } = stage();
  hold('1', 'a');
  hold('2', 'a');
  hold('1', 'b');
  told();

  for (const instance of ['a', 'b']) {
    catalogue.giveUp(originOf('1'), instanceIdOf(instance), 'deregistered');
  }
  hold('2', 'b');
  drop('2', 'a', 'deregistered');
  drop('2', 'b', 'deregistered');

  expect(told()).toEqual(['removed a deregistered', 'removed b deregistered']);
  expect(seen()).toEqual([]);
});

test('an instance given up may be offered anew, at a higher revision', () => {
  const { catalogue, hold, told } = stage();
  hold('1', 'a');
  catalogue.giveUp(originOf('1'), instanceIdOf('a'), 'unhealthy');

  hold('1', 'a', { revision: 2 });

  expect(told()).toEqual(['added a live', 'removed a unhealthy', 'added a live']);
});

test('the services are the same list until an answer changes, and the revision counts that', () => {
  const { catalogue, hold, stand } = stage();
  hold('1', 'a', { service: 'db' as Name });
  hold('2', 'b', { service: 'web' as Name });
  const before = catalogue.services();
  const { revision } = catalogue;
  expect(before).toEqual([
    { name: 'db', live: 1, stale: 0 },
    { name: 'web', live: 1, stale: 0 },
  ]);
  expect(catalogue.services()).toBe(before);

  stand('2', 'split', 'b');
  const after = catalogue.services();

  expect(after).toEqual([before[0], { name: 'web', live: 0, stale: 1 }]);
  expect(after[0]).toBe(before[0]);
  expect(catalogue.revision).toBe(revision + 1);
});

test('an origin that may be late does not answer until it is trusted, and is no longer doubted once it ends', () => {
  const { catalogue, hold, drop, told } = stage();
  const [late, a] = [originOf('2'), instanceIdOf('a')];
  catalogue.doubt(late, a);
  hold('2', 'a');
  expect(told()).toEqual([]);

  catalogue.trust(late, a);
  expect(told()).toEqual(['added a live']);
  catalogue.doubt(late, a);
  drop('2', 'a', 'closed');
  told();
  hold('2', 'a');
  expect(told()).toEqual(['added a live']);
});
