// Which users may come by a server's UNIX socket, by its flags, and rights that this process cannot
// give.

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { serving } from '../support/locks.ts';
import { test } from '../support/processes.ts';

/** A group that no user who runs tests is in. */
const FOREIGN_GROUP = 61_234;

const isRoot = process.getuid?.() === 0;

test('--socket-mode and --socket-group are those of the socket, which is served', async ({
  stage,
}) => {
  const path = join(stage.folder, 'a.sock');
  const group = isRoot ? FOREIGN_GROUP : process.getgid!();
  const rights = ['--socket-mode=0660', `--socket-group=${group}`];
  await serving(stage, [`--bind=${stage.address()}`, `--socket=${path}`, ...rights]);

  const { mode, gid } = statSync(path);
  const { code } = await stage.run(['status', `--server=${path}`]);

  expect((mode & 0o777).toString(8)).toBe('660');
  expect(gid).toBe(group);
  expect(code).toBe(0);
});

test('a server that may not give its socket to a group says so in one line, and has none', async ({
  stage,
}) => {
  const address = stage.address();
  const path = join(stage.folder, 'a.sock');
  const words = ['serve', `--bind=${address}`, `--socket=${path}`, '--log-format=json'];

  const server = stage.spawn([
    ...(isRoot ? ['setpriv', '--bounding-set=-chown'] : []),
    ...[process.execPath, join(import.meta.dirname, '../../bin/run.js'), ...words],
    `--socket-group=${FOREIGN_GROUP}`,
  ]);
  const { message } = await server.said({ event: 'no-socket' });
  const { code } = await stage.run(['status', `--server=${address}:17340`]);
  const { stderr } = await server.end();

  expect(message).toMatch(/a\.sock.*group 61234/);
  expect([code, existsSync(path)]).toEqual([0, false]);
  expect(stderr.match(/no-socket/g)).toHaveLength(1);
});

test.for([
  ['--socket-group=no-such-group', /no group "no-such-group"/],
  ['--socket-mode=0888', /mode "0888" is not an octal mode such as 0660/],
] as const)('%s is refused before anything is bound', async ([word, message], { stage }) => {
  const { code, stderr } = await stage.run(['serve', `--bind=${stage.address()}`, word]);

  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});
