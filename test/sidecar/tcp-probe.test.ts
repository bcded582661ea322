import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect, test } from 'vitest';

import { askTcp } from '../../src/sidecar/tcp-probe.ts';

async function listening(host: string): Promise<Server> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

test.each(['127.0.0.1', '::1', '127.0.0.45'])('a port that listens on %s accepts', async (host) => {
  const server = await listening(host);
  const port = portOf(server);
  const place = host === '127.0.0.45' ? { port, address: host } : { port };

  const reason = await askTcp(place, new AbortController().signal);

  server.close();
  expect(reason).toBe(null);
});

test('a port that nobody listens on does not', async () => {
  const free = await listening('127.0.0.1');
  const port = portOf(free);
  free.close();
  await once(free, 'close');

  const reason = await askTcp({ port }, new AbortController().signal);

  expect(reason).toBe(`nothing accepts connections on port ${port}`);
});
