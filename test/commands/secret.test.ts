// `rarangi secret`, and that servers and clients refuse a file that is not fit to hold one; every way in
// which it may be unfit is in io/secret-file.test.ts.

import { createHmac } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { madeSecret } from '../support/locks.ts';
import { test } from '../support/processes.ts';

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
  expect(again.stderr).toContain(`${path} exists already`);
  expect(readFileSync(path, 'utf8')).toBe(first);
});

/** Kills itself in the place of a call to the system, once the new file is there. */
const KILLER = `const fs = require('node:fs');
const { openSync } = fs;
fs.openSync = (...given) => {
  if (given[1] === 'wx') {
    fs[process.env.TEST_CALL] = () => process.kill(process.pid, 'SIGKILL');
    require('node:module').syncBuiltinESMExports();
  }
  return openSync(...given);
};
require('node:module').syncBuiltinESMExports();`;

test('killed at any step, a secret is whole or not there, and the next one is written', async ({
  stage,
}) => {
  const preload = join(stage.folder, 'killer.cjs');
  writeFileSync(preload, KILLER);
  const killed = async (call: string) => {
    const path = join(stage.folder, `secret-${call}`);
    const env = { NODE_OPTIONS: `--require=${preload}`, TEST_CALL: call };
    const { signal } = await stage.run(['secret', '--write', path], { env });
    const left = existsSync(path) ? readFileSync(path, 'utf8').length : null;
    const again = await stage.run(['secret', '--write', path]);
    return { signal, left, code: again.code, length: readFileSync(path, 'utf8').length };
  };

  const early = await Promise.all(['writeSync', 'fsyncSync', 'linkSync'].map(killed));
  const late = await Promise.all(['closeSync', 'unlinkSync'].map(killed));

  const [signal, length] = ['SIGKILL', 65];
  expect(early).toEqual(early.map(() => ({ signal, left: null, code: 0, length })));
  expect(late).toEqual(late.map(() => ({ signal, left: length, code: 2, length })));
});

/** A file system without links, as vfat is. */
const LINKLESS = `const fs = require('node:fs');
fs.linkSync = () => {
  const { TEST_CODE: code } = process.env;
  throw Object.assign(new Error(code + ": cannot, link 'a' -> 'b'"), { code, syscall: 'link' });
};
require('node:module').syncBuiltinESMExports();`;

test.for(['EPERM', 'ENOTSUP', 'ENOSYS'])(
  'where links fail with %s, a secret is written and none is replaced',
  async (code, { stage }) => {
    const preload = join(stage.folder, 'linkless.cjs');
    writeFileSync(preload, LINKLESS);
    const folder = join(stage.folder, 'own');
    mkdirSync(folder);
    const path = join(folder, 'secret');
    const env = { NODE_OPTIONS: `--require=${preload}`, TEST_CODE: code };

    const written = await stage.run(['secret', '--write', path], { env });
    const first = readFileSync(path, 'utf8');
    const again = await stage.run(['secret', '--write', path], { env });

    expect(written).toMatchObject({ code: 0, stderr: '' });
    expect(first).toMatch(/^[0-9a-f]{64}\n$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain(`${path} exists already`);
    expect(readFileSync(path, 'utf8')).toBe(first);
    expect(readdirSync(folder)).toEqual(['secret']);
  },
);

test.for(['none/', 'x'.repeat(300)])(
  'a path that no file can have is a mistake: %s',
  async (name, { stage }) => {
    const { code, stderr } = await stage.run(['secret', '--write', `${stage.folder}/${name}`]);

    expect(code).toBe(2);
    expect(stderr).toContain('give another path');
  },
);

test('a token follows from each secret of a file, and tells nothing of it', async ({ stage }) => {
  const path = join(stage.folder, 'secret');
  const secrets = ['ab12', 'cd34'].map((digits) => digits.repeat(16));
  writeFileSync(path, secrets.map((secret) => `${secret}\n`).join(''), { mode: 0o600 });

  const { code, stdout } = await stage.run(['secret', '--token', path]);

  const tokens = secrets.map((secret) =>
    createHmac('sha256', Buffer.from(secret, 'hex'))
      .update('rarangi http read')
      .digest('base64url'),
  );
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${tokens.join('\n')}\n` });
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

test.for([
  ['that others may read', { mode: 0o644, text: `${madeSecret()}\n` }],
  ['with a passphrase', { mode: 0o600, text: 'correct horse battery staple\n' }],
  ['that is not there', null],
] as const)('a file %s is refused by servers and clients', async ([, file], { stage }) => {
  const path = join(stage.folder, 'unfit');
  if (file !== null) writeFileSync(path, file.text, { mode: file.mode });
  const words = [`--secret-file=${path}`];

  const [server, client] = await Promise.all([
    stage.run(['serve', `--bind=${stage.address()}`, ...words]),
    stage.run(['lookup', 'db', '--server=127.0.0.1:1', ...words]),
  ]);

  expect([server.code, client.code]).toEqual([2, 2]);
  expect(client.stderr).toMatch(/^error: .*secret/);
  expect(client.stderr).not.toMatch(/[0-9a-f]{64}|horse/);
  expect(server.stderr).toBe(client.stderr);
});
