// Without an entry in passwd(5) and without a home, as in a container that runs as any user.

import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import { needs } from '../support/needs.ts';
import { type Ended, RUN, type Stage, test } from '../support/processes.ts';

const NOBODY = '54321';

/** Runs rarangi as a user whom the system does not know. */
function runAsNobody(stage: Stage, words: readonly string[]): Promise<Ended> {
  chmodSync(stage.folder, 0o777);
  const as = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  const env = { HOME: undefined, SHELL: undefined };
  return stage.spawn([...as, process.execPath, RUN, ...words], { env }).ended;
}

const CASES: readonly (readonly [code: number, words: readonly string[]])[] = [
  [0, ['--help']],
  [0, ['--version']],
  [0, ['lookup', '--help']],
  [0, ['secret']],
  [2, ['no-such-command']],
  [2, ['lookup', '--no-such-flag']],
  [3, ['lookup', 'db', '--server=127.0.0.1:1']],
  [3, ['status', '--server=127.0.0.1:1']],
];

for (const [code, words] of CASES) {
  test.skipIf(!needs('util-linux'))(
    `\`rarangi ${words.join(' ')}\` ends with ${code} for a user that has no name`,
    async ({ stage }) => {
      const ended = await runAsNobody(stage, words);

      expect([ended.code, ended.stderr.includes('bug')]).toEqual([code, false]);
      expect(existsSync(join(stage.folder, '.config'))).toBe(false);
    },
  );
}

test.skipIf(!needs('util-linux'))(
  'a wrapped command finds HOME and SHELL unset',
  async ({ stage }) => {
    const offer = ['--name', 'db', '--port', '9', '--server=127.0.0.1:1'];
    // The short way leaves such a word to oclif.
    const joined = ['-etesting', '--ready', 'none'];
    const script = 'echo "${HOME-unset} ${SHELL-unset} $(id -u)"';
    const words = ['register', ...offer, ...joined, '--', 'sh', '-c', script];

    const { code, stdout } = await runAsNobody(stage, words);

    expect([code, stdout]).toEqual([0, `unset unset ${NOBODY}\n`]);
  },
);
