import { once } from 'node:events';
import fs, {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { connect, createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, test, vi } from 'vitest';

import { socketFolders, socketName } from '../../../src/io/machine/addresses.ts';
import {
  isLiveSocket,
  SocketError,
  takeSocket,
  takeSocketFor,
} from '../../../src/io/machine/sockets.ts';
import type { TakenSocket } from '../../../src/io/machine/sockets.ts';
import { startRacer } from '../racer.ts';
import { OPEN_TO_ALL, socketRightsOf } from '../../../src/io/machine/socket-rights.ts';
import { atEnd, ownFolder } from '../world.ts';

function ownPath(): string {
  return join(ownFolder(), 'testing-a.sock');
}

async function taken(path: string): Promise<TakenSocket> {
  const socket = await takeSocket(path);
  atEnd(() => {
    socket.close();
  });
  return socket;
}

/** Leaves the file of a server that is dead. */
async function leaveDead(path: string): Promise<void> {
  const beside = `${path}-`;
  const server = createServer().listen(beside);
  await once(server, 'listening');
  linkSync(beside, path);
  server.close();
  await once(server, 'close');
}

test('a free path is taken, and someone lives there', async () => {
  const path = ownPath();

  await taken(path);

  expect(await isLiveSocket(path)).toBe(true);
  expect(readdirSync(dirname(path))).toEqual(['testing-a.sock']);
});

test('everyone may connect', async () => {
  const path = ownPath();

  await taken(path);

  expect(statSync(path).mode & 0o777).toBe(0o666);
});

test('the rights of a socket are set before any client can connect', async () => {
  const path = ownPath();
  const group = process.getgid?.() ?? 0;

  const socket = await takeSocket(
    path,
    socketRightsOf({ socketMode: 0o640, socketGroup: `${group}` }),
  );
  atEnd(() => {
    socket.close();
  });

  expect(statSync(path).mode & 0o777).toBe(0o640);
  expect(statSync(path).gid).toBe(group);
});

test('a group goes by its name, and one that is not there is an error', () => {
  expect(socketRightsOf({ socketGroup: 'root' })).toEqual({ mode: 0o666, group: 0 });
  expect(() => socketRightsOf({ socketGroup: 'no-such-group' })).toThrow(/no-such-group/);
  expect(() => socketRightsOf({ socketMode: 0o1666 })).toThrow(/0777/);
});

test('a client that connects is handed over', async () => {
  const path = ownPath();
  const socket = await taken(path);
  const client = connect({ path });
  atEnd(() => client.destroy());

  const transport = await new Promise((resolve) => {
    socket.accept((connection) => {
      resolve(connection.transport);
      return { received: () => null, drained: () => null, closed: () => null };
    });
  });

  expect(transport).toBe('unix');
});

test("a dead server's file is taken over", async () => {
  const path = ownPath();
  await leaveDead(path);
  const wasLive = await isLiveSocket(path);

  await taken(path);

  expect([wasLive, await isLiveSocket(path)]).toEqual([false, true]);
  expect(readdirSync(dirname(path))).toEqual(['testing-a.sock']);
});

test("a live server's file is never taken over", async () => {
  const path = ownPath();
  await taken(path);
  const { ino } = statSync(path);

  const error: unknown = await takeSocket(path).catch((caught: unknown) => caught);

  expect(error).toEqual(new SocketError(`${path} belongs to a server that runs`, { isLive: true }));
  expect(statSync(path).ino).toBe(ino);
  expect(readdirSync(dirname(path))).toEqual(['testing-a.sock']);
});

test('a server that closes takes its file with it', async () => {
  const path = ownPath();
  const socket = await takeSocket(path);

  socket.close();

  expect(existsSync(path)).toBe(false);
});

test('a server that closes leaves the file of another one alone', async () => {
  const [path, elsewhere] = [ownPath(), ownPath()];
  const socket = await takeSocket(path);
  await taken(elsewhere);
  unlinkSync(path);
  linkSync(elsewhere, path);

  socket.close();

  expect(await isLiveSocket(path)).toBe(true);
});

test('a socket is taken although nobody can read its folder to tidy up', async () => {
  const path = ownPath();
  vi.spyOn(fs, 'readdirSync').mockImplementation(() => {
    throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
  });
  syncBuiltinESMExports();
  atEnd(() => {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
  });

  await taken(path);

  expect(await isLiveSocket(path)).toBe(true);
});

test('what a server left beside its socket when it was killed goes at the next start', async () => {
  const path = ownPath();
  const beside = (name: string): string => join(dirname(path), name);
  for (const name of ['.0123abcd', 'dead0002']) await leaveDead(beside(name));
  await taken(beside('.abcd0123'));
  writeFileSync(beside('.0000ffff'), 'precious');

  await taken(path);

  const left = ['.0000ffff', '.abcd0123', 'dead0002', 'testing-a.sock'];
  expect(readdirSync(dirname(path)).sort()).toEqual(left);
});

test('a server whose socket another start takes for one that was left binds it anew', async () => {
  const path = ownPath();
  const paths: string[] = [];
  const listen = async (beside: string): Promise<Server> => {
    const server = createServer().listen(beside);
    await once(server, 'listening');
    if (paths.length === 0) unlinkSync(beside);
    paths.push(beside);
    return server;
  };

  const { isInPlace, close } = await takeSocketFor(path, { rights: OPEN_TO_ALL, listen });
  atEnd(close);

  expect(isInPlace()).toBe(true);
  expect(new Set(paths).size).toBe(2);
});

test('a path that the kernel would cut off is refused', async () => {
  const path = join(ownFolder(), 'x'.repeat(108));

  await expect(takeSocket(path)).rejects.toThrow(`${path} is longer than 107 bytes`);
});

test('a folder that is not there is said to be missing', async () => {
  const path = '/no/such/folder/testing-a.sock';

  const error: unknown = await takeSocket(path).catch((caught: unknown) => caught);

  expect(error).toBeInstanceOf(SocketError);
  expect(error).toMatchObject({ isLive: false });
  expect((error as Error).message).toContain(path);
});

test('of many newcomers to a dead file, in one process, exactly one gets it', async () => {
  const path = ownPath();
  await leaveDead(path);

  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => taken(path)));

  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await isLiveSocket(path)).toBe(true);
  expect(readdirSync(dirname(path))).toEqual(['testing-a.sock']);
});

