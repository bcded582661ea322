// Ports for services of tests that must know their port beforehand. They are chosen below the range
// that the kernel gives out by itself: a port of that range may become the near end of any
// connection, or the port of any server, between being found free and being used.

import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port without a listener, at any address. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS_COUNT);
    const server = createServer();
    const isFree = once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.listen(port, '0.0.0.0');
    if (!(await isFree)) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** Above the well-known ports of rarangi, below the range that Linux gives out. */
const FIRST_PORT = 18_000;
const PORTS_COUNT = 14_000;
