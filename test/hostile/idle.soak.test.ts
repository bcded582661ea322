// Ten thousand clients that do nothing: what they cost, and that one more is answered at once.

import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Running, test } from '../support/processes.ts';
import { clientHello } from './raw.ts';

const CLIENTS = 10_000;
const BYTES_EACH_MAX = 40 * 1024;

test('ten thousand idle sessions cost less than 40 KiB each, and others are answered', async ({
  stage,
}) => {
  const socket = join(stage.folder, 's');
  const words = ['serve', `--bind=${stage.address()}`, `--socket=${socket}`, '--log-format=json'];
  const server = stage.start([
    ...words,
    '--max-connections=11000',
    '--max-connections-per-address=11000',
  ]);
  await server.said({ event: 'server-started' });
  const before = residentBytes(server);

  const sockets: Socket[] = [];
  for (let count = 0; count < CLIENTS; count += 1) sockets.push(await idle(socket));
  const grown = residentBytes(server) - before;
  const startMs = performance.now();
  const { code } = await stage.run(['status', `--server=${socket}`]);
  const tookMs = performance.now() - startMs;
  for (const one of sockets) one.destroy();

  process.stdout.write(
    `${String(CLIENTS)} idle sessions: ${(grown / CLIENTS / 1024).toFixed(1)} KiB each, ` +
      `status in ${tookMs.toFixed(0)} ms\n`,
  );
  expect(code).toBe(0);
  expect(grown / CLIENTS).toBeLessThan(BYTES_EACH_MAX);
  expect(server.allSaid({ event: 'limit-reached' })).toEqual([]);
});

/** A session that has shaken hands, and been greeted. */
function idle(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.on('error', reject);
    socket.once('data', () => {
      socket.write(clientHello);
      resolve(socket);
    });
  });
}

function residentBytes({ pid }: Running): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kilobytes) * 1024;
}
