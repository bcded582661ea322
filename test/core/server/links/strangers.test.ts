// Handshakes that fail use up rations; those that succeed cost nothing, and there is room for
// servers and for clients that have proved themselves, whatever strangers do.

import { expect, test } from 'vitest';

import {
  ADDRESSES_MAX,
  networkOf,
  type Rations,
} from '../../../../src/core/server/links/rations.ts';
import { Strangers } from '../../../../src/core/server/links/strangers.ts';

const RATIONS = { ofStrange: 5, ofAllStrange: 20, ofKnown: 10, ofAllKnown: 20 };

function strangersWith(rations: Rations = RATIONS, servers: readonly string[] = []) {
  return new Strangers<number>({
    strangersMax: 4_096,
    perAddressMax: 4_096,
    rations,
    servers: () => servers,
  });
}

let nextKey = 0;

/** So many come from there, one after the other, and fail: how many were listened to. */
function failures(
  strangers: Strangers<number>,
  from: { readonly address: string; readonly times: number; readonly nowMs?: number },
): number {
  const { address, times, nowMs = 0 } = from;
  let heard = 0;
  for (let count = 0; count < times; count += 1) {
    const key = (nextKey += 1);
    if (strangers.arrive(key, address, nowMs) === 'rationed') continue;
    heard += 1;
    strangers.forget(key, nowMs);
  }
  return heard;
}

test('an address whose handshakes fail is listened to seldom, and again with time', () => {
  const strangers = strangersWith();

  const atOnce = failures(strangers, { address: '10.0.0.1', times: 100 });
  const soon = failures(strangers, { address: '10.0.0.1', times: 100, nowMs: 1_000 });
  const elsewhere = failures(strangers, { address: '10.0.0.2', times: 1, nowMs: 1_000 });

  expect([atOnce, soon, elsewhere]).toEqual([10, 5, 1]);
});

test('two thousand that come in at once from one address cost nothing', () => {
  const strangers = strangersWith();
  const keys = Array.from({ length: 2_000 }, () => (nextKey += 1));

  const admissions = new Set(keys.map((key) => strangers.arrive(key, '10.0.0.1', 0)));
  for (const key of keys) strangers.prove(key);
  for (const key of keys) strangers.forget(key, 1);

  expect([...admissions]).toEqual(['admitted']);
  expect(strangers.arrive(0, '10.0.0.1', 1)).toBe('admitted');
});

test('a stranger that still waits when its address is used up may finish', () => {
  const strangers = strangersWith();
  strangers.arrive(-1, '10.0.0.1', 0);

  failures(strangers, { address: '10.0.0.1', times: 100 });
  strangers.prove(-1);

  expect(strangers.arrive(-2, '10.0.0.1', 0)).toBe('admitted');
});

test('strangers of many addresses leave room for servers and for who has been in lately', () => {
  const strangers = strangersWith(RATIONS, ['10.0.0.7']);
  strangers.arrive(-1, '10.0.0.8', 0);
  strangers.prove(-1);
  strangers.forget(-1, 0);
  strangers.noteKnown('10.0.0.9');

  let heard = 0;
  for (let host = 0; host < 100; host += 1) {
    heard += failures(strangers, { address: `10.1.0.${String(host)}`, times: 1 });
  }

  expect(heard).toBe(40);
  expect(failures(strangers, { address: '10.2.0.1', times: 1 })).toBe(0);
  for (const known of ['10.0.0.7', '10.0.0.8', '10.0.0.9']) {
    expect(failures(strangers, { address: known, times: 1 })).toBe(1);
  }
});

test('those of one /64 of IPv6 share a ration, and no others', () => {
  const strangers = strangersWith();

  let heard = 0;
  for (let host = 1; host <= 100; host += 1) {
    heard += failures(strangers, { address: `2001:db8:0:1::${host.toString(16)}`, times: 1 });
  }

  expect(heard).toBe(10);
  expect(failures(strangers, { address: '2001:db8:0:2::1', times: 1 })).toBe(1);
});

test.each([
  ['2001:db8:0:1::5', '2001:db8:0:1::/64'],
  ['[2001:db8::5]', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
  ['10.0.0.1', '10.0.0.1'],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('a client with many addresses fills no more memory than there is room for', () => {
  const plenty = { ofStrange: 1, ofAllStrange: 1e9, ofKnown: 1, ofAllKnown: 1e9 };
  const strangers = strangersWith(plenty);
  for (let host = 0; host < ADDRESSES_MAX + 1; host += 1) {
    failures(strangers, {
      address: `10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`,
      times: 2,
    });
  }

  // The first of them is forgotten, the last is not.
  expect(failures(strangers, { address: '10.0.0.0', times: 1 })).toBe(1);
  expect(failures(strangers, { address: '10.0.64.0', times: 1 })).toBe(0);
});
