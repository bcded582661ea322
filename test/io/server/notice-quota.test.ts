// A flood of strangers, or of registrations, leaves the log readable: a few lines a minute for each
// address and each session, and a count.

import { expect, test } from 'vitest';
import {
  ADDRESSES_MAX,
  LINES_A_MINUTE,
  LINES_OF_ADDRESS,
  LINES_OF_SESSION,
  NoticeQuota,
} from '../../../src/io/server/notice-quota.ts';
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

test('a bug that one address meets again and again fills no log with stacks', () => {
  const quota = new NoticeQuota();
  const reason = 'Error: planted';
  const meet = (address: string): readonly boolean[] => [
    quota.admit({ name: 'fault', fields: { what: address, address, count: 1, reason } }, 0),
    quota.admit({ name: 'door-fault', fields: { door: 'DNS', address, reason } }, 0),
  ];

  const first = Array.from({ length: LINES_A_MINUTE }, () => meet('10.0.0.1:1'));

  expect(first.flat()).not.toContain(false);
  expect(meet('10.0.0.1:2')).toEqual([false, false]);
  expect(meet('10.0.0.2:1')).toEqual([true, true]);
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
  const fields = { peer: 'h2-a', address: '10.0.0.1:1', reason: 'closed' };
  const line: Notice = { name: 'link-down', fields };

  const told = Array.from({ length: 1_000 }, () => quota.admit(line, 0));

  expect(told.every(Boolean)).toBe(true);
  expect(quota.nextMs()).toBe(Infinity);
});

test('of very many addresses the rest is counted as one', () => {
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

test('a session that registers and deregisters in turn has its first lines of each, and a count', () => {
  const quota = new NoticeQuota();
  const flooder = { id: 1, remote: SOCKET };

  const told = lifeOf(1_000).filter((line, at) => quota.admit(line, at, flooder));
  const other = lifeOf(1).filter((line) => quota.admit(line, 1_999, { id: 2, remote: SOCKET }));
  const leftOut = quota.settle(quota.nextMs() + 1);

  expect(told).toHaveLength(2 * LINES_OF_SESSION);
  expect(other).toHaveLength(2);
  expect(leftOut.map(sentenceOf)).toEqual([
    `${SOCKET}: 970 more lines like instance-registered were left out in the last minute`,
    `${SOCKET}: 970 more lines like instance-removed were left out in the last minute`,
  ]);
});

test('an address with very many sessions has a ration in all, and hides no other address', () => {
  const quota = new NoticeQuota();
  const sessions = 2 * LINES_OF_ADDRESS.session;

  const told = Array.from({ length: sessions }, (_, id) => {
    return quota.admit(REGISTERED, 0, { id, remote: `10.0.0.1:${String(id)}` });
  });
  const other = quota.admit(REGISTERED, 1, { id: sessions, remote: '10.0.0.2:1' });

  expect(told.filter(Boolean)).toHaveLength(LINES_OF_ADDRESS.session);
  expect(other).toBe(true);
  const [leftOut, ...more] = quota.settle(60_000);
  expect(leftOut?.fields).toMatchObject({
    address: '10.0.0.1',
    times: sessions - told.filter(Boolean).length,
  });
  expect(more).toEqual([]);
});

test('of sessions nothing is kept when their minutes are over', () => {
  const quota = new NoticeQuota();
  quota.admit(REGISTERED, 0, { id: 1, remote: SOCKET });
  quota.admit(REGISTERED, 30_000, { id: 2, remote: SOCKET });

  const ends = [quota.nextMs()];
  quota.settle(60_000);
  ends.push(quota.nextMs());
  quota.settle(90_000);
  ends.push(quota.nextMs());

  expect(ends).toEqual([60_000, 90_000, Infinity]);
});

const SOCKET = '/run/rarangi/testing.a.sock';
const LABELS = { service: 'db', address: 'x:1', instance: '0'.repeat(32) };
const REGISTERED: Notice = { name: 'instance-registered', fields: LABELS };

/** Registered and removed, so many times in turn. */
function lifeOf(turns: number): readonly Notice[] {
  const removed: Notice = { name: 'instance-removed', fields: { ...LABELS, cause: 'lost' } };
  return Array.from({ length: turns }, () => [REGISTERED, removed]).flat();
}

/** So many strangers from one address, each from a port of its own. */
function floodOf(count: number): readonly Notice[] {
  return Array.from({ length: count }, (_, at) => refusalOf(`10.0.0.1:${at + 1}`));
}

function refusalOf(address: string): Notice {
  return { name: 'refused-stranger', fields: { address, reason: 'it speaks TLS' } };
}
