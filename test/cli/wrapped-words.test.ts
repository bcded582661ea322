import { expect, test } from 'vitest';

import { partedWords, refuseAltered } from '../../src/cli/wrapped-words.ts';

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

test('a word that is not UTF-8 is refused, and a U+FFFD that was typed is not', () => {
  const ours = Buffer.from([0xe9]);
  const latin1 = [ours, Buffer.from('cat'), Buffer.from('caf\xe9', 'latin1')];
  const utf8 = [ours, Buffer.from('cat'), Buffer.from('caf\uFFFD')];
  const command = ['cat', 'caf\uFFFD'];

  expect(() => {
    refuseAltered(command, () => latin1);
  }).toThrow('rarangi cannot give the command its word "caf\uFFFD", which is not UTF-8');
  refuseAltered(command, () => utf8);
  refuseAltered(command, () => []);
});
