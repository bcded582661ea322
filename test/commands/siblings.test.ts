// Two servers of an environment of one's own find each other by their sockets, and link by TCP.

import { expect } from 'vitest';

import { needs } from '../support/needs.ts';
import { test } from '../support/processes.ts';

test.skipIf(!needs('util-linux') || !needs('iproute2'))(
  'siblings of an environment without well-known ports link by TCP, and take no link by a socket',
  async ({ stage }) => {
    const within = await stage.openNamespace();
    const serve = (port: number, ...more: string[]) =>
      stage.start(
        [
          'serve',
          '--environment=mine',
          `--bind=127.0.0.1:${String(port)}`,
          '--log-format=json',
          ...more,
        ],
        { within },
      );
    const first = serve(4000);
    await first.said({ event: 'server-started' });

    const second = serve(4001);
    const up = await second.said({ event: 'link-up' });
    await first.said({ event: 'link-up' });

    // Whichever of them dialled: it is no path of a socket.
    expect(up['address']).toMatch(/^127\.0\.0\.1:\d+$/);
  },
);
