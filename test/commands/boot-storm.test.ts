// The clients of one program cost a server one session, and all are back after a restart.

import { expect } from 'vitest';

import { peers } from '../../src/index.ts';
import { eventually } from '../support/conditions.ts';
import { serveWords } from '../support/hosts.ts';
import { test } from '../support/processes.ts';
import { storm } from './boot-storm.ts';

test('two hundred clients in four programs are four sessions, and all are back after a restart', async ({
  stage,
}) => {
  const address = stage.address();
  const serve = serveWords({ name: 'h1', address, isMaster: false, peers: [] });
  const clients = { programsCount: 4, clientsCount: 50, servers: [address] };

  await storm(stage, { ...clients, serve }, async () => {
    const metrics = await (await fetch(`http://${address}:17342/metrics`)).text();
    expect(metrics).toContain('rarangi_sessions{transport="tcp"} 4\n');
  });

  await eventually(
    () => 'both servers hold two hundred services',
    async () => {
      const { servers } = await peers({ servers: [address] });
      const counts = servers.map(({ registrations }) => registrations);
      return counts.join() === '200,200' ? true : undefined;
    },
  );
});
