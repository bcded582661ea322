// The holders of each record of an instance: one record for each origin, equal records together.

import { expect, test } from 'vitest';
import type { Holding } from '../../../src/core/catalogue/holdings.ts';
import {
  HolderLists,
  latestBy,
  recordOf,
  withHolder,
  withoutHolder,
} from '../../../src/core/catalogue/holdings.ts';
import type { Registration } from '../../../src/protocol/records.ts';
import { originOf, registrationOf } from '../../support/server-stage.ts';

const lists = new HolderLists();
const [old, newer] = [1, 2].map((revision) => registrationOf('a', { revision }));

function held(...steps: readonly (readonly [string, Registration | undefined])[]): Holding | null {
  let holdings: Holding | null = null;
  for (const [digit, registration] of steps) {
    const origin = originOf(digit);
    holdings =
      registration === undefined
        ? withoutHolder(holdings, origin, lists)
        : withHolder(holdings, { origin, registration }, lists);
  }
  return holdings;
}

function shown(holdings: Holding | null): string[] {
  if (holdings === null) return [];
  const { registration, holders, next } = holdings;
  const origins = holders.map((origin) => origin.charAt(0)).join('');
  return [`r${String(registration.revision)} ${origins}`, ...shown(next)];
}

test('origins with the same record are holders of one holding', () => {
  const holdings = held(['1', old], ['2', old], ['1', old]);

  expect(shown(holdings)).toEqual(['r1 21']);
});

test('an origin that has another record now holds that and no other', () => {
  const holdings = held(['1', old], ['2', old], ['1', newer]);

  expect(shown(holdings)).toEqual(['r1 2', 'r2 1']);
  expect(recordOf(holdings, originOf('1'))).toBe(newer);
  expect(recordOf(holdings, originOf('2'))).toBe(old);
  expect(recordOf(holdings, originOf('3'))).toBeNull();
});

test('the last holder takes the holding along', () => {
  expect(shown(held(['1', old], ['2', newer], ['1', undefined]))).toEqual(['r2 2']);
  expect(held(['1', old], ['2', old], ['1', undefined], ['2', undefined])).toBeNull();
  expect(held(['3', undefined])).toBeNull();
});

test('the latest record stays while another is held, and no other that nobody holds', () => {
  const [newest] = [registrationOf('a', { revision: 3 })];
  const behind = held(['1', old], ['2', newer], ['2', undefined]);
  const further = held(['1', old], ['2', newer], ['2', newest], ['2', undefined]);

  expect(shown(behind)).toEqual(['r1 1', 'r2 ']);
  expect(shown(further)).toEqual(['r1 1', 'r3 ']);
  expect(latestBy(behind!, originOf('1'))).toBe(newer);
  expect(recordOf(behind, originOf('1'))).toBe(old);
  expect(shown(held(['1', old], ['2', newer], ['2', undefined], ['1', newer]))).toEqual(['r2 1']);
});

test('instances with the same holders share the list of them', () => {
  const [one, other] = [held(['1', old], ['2', old]), held(['1', newer], ['2', newer])];

  expect(one?.holders).toBe(other?.holders);
});
