// No text that a command got from elsewhere and prints can reorder the text of a terminal.

import { expect } from 'vitest';

import { test } from '../support/processes.ts';

test('controls of direction and separators of lines are shown, never sent', async ({ stage }) => {
  const path = './\u202Eterces\u2066\u2028error: forged\u001B[2J';
  const words = ['lookup', 'web', `--secret-file=${path}`];

  const inWords = await stage.run(words);
  const inJson = await stage.run([...words, '--format=json']);

  expect(inWords.code).toBe(2);
  expect(inWords.stderr).toContain('./\\u202eterces\\u2066\\u2028error: forged\\u001b[2J');
  for (const { stdout, stderr } of [inWords, inJson]) {
    expect(stdout + stderr).not.toMatch(/[\u202E\u2066\u2028]/);
  }
  const { error } = JSON.parse(inJson.stdout) as { error: { message: string } };
  expect(error.message).toContain(path);
});
