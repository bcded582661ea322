// Failed output is an error with an exit code of its own, and nothing half done is left.

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { startLone } from '../support/catalogue.ts';
import { needs } from '../support/needs.ts';
import { RUN, test } from '../support/processes.ts';

const SAID =
  /^error: cannot write to (stdout|\S+): no space left on device\nhint: the output is not complete/;

/** Runs a command whose stdout is a device that is always full. */
const INTO_FULL = ['sh', '-c', '"$@" > /dev/full', 'sh', process.execPath, RUN];

test('data that a full disk does not take is said, and the exit code is 74', async ({ stage }) => {
  const { address, register } = await startLone(stage);
  await register(['--name', 'web', '--port', '80']);
  const asking = ['--server', address];

  for (const words of [
    ['--help'],
    ['--version'],
    ['lookup', '--help'],
    ['secret'],
    ['lookup', ...asking],
    ['peers', ...asking],
    ['peers', '--json', ...asking],
    ['status', '--watch', '--json', ...asking],
    ['status', '--json', '--server', '127.0.0.1:9'],
  ]) {
    const { code, stderr } = await stage.spawn([...INTO_FULL, ...words]).ended;

    expect({ code, stderr }, words.join(' ')).toEqual({
      code: 74,
      stderr: expect.stringMatching(SAID) as string,
    });
  }
});

test('data that finds stdout closed is said, too', async ({ stage }) => {
  const closed = ['sh', '-c', '"$@" >&-', 'sh', RUN];

  for (const words of [['secret'], ['--version'], ['status', '--json', '--server=127.0.0.1:9']]) {
    expect(await stage.spawn([...closed, ...words]).ended, words.join(' ')).toMatchObject({
      code: 74,
      stderr: expect.stringContaining('cannot write to stdout: it is closed') as string,
    });
  }
});

test('a log that cannot be written ends no server', async ({ stage }) => {
  const address = stage.address();
  const words = ['serve', '--bind', address, '--socket', 'none'];
  const server = stage.spawn([
    'sh',
    '-c',
    'exec "$@" 2> /dev/full',
    'sh',
    process.execPath,
    RUN,
    ...words,
  ]);

  const asked = ['status', '--server', address, '--json'];
  for (let code: number | null = 3; code === 3;) ({ code } = await stage.run(asked));

  expect(await server.end('SIGTERM')).toMatchObject({ code: 0 });
});

test.skipIf(!needs('util-linux'))('a secret is whole or not there', async ({ stage }) => {
  const folder = join(stage.folder, 'full');
  mkdirSync(folder);
  const script = `mount -t tmpfs -o size=4k none full &&
      { dd if=/dev/zero of=full/rest bs=1k count=4 2> dd.log || true; } &&
      ! "$@" && ls full`;

  const { code, stdout, stderr } = await stage.spawn([
    ...['unshare', '-m', 'sh', '-c', script, 'sh', process.execPath, RUN],
    ...['secret', '--write', 'full/secret'],
  ]).ended;

  expect({ code, stdout }).toEqual({ code: 0, stdout: 'rest\n' });
  expect(stderr).toMatch(SAID);
  expect(existsSync(join(folder, 'secret'))).toBe(false);
});
