// The examples that `--help` shows, read as a shell and our parser read them. Nothing is run: in the
// place of rarangi stands a function that tells its words, and no other program is found.

import { Parser } from '@oclif/core';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'vitest';

import type { BaseCommand } from '../../src/cli/base-command.ts';
import { partedWords } from '../../src/cli/wrapped-words.ts';
import { test } from '../support/processes.ts';

const COMMANDS = join(import.meta.dirname, '../../src/commands');

/** A command; its examples are lines of shell. */
interface CommandClass extends Pick<typeof BaseCommand, 'args' | 'flags'> {
  readonly examples: readonly string[];
}

/** The words of rarangi in a line of shell. */
function wordsIn(line: string, folder: string): string[] {
  const script = `rarangi() { for word; do printf '%s\\n' "$word" >&3; done; }\n${line}`;
  const { output } = spawnSync('/bin/sh', ['-c', script], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: folder },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  return output[3]!.split('\n').slice(0, -1);
}

for (const file of readdirSync(COMMANDS)) {
  const id = basename(file, '.ts');
  test(`every example of ${id} is read without complaint`, async ({ stage }) => {
    const { default: command } = (await import(join(COMMANDS, file))) as { default: CommandClass };
    const { args, flags, examples } = command;
    const lines = examples.map((line) => line.replaceAll('<%= config.bin %>', 'rarangi'));

    const read = lines.map(async (line) => {
      const [first, ...words] = wordsIn(line, stage.folder);
      await Parser.parse(partedWords(words).ours, { args, flags });
      return first;
    });

    expect(lines).not.toEqual([]);
    expect(await Promise.all(read)).toEqual(lines.map(() => id));
  });
}
