// A pattern means the same to a second matcher, which was written apart from the first: it uses the
// regular expressions of JavaScript.

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { matcherOf } from '../../src/cli/lookup/service-pattern.ts';

const letter = fc.constantFrom('a', 'b', '-', '.', 'A', '1');

const classItem = fc.oneof(
  letter,
  fc.constantFrom('a-c', '0-9', 'A-Z', '[:alpha:]', '[:digit:]', '[:upper:]', '[:punct:]'),
);
const charClass = fc
  .tuple(fc.constantFrom('', '!', '^'), fc.array(classItem, { minLength: 1, maxLength: 3 }))
  .map(([not, items]) => `[${not}${items.filter((item) => item !== '-').join('') || 'b'}]`);

const { pattern } = fc.letrec<{ pattern: string; braces: string }>((tie) => ({
  pattern: fc
    .array(
      fc.oneof(
        { maxDepth: 2, withCrossShrink: true },
        letter,
        fc.constantFrom('*', '?'),
        charClass,
        tie('braces'),
      ),
      { maxLength: 4 },
    )
    .map((pieces) => pieces.join('')),
  braces: fc
    .array(tie('pattern'), { minLength: 2, maxLength: 3 })
    .map((ways) => `{${ways.join(',')}}`),
}));

const name = fc.array(letter, { minLength: 1, maxLength: 8 }).map((letters) => letters.join(''));

test('a pattern matches what the regular expression that it stands for matches', () => {
  const law = fc.property(pattern, fc.array(name, { minLength: 20 }), (text, names) => {
    fc.pre(text.length > 0 && text.length <= 100);
    const isMatch = matcherOf(text);
    const expression = new RegExp(`^${text.replace(TOKEN_PATTERN, translated)}$`);

    for (const one of names) {
      const expected = expression.test(one);
      expect({ text, one, isMatch: isMatch(one) }).toEqual({ text, one, isMatch: expected });
    }
  });

  fc.assert(law, { numRuns: 1_000 });
});

function translated(token: string): string {
  const plain = token.startsWith('*') ? '.*' : PLAIN[token];
  if (plain !== undefined) return plain;
  if (!token.startsWith('[')) return token;
  const items = token
    .slice(1, -1)
    .replace(/^!/, '^')
    .replace(/\[:(\w+):\]/g, (_, of: string) => CLASSES[of] ?? '');
  return `[${items}]`;
}

const TOKEN_PATTERN = /\[[!^]?(?:\[:\w+:\]|[^\]])*\]|\*+|./g;

const PLAIN: Readonly<Record<string, string>> = {
  '?': '.',
  '.': '\\.',
  '{': '(?:',
  ',': '|',
  '}': ')',
};

const CLASSES: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  punct: '._\\-',
  upper: 'A-Z',
};
