// The catalogue against a model: the view of clients follows from the holders of each record, in
// whatever order they came; and the told changes add up to that view.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Standing } from '../../src/core/catalogue/catalogue.ts';
import { Catalogue } from '../../src/core/catalogue/catalogue.ts';
import type { InstanceId, Name, OriginId } from '../../src/protocol/ids.ts';
import type { Instance, Registration } from '../../src/protocol/records.ts';
import { instanceIdOf, originOf, registrationOf } from '../support/server-stage.ts';

const origin = fc.constantFrom(...['1', '2', '3']).map(originOf);
const standing = fc.constantFrom<Standing>('new', 'reachable', 'suspect', 'crashed', 'split');
const registration = fc
  .tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(4))
  .map(([digit, revision]) => {
    // A revision is one state of an instance: the service is part of it.
    const service = (revision > 2 ? 'web' : 'db') as Name;
    return registrationOf(digit, { revision, service, port: 1_000 + revision });
  });

type Step =
  | { readonly kind: 'put'; readonly origin: OriginId; readonly registration: Registration }
  | { readonly kind: 'delete'; readonly origin: OriginId; readonly instance: InstanceId }
  | { readonly kind: 'stand'; readonly origin: OriginId; readonly standing: Standing };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), origin, registration }),
  fc.record({
    kind: fc.constant('delete' as const),
    origin,
    instance: fc.constantFrom(...['a', 'b', 'c', 'd']).map(instanceIdOf),
  }),
  fc.record({ kind: fc.constant('stand' as const), origin, standing }),
);

interface Model {
  readonly held: Map<OriginId, Map<InstanceId, Registration>>;
  /** The highest revision of an instance since no origin held it. */
  readonly latest: Map<InstanceId, number>;
  readonly standings: Map<OriginId, Standing>;
  readonly catalogue: Catalogue;
}

function run(steps: readonly Step[]): Model {
  const held = new Map<OriginId, Map<InstanceId, Registration>>();
  const latest = new Map<InstanceId, number>();
  const standings = new Map<OriginId, Standing>();
  const catalogue = new Catalogue({
    placeOf: () => ({ host: 'h1' as Name, cluster: 'c1' as Name, name: 'h1-a' as Name }),
    standingOf: (id) => standings.get(id) ?? 'reachable',
  });
  for (const one of steps) {
    const holds = held.get(one.origin) ?? new Map<InstanceId, Registration>();
    held.set(one.origin, holds);
    if (one.kind === 'put') {
      holds.set(one.registration.instance, one.registration);
      const { instance, revision } = one.registration;
      latest.set(instance, Math.max(revision, latest.get(instance) ?? 0));
      catalogue.put(one.origin, one.registration);
    } else if (one.kind === 'delete') {
      holds.delete(one.instance);
      if (![...held.values()].some((each) => each.has(one.instance))) latest.delete(one.instance);
      catalogue.delete(one.origin, one.instance, 'closed');
    } else {
      standings.set(one.origin, one.standing);
      catalogue.review(holds.keys(), 'crash');
    }
  }
  return { held, latest, standings, catalogue };
}

function seen(catalogue: Catalogue): Instance[] {
  return ['db', 'web'].flatMap((service) => catalogue.instancesOf(service));
}

/** The rules for an instance: live beats stale, and its revision never goes back. */
function expected({ held, latest, standings }: Model, id: InstanceId): string | null {
  const states = [...held].flatMap(([holder, holds]) => {
    const stands = standings.get(holder) ?? 'reachable';
    return holds.has(id) && stands !== 'new' && stands !== 'crashed' ? [stands === 'split'] : [];
  });
  if (states.length === 0) return null;
  const isLive = states.includes(false);
  return `${String(latest.get(id))} ${isLive ? 'live' : 'stale'}`;
}

test('the visible instances follow from who holds what, and from nothing else', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const model = run(steps);
      const rows = seen(model.catalogue);

      for (const id of ['a', 'b', 'c', 'd'].map(instanceIdOf)) {
        const row = rows.find(({ registration: item }) => item.instance === id);
        const state = row?.state === 'stale' ? 'stale' : 'live';
        const text = row === undefined ? null : `${String(row.registration.revision)} ${state}`;
        expect(text).toBe(expected(model, id));
      }
    }),
  );
});

test('a client that follows the changes holds what is seen', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { catalogue } = run(steps);
      const followed = new Map<string, boolean>();
      for (const { change, instance } of catalogue.changes) {
        const key = `${instance.registration.service} ${instance.registration.instance}`;
        expect(followed.has(key)).toBe(change !== 'added');
        if (change === 'removed') followed.delete(key);
        else followed.set(key, instance.state === 'stale');
      }

      const rows = seen(catalogue).map(({ registration: item, state }) => {
        return [`${item.service} ${item.instance}`, state === 'stale'] as const;
      });
      expect(followed).toEqual(new Map(rows));
      expect(followed.size).toBe(rows.length);
      const stale = rows.filter(([, isStale]) => isStale).length;
      expect(catalogue.counts).toEqual({ live: rows.length - stale, stale });
    }),
  );
});
