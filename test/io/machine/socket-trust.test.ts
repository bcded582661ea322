// A client trusts a socket that no option names only where no other user could have put it.

import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { lookup } from '../../../src/index.ts';
import { disbeliefOf } from '../../../src/io/machine/socket-trust.ts';
import { atEnd, ownFolder, startServer } from '../world.ts';

const isRoot = process.getuid?.() === 0;
const [SOMEBODY, ANOTHER] = [1234, 4321] as const;
const environment = 'unbelieved';

test('one’s own socket in one’s own folder is believed, and one that is not there too', async () => {
  const path = await ownSocket();

  expect(disbeliefOf(path)).toBeNull();
  expect(disbeliefOf(`${path}-none`)).toBeNull();
});

test.skipIf(!isRoot)('the owner of the file or its folder is root or oneself', async () => {
  const path = await ownSocket();
  const folder = join(path, '..');
  const judge = (fileOwner: number, folderOwner: number): string | null => {
    chownSync(path, fileOwner, -1);
    chownSync(folder, folderOwner, -1);
    return disbeliefOf(path);
  };

  as(SOMEBODY);

  expect(judge(SOMEBODY, SOMEBODY)).toBeNull();
  expect(judge(0, SOMEBODY)).toBeNull();
  expect(judge(0, 0)).toBeNull();
  expect(judge(ANOTHER, SOMEBODY)).toBe(
    `not trusted: ${path} belongs to user 4321, and this program runs as user 1234`,
  );
  expect(judge(SOMEBODY, ANOTHER)).toBe(
    `not trusted: ${folder} belongs to user 4321, and this program runs as user 1234`,
  );
});

test.skipIf(!isRoot)('a socket of another user is asked only when it is named', async () => {
  const path = await ownSocket();
  chownSync(path, SOMEBODY, -1);

  const found = lookup('web', { environment, timeoutMs: 2_000 });
  const named = lookup('web', { environment, timeoutMs: 2_000, servers: [path] });

  await expect(found).rejects.toMatchObject({
    code: 'RARANGI_UNREACHABLE',
    message: expect.stringContaining(`not trusted: ${path} belongs to user 1234`) as string,
  });
  expect((await named).instances).toEqual([]);
});

/** A server's socket in the folder of a user who has just logged in. */
async function ownSocket(): Promise<string> {
  const runtime = ownFolder();
  const before = process.env['XDG_RUNTIME_DIR'];
  process.env['XDG_RUNTIME_DIR'] = runtime;
  atEnd(() => {
    if (before === undefined) delete process.env['XDG_RUNTIME_DIR'];
    else process.env['XDG_RUNTIME_DIR'] = before;
  });
  const path = join(runtime, 'rarangi', `${environment}-a.sock`);
  mkdirSync(join(runtime, 'rarangi'));
  await startServer({ environment, socket: path });
  return path;
}

function as(user: number): void {
  const { geteuid } = process;
  process.geteuid = () => user;
  atEnd(() => {
    process.geteuid = geteuid!;
  });
}
