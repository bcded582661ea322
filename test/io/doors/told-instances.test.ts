// What is remembered for filtered watches by HTTP: of all together a bounded number.

import { expect, test } from 'vitest';

import { ToldInstances } from '../../../src/io/doors/told-instances.ts';
import type { InstanceId } from '../../../src/protocol/ids.ts';

function id(index: number): InstanceId {
  return index.toString(16).padStart(32, '0') as InstanceId;
}

test('beyond the limit the watches that were told of most go, and the others stay', () => {
  const told = new ToldInstances(100);
  const gone: string[] = [];
  const small = told.open(() => gone.push('small'));
  const large = told.open(() => gone.push('large'));
  for (let index = 0; index < 10; index += 1) small.add(id(index));
  for (let index = 0; index < 90; index += 1) large.add(id(index));
  expect([told.count, gone]).toEqual([100, []]);

  large.add(id(90));

  expect([told.count, gone]).toEqual([10, ['large']]);
  expect([small.has(id(1)), large.has(id(1))]).toEqual([true, false]);
  large.add(id(1));
  expect(told.count).toBe(10);
});

test('what a watch was told of counts once, and no longer when it is gone, or the watch', () => {
  const told = new ToldInstances(100);
  const [one, other] = [told.open(() => undefined), told.open(() => undefined)];
  one.add(id(1));
  one.add(id(1));
  one.add(id(2));
  other.add(id(1));
  expect(told.count).toBe(3);

  one.delete(id(2));
  one.delete(id(2));
  other.close();
  other.close();

  expect(told.count).toBe(1);
});
