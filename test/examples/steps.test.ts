// The steps of README, as they stand: one section after the other in one shell, in a network of its
// own. Each section must leave the machine as the next one expects it.

import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { needs } from '../support/needs.ts';
import { RUN, test } from '../support/processes.ts';
import { ROOT } from './programs.ts';

const STEPS_MS_MAX = 60_000;
const NEEDS = ['util-linux', 'iproute2', 'procps', 'python3'] as const;

test.skipIf(!NEEDS.every(needs))(
  'the steps for one host, then for three, work in one shell and leave nothing behind',
  async ({ stage }) => {
    const steps = [...stepsOf('## One host'), ...stepsOf('### On one machine')];
    const within = await stage.openNamespace();
    const bin = join(stage.folder, 'bin');
    mkdirSync(bin);
    symlinkSync(RUN, join(bin, 'rarangi'));
    const before = stage.processesLeft();

    const shell = stage.spawn(['bash', '-c', steps.join('\n')], {
      within,
      env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` },
    });

    const { code, stdout } = await shell.ended;
    const lines = stdout.trimEnd().split('\n');
    expect(steps).toHaveLength(3);
    expect(code).toBe(0);
    expect(lines.filter((line) => /^127\.0\.0\.\d:8000$/.test(line))).toEqual([
      '127.0.0.1:8000',
      '127.0.0.3:8000',
      '127.0.0.3:8000',
    ]);
    expect(lines.filter((line) => /^h\d-[ab]\t/.test(line))).toHaveLength(6);
    expect(lines.at(-1)).toBe('1');
    expect(stage.processesLeft()).toEqual(before);
  },
  STEPS_MS_MAX,
);

/** What a section of README has people type, up to the next heading. */
function stepsOf(heading: string): string[] {
  const [, after = ''] = readFileSync(join(ROOT, 'README.md'), 'utf8').split(`\n${heading}\n`);
  const [section = ''] = after.split(/^##+ /m);
  return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text = '']) => text);
}