test('of several processes that want a dead file exactly one gets it, every time', async () => {
  const folder = ownFolder();
  const racers = Array.from({ length: 3 }, startRacer);
  const winners: number[] = [];

  for (let round = 0; round < 60; round += 1) {
    const path = join(folder, `${round}.sock`);
    await leaveDead(path);
    const outcomes = await Promise.all(racers.map((racer) => racer.take(path)));
    winners.push(outcomes.filter((outcome) => outcome === 'won').length);
    expect(await isLiveSocket(path)).toBe(true);
  }

  expect(winners).toEqual(winners.map(() => 1));
});

test("sockets are in the system's folder, and in the user's if there is one", () => {
  const before = process.env['XDG_RUNTIME_DIR'];
  atEnd(() => {
    if (before === undefined) delete process.env['XDG_RUNTIME_DIR'];
    else process.env['XDG_RUNTIME_DIR'] = before;
  });
  const foldersWith = (value: string) => {
    process.env['XDG_RUNTIME_DIR'] = value;
    return socketFolders();
  };

  expect(foldersWith('/run/user/1000')).toEqual(['/run/rarangi', '/run/user/1000/rarangi']);
  expect(foldersWith('')).toEqual(['/run/rarangi']);
  expect(foldersWith('relative')).toEqual(['/run/rarangi']);
  expect(socketName('testing', 'b')).toBe('testing-b.sock');
});

test('a folder that is not there is named', async () => {
  const folder = join(ownFolder(), 'none');

  await expect(takeSocket(join(folder, 'a.sock'))).rejects.toThrow(`there is no folder ${folder}`);
});

test.each([
  [
    'a regular file',
    (path: string) => {
      writeFileSync(path, 'precious');
    },
  ],
  [
    'a link to a socket',
    (path: string) => {
      symlinkSync('/no/such.sock', path);
    },
  ],
  ['a folder', (path: string) => mkdirSync(path)],
])('%s where the socket should be stays as it is', async (_, make) => {
  const path = ownPath();
  make(path);
  const before = lstatSync(path);

  await expect(takeSocket(path)).rejects.toThrow(
    `${path} is no socket; this server leaves it alone`,
  );

  expect(lstatSync(path)).toMatchObject({ ino: before.ino, size: before.size });
  expect(readdirSync(dirname(path))).toEqual(['testing-a.sock']);
});
