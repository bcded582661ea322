// A flood of strangers leaves the log readable: a few lines a minute for each address, and a count.

import { expect, test } from 'vitest';
import { ADDRESSES_MAX, LINES_A_MINUTE, NoticeQuota } from '../../../src/io/server/notice-quota.ts';
import type { Notice } from '../../../src/core/notices.ts';
import { sentenceOf } from '../../../src/core/notices.ts';

test('of a flood of one address the first lines are told, and then how many more there were', () => {
  const quota = new NoticeQuota();

  const told = floodOf(1_000).filter((notice, at) => quota.admit(notice, 5_000 + at));
  const dueMs = quota.nextMs();
  const leftOut = quota.settle(dueMs);

  expect(told).toHaveLength(LINES_A_MINUTE);
  expect(dueMs).toBe(65_000);
  expect(leftOut.map(sentenceOf)).toEqual([
    '10.0.0.1: 990 more lines like refused-stranger were left out in the last minute',
  ]);
  expect(quota.nextMs()).toBe(Infinity);
});

test('strangers that come one by one are told of, each in one line', () => {
  const quota = new NoticeQuota();
  const nowMs = (at: number): number => at * 6_100;

  const told = floodOf(100).filter((notice, at) => {
    expect(quota.settle(nowMs(at))).toEqual([]);
    return quota.admit(notice, nowMs(at));
  });

  expect(told).toHaveLength(100);
});

test('a flood of one address hides no other address, and no line of another kind', () => {
  const quota = new NoticeQuota();
  for (const notice of floodOf(1_000)) quota.admit(notice, 0);

  const others: readonly Notice[] = [
    refusalOf('10.0.0.2:1'),
    refusalOf('[2001:db8::1]:1'),
    { name: 'protocol-breach', fields: { address: '10.0.0.1:1', reason: 'x' } },
    { name: 'link-down', fields: { address: '10.0.0.1:1', peer: 'x', reason: 'x' } },
  ];

  expect(others.filter((notice) => quota.admit(notice, 1))).toEqual(others);
});

test('lines about links and services are never left out', () => {
  const quota = new NoticeQuota();
  const line: Notice = { name: 'link-down', fields: { address: '10.0.0.1:1' } };

  const told = Array.from({ length: 1_000 }, () => quota.admit(line, 0));

  expect(told.every(Boolean)).toBe(true);
  expect(quota.nextMs()).toBe(Infinity);
});

test('who has very many addresses has the rest of them counted as one', () => {
  const quota = new NoticeQuota();
  const addresses = Array.from({ length: 3 * ADDRESSES_MAX }, (_, at) => `[2001:db8::${at}]:1`);

  const told = addresses.filter((address) => quota.admit(refusalOf(address), 0));
  const leftOut = quota.settle(60_000);

  expect(told).toHaveLength(ADDRESSES_MAX + LINES_A_MINUTE);
  expect(leftOut.map(({ fields }) => fields)).toEqual([
    {
      notice: 'refused-stranger',
      address: 'other addresses',
      times: 2 * ADDRESSES_MAX - LINES_A_MINUTE,
    },
  ]);
});

/** So many strangers from one address, each from a port of its own. */
function floodOf(count: number): readonly Notice[] {
  return Array.from({ length: count }, (_, at) => refusalOf(`10.0.0.1:${at + 1}`));
}

function refusalOf(address: string): Notice {
  return { name: 'refused-stranger', fields: { address, reason: 'it speaks TLS' } };
}
