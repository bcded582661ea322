import { expect, test } from 'vitest';

import { partedWords } from '../../src/cli/wrapped-words.ts';

test('the first -- parts our words from the command', () => {
  const words = ['--port', '6379', '--', 'redis-server', '--port', '6379', '--', '-x'];

  expect(partedWords(words)).toEqual({
    ours: ['--port', '6379'],
    command: ['redis-server', '--port', '6379', '--', '-x'],
  });
});

test('without a -- there is no command', () => {
  expect(partedWords(['--port', '1'])).toEqual({ ours: ['--port', '1'], command: null });
});

test('nothing behind the -- is an empty command', () => {
  expect(partedWords(['--'])).toEqual({ ours: [], command: [] });
});
