// Nobody opens a debugger to a command that stays: Node.js would listen at SIGUSR1, for every user
// of the host, and a client that connects can make the process do anything.

import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';

import { eventually } from '../support/conditions.ts';
import { RUN, test } from '../support/processes.ts';

test('SIGUSR1 opens no debugger to any command that stays, and a server sums up in numbers', async ({
  stage,
}) => {
  const address = stage.address();
  const server = stage.start(['serve', `--bind=${address}`, '--log-format=json']);
  await server.said({ event: 'server-started' });
  const at = `--server=${address}`;
  const sidecar = stage.start(['register', '--name=web', '--port=80', '--log-format=json', at]);
  await sidecar.said({ event: 'registered' });
  const watch = stage.start(['lookup', 'web', '--watch', at]);
  await watch.printed({ change: 'synced' });
  const waiting = stage.start(['lookup', 'other', '--wait=60s', at]);
  await server.said({ event: 'view-complete' });

  for (const command of [server, sidecar, watch]) command.signal('SIGUSR1');
  const summary = await server.said({ event: 'summary' });
  for (let times = 0; times < 100; times += 1) server.signal('SIGUSR1');
  const found = await stage.run(['lookup', 'web', at]);
  const ends = await Promise.all([sidecar.end(), watch.end(), waiting.end(), server.end()]);

  expect(summary).toMatchObject({ servers: 1, links: 0, registrations: 1, own: 1 });
  expect(JSON.stringify(summary)).not.toContain('web');
  expect(server.allSaid({ event: 'summary' }).length).toBeLessThan(20);
  expect(found.code).toBe(0);
  for (const { stderr } of ends) expect(stderr).not.toContain('Debugger listening');
});

test('a debugger that the signal opened before the first line is closed', async ({ stage }) => {
  const early = join(stage.folder, 'early.cjs');
  writeFileSync(early, "require('node:inspector').open(0, '127.0.0.1');\n");
  const serve = ['serve', `--bind=${stage.address()}`, '--log-format=json'];
  const server = stage.spawn([process.execPath, '--require', early, RUN, ...serve]);
  const line = await server.line(/^Debugger listening on ws/);
  const port = Number(/:(\d+)\//.exec(line)?.[1]);

  await server.said({ event: 'server-started' });

  await eventually(
    () => `the debugger at port ${String(port)} is closed`,
    async () => ((await isOpen(port)) ? undefined : true),
  );
});

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
}
