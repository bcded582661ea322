import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { environmentsHere, lookup } from '../../../src/index.ts';
import { atEnd, ownFolder, startServer } from '../world.ts';

/** The folder of sockets of a user who has just logged in. */
function ownSockets(): string {
  const runtime = ownFolder();
  const before = process.env['XDG_RUNTIME_DIR'];
  process.env['XDG_RUNTIME_DIR'] = runtime;
  atEnd(() => {
    if (before === undefined) delete process.env['XDG_RUNTIME_DIR'];
    else process.env['XDG_RUNTIME_DIR'] = before;
  });
  const folder = join(runtime, 'rarangi');
  mkdirSync(folder);
  return folder;
}

test('an environment is here when a server of it greets, on whatever socket', async () => {
  const folder = ownSockets();
  await startServer({ environment: 'mine-2', socket: join(folder, 'mine-2-a.sock') });
  await startServer({ environment: 'mine-1', socket: join(folder, 'named-otherwise-b.sock') });

  const found = await environmentsHere();

  expect(found).toEqual(expect.arrayContaining(['mine-1', 'mine-2']));
  expect(found).toEqual([...found].sort());
});

test('a socket without a server behind it is no environment', async () => {
  const folder = ownSockets();
  const silent = createServer().listen(join(folder, 'silent-a.sock'));
  const stranger = createServer((socket) => socket.end('220 hello\r\n'));
  stranger.listen(join(folder, 'stranger-a.sock'));
  await Promise.all([once(silent, 'listening'), once(stranger, 'listening')]);
  atEnd(() => [silent.close(), stranger.close()]);
  writeFileSync(join(folder, 'file-a.sock'), '');

  const found = await environmentsHere();

  expect(found).toEqual(expect.not.arrayContaining(['silent', 'stranger', 'file']));
});

test('a client that finds no server is told which environments run on this host', async () => {
  const folder = ownSockets();
  await startServer({ environment: 'mine-3', socket: join(folder, 'mine-3-a.sock') });

  const outcome = lookup('db', { environment: 'mine-4' });

  await expect(outcome).rejects.toMatchObject({
    code: 'RARANGI_UNREACHABLE',
    hint: expect.stringMatching(
      /\(servers of other environments run on this host: .*mine-3.*\)$/,
    ) as unknown,
  });
});
