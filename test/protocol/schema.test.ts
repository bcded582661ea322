import { expect, test } from 'vitest';
import { bytesOfId, hexadecimal } from '../../src/protocol/scalars.ts';
import { hasControlCharacters } from '../../src/protocol/texts.ts';

test.each([
  '',
  'kākā',
  '\u{1f426}',
  'a\u{10ffff}b',
  '\u00a0',
  '\u200d',
  '\u2027',
  '\u202f',
  '\u2065',
  '\u206a',
  '\u061b',
])('%j has no control characters', (text) => {
  expect(hasControlCharacters(text)).toBe(false);
});

test.each([
  '\n',
  'a\u007f',
  '\u0085',
  '\ud83d',
  '\udc26',
  'a\ud83da',
  '\udc26\ud83d',
  '\ud83d\ud83d\udc26',
  '\u061c',
  'a\u200e',
  '\u200fb',
  '\u2028',
  '\u2029',
  '\u202a',
  '\u202e',
  '\u2066',
  '\u2069',
])('%j has control characters, or half a pair', (text) => {
  expect(hasControlCharacters(text)).toBe(true);
});

test('ids that are cut from one piece of memory do not meet', () => {
  const ids = Array.from({ length: 1_000 }, (_, index) => index.toString(16).padStart(32, '0'));

  const bytes = ids.map(bytesOfId);

  expect(bytes.map(hexadecimal)).toEqual(ids);
});
