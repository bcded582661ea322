// Words that are given to bin/run.js, which has a short way for commands that are started often, and
// to oclif: the output and the exit code are the same.

import { join } from 'node:path';

import { expect } from 'vitest';

import { startLone } from '../support/catalogue.ts';
import { type Ended, test } from '../support/processes.ts';

const OCLIF = join(import.meta.dirname, '../support/oclif.js');

/** Command lines, with SERVER for a server that is there and NOBODY for one that is not. */
export const WORDS = [
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

/** Gives command lines to both. */
export function testWords(lines: readonly string[]): void {
  test('the same words have the same output and exit code, by the short way and by oclif', async ({
    stage,
  }) => {
    const lone = await startLone(stage);
    await lone.register(['--name=db', '--port=5432', '--tag=a=b']);
    const asked = lines.map((line) =>
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

    expect(answers.map(({ short }, index) => ({ of: lines[index], ...timeless(short) }))).toEqual(
      answers.map(({ full }, index) => ({ of: lines[index], ...timeless(full) })),
    );
  });
}

/** Without what is another one at each run. */
function timeless({ code, signal, stdout, stderr }: Ended) {
  const without = (text: string) =>
    text.replace(/\d{4}-\S+Z/g, 'TIME').replace(/"roundTrip\w*":[\d.]+/g, '"roundTrip":0');
  return { code, signal, stdout: without(stdout), stderr: without(stderr) };
}
