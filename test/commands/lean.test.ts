// bin/run.js has a short way for commands that are started often, and oclif for the rest. Here whole
// processes of both are compared; which words the short way takes: test/cli/start/lean-oclif.test.ts.

import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect } from 'vitest';

import { startLone } from '../support/catalogue.ts';
import { type Ended, test } from '../support/processes.ts';

const run = promisify(execFile);

const LEAN = join(import.meta.dirname, '../../dist/lean');
const OCLIF = join(import.meta.dirname, '../support/oclif.js');

const WORDS = [
  'lookup db --server=SERVER',
  'lookup db --server=SERVER --json',
  'lookup db --server=SERVER --format=env',
  'lookup nothing --server=SERVER --json',
  'lookup d* --server=SERVER --format=uri',
  'lookup db --server=SERVER --wait=0s --tag=a=b',
  'lookup db --server=SERVER -- sh -c exit\t7',
  'lookup db --server=SERVER --watch --live',
  'lookup db --server=NOBODY',
  'lookup db --server=SERVER -e production',
  'lookup --all --live db --server=SERVER',
  'lookup db other',
  'lookup --help',
  'history --server=NOBODY',
  'history db --limit=0',
  'peers --server=SERVER --json',
  'peers --server=SERVER --forget=h9',
  'status --server=SERVER',
  'status --nope',
  'register --server=SERVER --name=x --port=70000',
  'register --server=SERVER --name=x --port=1 -- sh -c exit\t7',
  'serve --bind=0.0.0.0',
  'serve --bind=nowhere',
  'serve --bind=SERVER --peer=NOBODY --peer=?',
  'serve --max-connections=0',
];

test('the short way does without the loader for modules, which takes memory and time', async () => {
  const files = (await readdir(LEAN)).filter((file) => file.endsWith('.cjs'));
  const texts = await Promise.all(files.map((file) => readFile(join(LEAN, file), 'utf8')));

  const imported = texts.flatMap((text) => [...text.matchAll(/\bimport\(.*?\)/g)]);

  // What is drawn on a terminal.
  expect(files).toContain('http-door.cjs');
  expect(new Set(imported.map(String))).toEqual(new Set(['import("listr2")']));
});

test('a door leaves modules of Node.js for those who need them: most servers are asked nothing', async () => {
  const rare = String(/^NativeModule (fs.promises|http|https|os|timers.promises)$/);
  const script = (door: string): string =>
    `require(${JSON.stringify(join(LEAN, door))}); process.moduleLoadList.filter((one) => ${rare}.test(one))`;
  const doors = ['dns-door.cjs', 'http-door.cjs'];
  const loaded = await Promise.all(
    doors.map(async (door) => (await run(process.execPath, ['-p', script(door)])).stdout.trim()),
  );

  expect(loaded).toEqual(['[]', '[]']);
});

test('the same words have the same output and exit code, by the short way and by oclif', async ({
  stage,
}) => {
  const lone = await startLone(stage);
  await lone.register(['--name=db', '--port=5432', '--tag=a=b']);
  const asked = WORDS.map((line) =>
    line
      .replace('SERVER', lone.address)
      .replace('NOBODY', `${lone.address}:1`)
      .split(' ')
      .map((word) => word.replace('\t', ' ')),
  );

  const answers = await Promise.all(
    asked.map(async (words) => ({
      short: await stage.run(words),
      full: await stage.spawn([process.execPath, OCLIF, ...words]).ended,
    })),
  );

  expect(answers.map(({ short }, index) => ({ of: WORDS[index], ...timeless(short) }))).toEqual(
    answers.map(({ full }, index) => ({ of: WORDS[index], ...timeless(full) })),
  );
});

test('variables of the environment count by the short way too', async ({ stage }) => {
  const lone = await startLone(stage);
  await lone.register(['--name=db', '--port=5432']);
  const env = { RARANGI_SERVER: lone.address, RARANGI_LOOKUP_FORMAT: 'port', RARANGI_JSON: '' };

  const { stdout, code } = await stage.run(['lookup', 'db'], { env });

  expect({ stdout, code }).toEqual({ stdout: '5432\n', code: 0 });
});

/** Without what is another one at each run. */
function timeless({ code, signal, stdout, stderr }: Ended) {
  const without = (text: string) =>
    text.replace(/\d{4}-\S+Z/g, 'TIME').replace(/"roundTrip\w*":[\d.]+/g, '"roundTrip":0');
  return { code, signal, stdout: without(stdout), stderr: without(stderr) };
}
