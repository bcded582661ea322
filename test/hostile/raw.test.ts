// The tests' reading of a server that answers in another language.

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';

import { atEnd, ownIp } from '../io/world.ts';
import { clientHello, Raw } from './raw.ts';

test('an alert of TLS is no frame, and is said to be none', async () => {
  const host = ownIp();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(Buffer.from('15030300020228', 'hex'));
  }).listen(0, host);
  atEnd(() => server.close());
  await once(server, 'listening');

  const raw = new Raw(host, (server.address() as AddressInfo).port).send(clientHello);

  expect(await raw.outcome()).toContain('no frame: 15030300020228');
  raw.leave();
});
