// The output of `lookup --format env` is given to eval: whatever the tags hold, a shell must have
// exactly these variables afterwards, and nothing else may have happened.

import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { linesOf, variablesOf } from '../../src/cli/lookup/variables.ts';
import type { InstanceInfo } from '../../src/index.ts';
import { isName } from '../../src/protocol/ids.ts';
import { hasControlCharacters } from '../../src/protocol/texts.ts';

const HARMFUL = [
  ...["'", '"', '\\', '$', '`', '(', ')', ';', '&', '|', '<', '>', '*', '?', '[', '~', '#', '!'],
  ...[' ', '=', '{', '}', '-', '%', '$(exit 9)', '`exit 9`', "'; exit 9; '", '${PATH}', '\\\\'],
];

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,12}$/).filter(isName);
const value = fc
  .oneof(
    fc.array(fc.constantFrom(...HARMFUL), { maxLength: 12 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
  )
  .filter((text) => !hasControlCharacters(text));

const instance: fc.Arbitrary<InstanceInfo> = fc.record({
  name,
  instance: fc.constant('0'.repeat(32)),
  address: value.filter((text) => text !== ''),
  port: fc.integer({ min: 1, max: 65_535 }),
  scheme: fc.constantFrom('tcp', 'http', 'postgresql'),
  tags: fc.dictionary(name, value, { maxKeys: 5, noNullPrototype: true }),
  cluster: fc.constant('default'),
  host: fc.constant('h1'),
  state: fc.constant('live' as const),
});

const SCRIPT = 'set -a; eval "$LINES_"; unset LINES_; exec /usr/bin/env -0';

test.each(['sh', 'bash'])(
  '%s that evaluates the lines has the variables, and no others',
  (shell) => {
    if (spawnSync(shell, ['-c', 'exit 0']).status !== 0) return;
    const untouched = environmentAfter(shell, '');

    fc.assert(
      fc.property(instance, (given) => {
        const seen = environmentAfter(shell, linesOf([given], 'env').join('\n'));

        expect(seen).toEqual({ ...untouched, ...variablesOf([given]) });
      }),
      { numRuns: 150 },
    );
  },
);

function environmentAfter(shell: string, lines: string): Record<string, string> {
  const { status, stdout, stderr } = spawnSync(shell, ['-c', SCRIPT], {
    env: { LINES_: lines, PATH: process.env['PATH'] },
    encoding: 'utf8',
    // A bash whose stdin is a socket takes itself for a remote one, and reads files.
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  expect([status, stderr]).toEqual([0, '']);
  const pairs = stdout.split('\0').filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}
