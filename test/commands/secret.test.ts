// `rarangi secret`, and what a file with a secret has to be like.

import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { readPrivateFile } from '../../src/io/private-file.ts';
import { madeSecret, secretFileOf } from '../support/locks.ts';
import { type Stage, test } from '../support/processes.ts';

test('a secret is 32 random bytes, another one each time', async ({ stage }) => {
  const [one, other] = await Promise.all([stage.run(['secret']), stage.run(['secret'])]);

  expect(one).toMatchObject({ code: 0, stderr: '' });
  expect(one.stdout).toMatch(/^[0-9a-f]{64}\n$/);
  expect(other.stdout).not.toBe(one.stdout);
});

test('a secret is written for its owner alone, and never over another', async ({ stage }) => {
  const path = join(stage.folder, 'secret');

  const written = await stage.run(['secret', '--write', path]);
  const first = readFileSync(path, 'utf8');
  const again = await stage.run(['secret', '--write', path]);

  expect(written).toMatchObject({ code: 0, stdout: '', stderr: '' });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(again.code).toBe(2);
  expect(again.stderr).toContain(`${path} is there already`);
  expect(readFileSync(path, 'utf8')).toBe(first);
});

test('a secret that is redirected into a file that others may read is remarked upon', async ({
  stage,
}) => {
  const run = join(import.meta.dirname, '../../bin/run.js');
  const by = (mask: string) =>
    stage.spawn([
      'sh',
      '-c',
      `umask ${mask}; "$0" "$1" secret > made-${mask}`,
      process.execPath,
      run,
    ]);

  const [careless, careful] = await Promise.all([by('022').ended, by('077').ended]);

  expect(careless.code).toBe(0);
  expect(careless.stderr).toContain('chmod 600');
  expect(careful).toMatchObject({ code: 0, stderr: '' });
});

const unfit: Readonly<Record<string, (stage: Stage) => string>> = {
  'its group may read': (stage) => unfitFile(stage, { mode: 0o640 }),
  'others may write': (stage) => unfitFile(stage, { mode: 0o602 }),
  'is not there': (stage) => join(stage.folder, 'nowhere'),
  'is a folder': (stage) => stage.folder,
  'is a pipe': (stage) => pipe(stage),
  'is empty': (stage) => unfitFile(stage, { text: '# nothing yet\n' }),
  'holds a passphrase': (stage) => unfitFile(stage, { text: 'correct horse battery staple\n' }),
  'holds a secret that is too short': (stage) => unfitFile(stage, { text: 'abcdef01\n' }),
  'holds three secrets': (stage) =>
    unfitFile(stage, { text: `${[1, 2, 3].map(madeSecret).join('\n')}\n` }),
};

for (const [what, make] of Object.entries(unfit)) {
  test(`a secret file that ${what} is refused by servers and clients`, async ({ stage }) => {
    const words = [`--secret-file=${make(stage)}`];

    const [server, client] = await Promise.all([
      stage.run(['serve', `--bind=${stage.address()}`, ...words]),
      stage.run(['lookup', 'db', '--server=127.0.0.1:1', ...words]),
    ]);

    expect([server.code, client.code]).toEqual([2, 2]);
    expect(client.stderr).toMatch(/^error: .*secret/);
    expect(client.stderr).not.toMatch(/[0-9a-f]{64}|horse|abcdef01/);
    expect(server.stderr).toBe(client.stderr);
  });
}

test.skipIf(process.getuid?.() !== 0)('a secret file of another user is refused', ({ stage }) => {
  const path = secretFileOf(stage, 'secret', madeSecret());
  chownSync(path, 1234, 1234);

  const readAs = (user: number): string => {
    // Root may read everything: what is judged is whose the file is.
    const { getuid } = process;
    process.getuid = () => user;
    try {
      return readPrivateFile(path, 'secret file');
    } finally {
      process.getuid = getuid!;
    }
  };

  expect(() => readAs(4321)).toThrow(
    `secret file ${path} belongs to user 1234, and this is user 4321`,
  );
  expect(readAs(1234)).toMatch(/^[0-9a-f]{64}\n$/);
  expect(readAs(0)).toBe(readAs(1234));
});

test('a secret file may be reached by a link, have comments, and two secrets', async ({
  stage,
}) => {
  const path = secretFileOf(stage, 'secret', '# old', madeSecret(), '', `  ${madeSecret()}`);
  const link = join(stage.folder, 'link');
  symlinkSync(path, link);

  const { code } = await stage.run([
    'lookup',
    'db',
    '--server=127.0.0.1:1',
    `--secret-file=${link}`,
  ]);

  expect(code).toBe(3);
});

function unfitFile(
  stage: Stage,
  { mode = 0o600, text = `${madeSecret()}\n` }: { mode?: number; text?: string },
): string {
  const path = join(stage.folder, 'unfit');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function pipe(stage: Stage): string {
  const path = join(stage.folder, 'pipe');
  spawnSync('mkfifo', ['-m', '600', path]);
  return path;
}
