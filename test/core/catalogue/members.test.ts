// Which instances a service has: kept loosely, told exactly.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareText } from '../../../src/core/kit/text.ts';
import { Membership } from '../../../src/core/catalogue/members.ts';
import type { InstanceId } from '../../../src/protocol/ids.ts';

/** The plain way: a set for each service. */
class Model {
  readonly sets = new Map<string, Set<InstanceId>>();
  comparisons = 0;
  readonly membership = new Membership({
    isMember: (service, id) => this.sets.get(service)?.has(id) === true,
    compare: (one, other) => {
      this.comparisons += 1;
      return compareText(one, other);
    },
  });

  /** In, if it is out; out, if it is in. */
  toggle(service: string, id: InstanceId): void {
    const ids = this.sets.get(service) ?? new Set();
    this.sets.set(service, ids);
    if (ids.delete(id)) {
      if (ids.size === 0) this.sets.delete(service);
      this.membership.leave(service);
    } else {
      ids.add(id);
      this.membership.join(service, id);
    }
  }
}

function idOf(index: number): InstanceId {
  return index.toString(16).padStart(32, '0') as InstanceId;
}

test('each answer has each instance once, in order, and none that has left', () => {
  const step = fc.tuple(fc.constantFrom('a', 'b'), fc.nat(7), fc.boolean());
  const steps = fc.array(step, { maxLength: 300 });

  fc.assert(
    fc.property(steps, (given) => {
      const model = new Model();
      for (const [service, index, isAsked] of given) {
        model.toggle(service, idOf(index));
        if (!isAsked) continue;
        const ids = [...(model.sets.get(service) ?? [])].sort(compareText);
        expect(model.membership.of(service)).toEqual(ids);
      }
      expect(model.membership.names().sort(compareText)).toEqual(
        [...model.sets.keys()].sort(compareText),
      );
      expect(model.membership.size).toBe(model.sets.size);
    }),
  );
});

test('one that comes and goes for ever is not kept for ever, though nobody asks', () => {
  const model = new Model();
  for (let index = 0; index < 10; index += 1) model.toggle('a', idOf(index));

  for (let count = 0; count < 10_000; count += 1) model.toggle('a', idOf(3));

  model.comparisons = 0;
  expect(model.membership.of('a').length).toBe(10);
  expect(model.comparisons).toBeLessThan(200);
});
