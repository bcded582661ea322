// bin/run.js keeps what Node.js has compiled of the commands that are started often. Here: where it
// does, and that nothing but the start depends on it.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { expect } from 'vitest';

import { startLone } from '../support/catalogue.ts';
import { type Stage, test } from '../support/processes.ts';

const DIGEST_BYTES = 64;

test('a start keeps what was compiled, and the next ones leave it as it is', async ({ stage }) => {
  const home = homeIn(stage);
  const lookup = await lookupOf(stage);

  const first = await lookup({ HOME: home });
  const [kept] = keptIn(home);
  const second = await lookup({ HOME: home });

  expect([first, second]).toEqual(['192.0.2.7:1\n', '192.0.2.7:1\n']);
  expect(keptIn(home)).toEqual([kept]);
  expect(kept?.mode).toBe(0o600);
});

test('what was kept by another Node.js, in part or damaged is not run, but replaced', async ({
  stage,
}) => {
  const home = homeIn(stage);
  const lookup = await lookupOf(stage);
  await lookup({ HOME: home });
  const [{ path } = { path: '' }] = keptIn(home);
  const good = readFileSync(path);
  const code = good.subarray(0, good.length / 2);
  const otherV8 = Buffer.from(code);
  otherV8.writeUInt32LE(code.readUInt32LE(4) + 1, 4);
  const half = code.subarray(0, code.length / 2);
  const damaged = Buffer.from(good);
  damaged[1_000] = (good[1_000] ?? 0) ^ 255;
  const odd = {
    'by another Node.js': Buffer.concat([otherV8, otherV8]),
    'in part': good.subarray(0, -1_000),
    'half of it, twice': Buffer.concat([half, half]),
    damaged,
    'hardly anything': Buffer.from('xx'),
    nothing: Buffer.alloc(0),
  };

  const answers: Record<string, unknown> = {};
  for (const [what, bytes] of Object.entries(odd)) {
    writeFileSync(path, bytes);
    const stdout = await lookup({ HOME: home });
    const isReplaced = !readFileSync(path).equals(bytes);
    answers[what] = { stdout, isReplaced };
  }

  const right = { stdout: '192.0.2.7:1\n', isReplaced: true };
  expect(answers).toEqual(Object.fromEntries(Object.keys(odd).map((what) => [what, right])));
});

test('what was kept of an older file of a command goes when that of the new one comes', async ({
  stage,
}) => {
  const home = homeIn(stage);
  const lookup = await lookupOf(stage);
  await lookup({ HOME: home });
  const [{ path } = { path: '' }] = keptIn(home);
  const older = path.replace(/[^-]+$/, '0'.repeat(DIGEST_BYTES));
  const ofAnother = join(dirname(path), `status-${basename(older)}`);
  renameSync(path, older);
  writeFileSync(ofAnother, '');

  const stdout = await lookup({ HOME: home });

  expect(stdout).toBe('192.0.2.7:1\n');
  expect(keptIn(home).map((kept) => kept.path)).toEqual([path, ofAnother].sort());
});

test('nothing is kept where others may write, where it is unwanted, or without a home', async ({
  stage,
}) => {
  const [open, unwanted, file] = ['open', 'unwanted', 'file'].map((name) => homeIn(stage, name));
  chmodSync(open!, 0o777);
  writeFileSync(join(file!, '.cache'), '');
  const lookup = await lookupOf(stage);

  const answers = [
    await lookup({ HOME: open }),
    await lookup({ HOME: unwanted, NODE_DISABLE_COMPILE_CACHE: '1' }),
    await lookup({ HOME: file }),
    await lookup({ HOME: undefined }),
    await lookup({ HOME: join(stage.folder, 'nowhere') }),
  ];

  expect(answers).toEqual(answers.map(() => '192.0.2.7:1\n'));
  expect([open, unwanted].map((home) => existsSync(join(home!, '.cache')))).toEqual([false, false]);
  expect(existsSync(join(stage.folder, 'nowhere'))).toBe(false);
});

function homeIn({ folder }: Stage, name = 'home'): string {
  const home = join(folder, name);
  mkdirSync(home, { mode: 0o700 });
  return home;
}

/** A lookup of a service at 192.0.2.7:1, by what it prints. */
async function lookupOf(stage: Stage): Promise<(env: NodeJS.ProcessEnv) => Promise<string>> {
  const lone = await startLone(stage);
  await lone.register(['--name=db', '--address=192.0.2.7', '--port=1']);
  return async (env) => {
    const words = ['lookup', 'db', `--server=${lone.address}`];
    const { stdout, stderr } = await stage.run(words, { env });
    return stdout + stderr;
  };
}

/** What is kept; a file that was written anew has another inode. */
function keptIn(home: string) {
  const folder = join(home, '.cache/rarangi');
  return readdirSync(folder).map((name) => {
    const path = join(folder, name);
    const { ino, mtimeMs, mode } = statSync(path);
    return { path, ino, mtimeMs, mode: mode & 0o777 };
  });
}
