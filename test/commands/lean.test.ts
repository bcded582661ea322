// bin/run.js has a short way for commands that are started often, and oclif for the rest. Here whole
// processes of both are compared; which words the short way takes: test/cli/start/lean-oclif.test.ts.

import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect } from 'vitest';

import { startLone } from '../support/catalogue.ts';
import { test } from '../support/processes.ts';
import { todaysThird } from '../support/tenth.ts';
import { testWords, WORDS } from './lean.ts';

const run = promisify(execFile);

const LEAN = join(import.meta.dirname, '../../dist/lean');

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

testWords(todaysThird('words of the short way', WORDS));

test('variables of the environment count by the short way too', async ({ stage }) => {
  const lone = await startLone(stage);
  await lone.register(['--name=db', '--port=5432']);
  const env = { RARANGI_SERVER: lone.address, RARANGI_LOOKUP_FORMAT: 'port', RARANGI_JSON: '' };

  const { stdout, code } = await stage.run(['lookup', 'db'], { env });

  expect({ stdout, code }).toEqual({ stdout: '5432\n', code: 0 });
});
