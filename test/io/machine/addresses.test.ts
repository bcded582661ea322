import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  endpointOf,
  expandAddress,
  formatAddress,
  isLoopback,
  isWildcard,
  parseHostPort,
  wellKnownPorts,
} from '../../../src/io/machine/addresses.ts';

const hosts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
const ports = fc.integer({ min: 0, max: 65_535 });

test('a formatted address is read back as it was', () => {
  fc.assert(
    fc.property(hosts, ports, (host, port) => {
      const address = formatAddress(host, port);

      expect(parseHostPort(address, 'peer')).toEqual({ host, port });
      expect(endpointOf(address)).toEqual({ host, port });
    }),
  );
});

test.each([
  ['db.example.org', 'db.example.org', null],
  ['h_1', 'h_1', null],
  ['127.0.0.1:7', '127.0.0.1', 7],
  ['[::1]', '::1', null],
  ['[fe80::1]:65535', 'fe80::1', 65_535],
])('%s is a host and perhaps a port', (text, host, port) => {
  expect(parseHostPort(text, 'bind')).toEqual({ host, port });
});

test.each([
  ['', 'bind "" does not begin with an address or a host name'],
  [':7', 'bind ":7" does not begin with an address or a host name'],
  ['-x', 'bind "-x" does not begin with an address or a host name'],
  ['a b', 'bind "a b" does not begin with an address or a host name'],
  ['h:', 'bind "h:" is not HOST[:PORT]'],
  ['h:x', 'bind "h:x" is not HOST[:PORT]'],
  ['h:65536', 'bind "h:65536" has a port beyond 65535'],
  ['::1', 'bind "::1" is not HOST[:PORT]: write [::1], and a port after it'],
  ['[h]:7', 'bind "[h]:7" has no IPv6 address in its brackets'],
])('of %j it is said what is wrong', (text, message) => {
  expect(() => parseHostPort(text, 'bind')).toThrow(new RangeError(message));
});

test('a host name that would not fit the wire is none', () => {
  const long = 'h'.repeat(250);

  expect(() => parseHostPort(long, 'peer')).toThrow('does not begin with an address');
});

test.each([
  ['10.0.0.1', 'production', ['10.0.0.1:17310', '10.0.0.1:17311']],
  ['[::1]', 'development', ['[::1]:17340', '[::1]:17341']],
  ['10.0.0.1:9', 'production', ['10.0.0.1:9']],
  ['[::1]:9', 'mine', ['[::1]:9']],
  ['/run/x.sock', 'mine', ['/run/x.sock']],
  ['./x.sock', 'mine', ['./x.sock']],
])('%s in %s stands for the addresses there', (text, environment, addresses) => {
  expect(expandAddress(text, { what: 'peer', environment })).toEqual(addresses);
});

test('without a port an environment of your own has no address', () => {
  expect(() => expandAddress('h', { what: 'server', environment: 'mine' })).toThrow(
    'server "h" needs a port: environment mine has no well-known one',
  );
});

test('only the four environments have ports of their own', () => {
  const pairs = ['production', 'staging', 'testing', 'development', 'mine'].map(wellKnownPorts);

  expect(pairs.map((pair) => pair && [pair.a, pair.b])).toEqual([
    [17310, 17311],
    [17320, 17321],
    [17330, 17331],
    [17340, 17341],
    null,
  ]);
});

test('a path is dialled as a socket', () => {
  expect(endpointOf('/run/rarangi/a.sock')).toEqual({ path: '/run/rarangi/a.sock' });
});

test.each([
  ['127.0.0.1', true, false],
  ['127.9.8.7', true, false],
  ['::1', true, false],
  ['::ffff:127.0.0.1', true, false],
  ['10.0.0.1', false, false],
  ['0.0.0.0', false, true],
  ['::', false, true],
  ['0:0::0', false, true],
])('of %s it is known whether it is loopback or a wildcard', (ip, isOfLoopback, isAny) => {
  expect([isLoopback(ip), isWildcard(ip)]).toEqual([isOfLoopback, isAny]);
});
