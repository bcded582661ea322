import { Parser } from '@oclif/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { parseWords } from '../../../src/cli/start/lean-oclif.ts';
import History from '../../../src/commands/history.ts';
import Lookup from '../../../src/commands/lookup.ts';
import Peers from '../../../src/commands/peers.ts';
import Register from '../../../src/commands/register.ts';
import Status from '../../../src/commands/status.ts';

type Declared = Parameters<typeof parseWords>[0];

const COMMANDS = Object.entries({ History, Lookup, Peers, Register, Status });

/** What oclif makes of words, an error being one of its answers. */
async function readByOclif(declared: Declared, words: readonly string[]) {
  try {
    const { args, flags, raw } = await Parser.parse([...words], declared as never);
    return { args, flags, raw };
  } catch (error) {
    return String(error);
  }
}

async function readBoth({ args = {}, flags = {} }: Declared, words: readonly string[]) {
  const declared = { args, flags };
  const [lean, full] = [await parseWords(declared, words), await readByOclif(declared, words)];
  return { lean, full };
}

/** With variables of the environment, and without afterwards. */
async function within<T>(variables: Record<string, string>, act: () => Promise<T>): Promise<T> {
  Object.assign(process.env, variables);
  try {
    return await act();
  } finally {
    for (const name of Object.keys(variables)) Reflect.deleteProperty(process.env, name);
  }
}

/** Words that a person may write: flags, values that fit them, and slips of every kind. */
function wordsFor({ flags = {} }: Declared): fc.Arbitrary<string[]> {
  const spellings = Object.entries(flags).flatMap(([name, { char }]) =>
    char === undefined ? [`--${name}`] : [`--${name}`, `-${char}`],
  );
  const value = fc.constantFrom(...VALUES);
  const flag = fc.constantFrom(...spellings);
  const word = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(flag, value) },
    { weight: 2, arbitrary: fc.tuple(flag, value).map((pair) => [pair.join('=')]) },
    { weight: 2, arbitrary: flag.map((name) => [name]) },
    { weight: 1, arbitrary: value.map((text) => [text]) },
    { weight: 1, arbitrary: fc.constantFrom(...SLIPS).map((text) => [text]) },
  );
  return fc.array(word, { maxLength: 4 }).map((words) => words.flat());
}

function variablesFor({ flags = {} }: Declared): fc.Arbitrary<Record<string, string>> {
  const names = Object.values(flags).flatMap(({ env }) => (env === undefined ? [] : [env]));
  return fc.dictionary(fc.constantFrom(...names), fc.constantFrom(...VALUES), { maxKeys: 2 });
}

const VALUES = ['db', '5432', '2s', '0s', '10', 'json', 'env', 'a=b', 'a,b', 'true', 'No', 'y', ''];
const SLIPS = [
  '--nope',
  '-x',
  '-',
  '-edb',
  '--no-json',
  '-e=db',
  '--help',
  '-5',
  '--=',
  'ünï',
  'x y',
];

for (const [name, command] of COMMANDS) {
  const declared = command as unknown as Declared;

  test(`${name}: what is not declined is read as oclif reads it`, async () => {
    await fc.assert(
      fc.asyncProperty(wordsFor(declared), variablesFor(declared), async (words, variables) => {
        const { lean, full } = await within(variables, () => readBoth(declared, words));

        if (lean !== null) expect(lean).toEqual(full);
      }),
      { numRuns: 300 },
    );
  });

  test(`${name}: no word at all is read without oclif`, async () => {
    const { lean, full } = await readBoth(declared, []);

    expect(lean).not.toBe(null);
    expect(lean).toEqual(full);
  });
}

test.each([
  [['db', '--one', '-e', 'testing', '--tag', 'a=b', '--tag=c=d', '--wait=2s']],
  [['db', '--json', '--server', '127.0.0.1', '--cluster', 'c1', '--format', 'uri']],
  [['--json', '--timeout', '1s']],
])('plain words are not declined: %j', async (words) => {
  const { lean, full } = await readBoth(Lookup as unknown as Declared, words);

  expect(lean).not.toBe(null);
  expect(lean).toEqual(full);
});

test.each([
  [['--help']],
  [['db', '--nope']],
  [['db', 'other']],
  [['db', '--format', 'xml']],
  [['db', '--wait', 'soon']],
  [['db', '--wait']],
  [['db', '--all', '--live']],
  [['db', '--cluster=a', '--cluster=b']],
])('words that need an answer of oclif are declined: %j', async (words) => {
  const lean = await parseWords(Lookup as unknown as Declared, words);

  expect(lean).toBe(null);
});
