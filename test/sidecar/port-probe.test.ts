import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

import { expect, test } from 'vitest';

import { portAccepts } from '../../src/sidecar/port-probe.ts';

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
  const address = host === '127.0.0.45' ? host : undefined;

  const isAccepted = await portAccepts({ port: portOf(server), address }, neverAborted());

  server.close();
  expect(isAccepted).toBe(true);
});

test('a port that listens later accepts later', async () => {
  const free = await listening('127.0.0.1');
  const port = portOf(free);
  free.close();
  await once(free, 'close');
  const accepted = portAccepts({ port }, neverAborted());

  const late = createServer().listen(port, '127.0.0.1');
  await once(late, 'connection');

  late.close();
  expect(await accepted).toBe(true);
});

test('a probe that is called off says no', async () => {
  const free = await listening('127.0.0.1');
  const port = portOf(free);
  free.close();
  await once(free, 'close');
  const controller = new AbortController();

  const accepted = portAccepts({ port }, controller.signal);
  controller.abort();

  expect(await accepted).toBe(false);
});

function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
