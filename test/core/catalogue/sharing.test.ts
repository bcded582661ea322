// What registrations have in common is kept once, and never more of it than a bound.

import { expect, test } from 'vitest';
import { Pool, Sharing } from '../../../src/core/catalogue/sharing.ts';
import type { Name } from '../../../src/protocol/ids.ts';
import { registrationOf } from '../../support/server-stage.ts';

test('registrations with equal tags share their list, others the tags that are equal', () => {
  const sharing = new Sharing();
  const zone = { key: 'zone' as Name, value: 'north' };
  const tagLists = [
    [{ ...zone }],
    [{ ...zone }],
    [{ ...zone }, { key: 'run' as Name, value: '7' }],
  ];

  const [one, same, other] = tagLists.map((tags, index) => {
    const given = registrationOf(String(index), { tags });
    return sharing.registration(given, given.instance);
  });

  expect(same?.tags).toBe(one?.tags);
  expect(other?.tags[0]).toBe(one?.tags[0]);
  expect(other?.tags).toEqual(tagLists[2]);
});

test('a shared registration equals the given one, whatever stands in its tags', () => {
  const sharing = new Sharing();
  const tagLists = [
    [{ key: 'a' as Name, value: 'b=c' }],
    [{ key: 'a' as Name, value: 'b' }],
    [],
    [{ key: 'a' as Name, value: '' }],
    [{ key: 'a' as Name, value: 'ü'.repeat(300) }],
  ];

  for (const scheme of [null, 'http']) {
    const given = tagLists.map((tags) => registrationOf('a', { tags, scheme }));
    const shared = given.map((item) => sharing.registration(item, item.instance));

    expect(shared).toEqual(given);
  }
});

test('a pool holds no more than its bound, and nothing under a long key', () => {
  const pool = new Pool<string>();

  for (let index = 0; index < 10_000; index += 1) pool.one(String(index), () => String(index));
  const full = pool.size;
  pool.one('x'.repeat(1_000), () => 'x');

  expect(full).toBeLessThanOrEqual(4_096);
  expect(pool.size).toBe(full);
  expect(pool.one('9999', () => 'another')).toBe('9999');
});
