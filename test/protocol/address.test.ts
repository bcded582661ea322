// Texts that are addresses and texts that are none, and the errors for the latter. Programs
// disagree on the second list: one takes 010 for 8, another for 10, a third for a host.

import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { addressFaultOf, isAddress, isServerAddress } from '../../src/protocol/address.ts';
import { address } from '../properties/messages.ts';

test.each([
  '10.0.0.7',
  '127.0.0.1',
  '240.0.0.1',
  '0.0.0.1',
  '::1',
  'fe80::1',
  'FD00::A:0',
  '::ffff:10.0.0.7',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7::',
  'db',
  'db.example.org',
  '_srv.h-1.example',
  '1password.com',
  '10.0.0.7a',
  '0xg',
  `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`,
])('%s is an address', (text) => {
  expect(isAddress(text)).toBe(true);
  expect(addressFaultOf(text)).toBeNull();
});

test.each([
  ['0.0.0.0', 'stands for every address of a machine'],
  ['::', 'stands for every address of a machine'],
  ['0:0:0:0:0:0:0:0', 'stands for every address of a machine'],
  ['::ffff:0.0.0.0', 'stands for every address of a machine'],
  ['255.255.255.255', 'the broadcast address'],
  ['224.0.0.1', 'a multicast address'],
  ['239.255.255.255', 'a multicast address'],
  ['ff02::1', 'a multicast address'],
  ['::ffff:224.0.0.1', 'a multicast address'],
  ['fe80::1%eth0', 'its zone'],
  ['127.0.0.010', 'is not an address'],
  ['10.0.0.300', 'is not an address'],
  ['127.1', 'is not an address'],
  ['2130706433', 'is not an address'],
  ['0x7f000001', 'is not an address'],
  ['db.0x1', 'is not an address'],
  ['1.2.3.4.5', 'is not an address'],
  ['', 'is not an address'],
  ['-x', 'is not an address'],
  ['-oProxyCommand=id', 'is not an address'],
  ['x-', 'is not an address'],
  ['a.-b', 'is not an address'],
  ['a..b', 'is not an address'],
  ['a.', 'is not an address'],
  ['x;y', 'is not an address'],
  ['$(id)', 'is not an address'],
  ['a b', 'is not an address'],
  ['a"b', 'an address is not an address'],
  ['kākā', 'is not an address'],
  [`${'a'.repeat(64)}.org`, 'is not an address'],
  [`${'a.'.repeat(127)}a`, 'is not an address'],
  ['1::2::3', 'is not an address'],
  [':::', 'is not an address'],
  ['1:2:3:4:5:6:7', 'is not an address'],
  ['1:2:3:4:5:6:7:8::', 'is not an address'],
  ['::010.0.0.1', 'is not an address'],
  ['1.2.3.4::', 'is not an address'],
  ['[::1]', 'is not an address'],
  ['h:1', 'is not an address'],
])('%j is no address', (text, problem) => {
  expect(isAddress(text)).toBe(false);
  expect(addressFaultOf(text)?.problem).toContain(problem);
});

test('a reason says no more than what a terminal may show', () => {
  expect(addressFaultOf('a\u202eb')?.problem).toBe('an address is not an address');
  expect(addressFaultOf('10.0.0.010')).toEqual({
    problem: 'address "10.0.0.010" is not an address',
    hint: 'an IPv4 address has four decimal numbers up to 255, without leading zeros',
  });
});

test('an IP address of the system is one here, unless it is that of many', () => {
  const law = fc.property(fc.oneof(fc.ipV4(), fc.ipV4Extended(), fc.ipV6()), (ip) => {
    const isIp = isIPv4(ip) || isIPv6(ip);
    const { problem = '' } = addressFaultOf(ip) ?? {};

    const isOfMany = /every address|broadcast|multicast/.test(problem);

    expect(isAddress(ip)).toBe(isIp && !isOfMany);
    expect(isOfMany).toBe(isIp && OF_MANY.test(ip));
  });

  fc.assert(law, { numRuns: 2_000 });
});

test('with a port, and in brackets if it has colons, it is that of a server', () => {
  const law = fc.property(address, fc.integer({ min: 1, max: 65_535 }), (host, port) => {
    const isV6 = host.includes(':');

    expect(isServerAddress(`${isV6 ? `[${host}]` : host}:${String(port)}`)).toBe(true);
    expect(isServerAddress(`${isV6 ? host : `[${host}]`}:${String(port)}`)).toBe(false);
  });

  fc.assert(law);
});

test.each(['', ':1', 'h', 'h:', 'h:0', 'h:080', 'h:65536', 'h:x', '0.0.0.0:1', '[::]:1', '[]:1'])(
  '%j is no address of a server',
  (text) => {
    expect(isServerAddress(text)).toBe(false);
  },
);

const OF_MANY = /^(0\.0\.0\.0|255\.255\.255\.255|2(2[4-9]|3\d)\..*|[0:.]+|ff[0-9a-f]{2}:.*)$/i;
