// However an address of this host is written, it is known.

import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';

import { isOfThisHost } from '../../src/sidecar/own-host.ts';

test.for([
  ...['127.0.0.1', '127.8.9.10', '::1', '[::1]', '0:0::0:1', '::ffff:127.0.0.1', '0.0.0.0'],
  ...['localhost', 'LOCALHOST'],
])('%s is of this host', async (host) => {
  expect(await isOfThisHost(host)).toBe(true);
});

test('the addresses of its interfaces are of this host', async () => {
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const areOwn = await Promise.all(own.map(({ address }) => isOfThisHost(address)));

  expect(areOwn).not.toContain(false);
});

test.for(['192.0.2.7', '2001:db8::7', 'no-such-host.invalid'])(
  '"%s" is not of this host',
  async (host) => {
    expect(await isOfThisHost(host)).toBe(false);
  },
);
