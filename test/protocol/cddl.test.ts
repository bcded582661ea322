import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderCddl } from '../../src/protocol/cddl.ts';
import { MESSAGES } from '../../src/protocol/messages.ts';

const file = join(import.meta.dirname, '../../src/protocol/rarangi.cddl');

test('rarangi.cddl says what the table of messages says', () => {
  expect(readFileSync(file, 'utf8')).toBe(renderCddl());
});

test('every rule that is used is defined, once', () => {
  const lines = renderCddl().replace(/^;.*\n/gm, '');
  const defined = [...lines.matchAll(/^([a-z-]+) =/gm)].map(([, rule]) => rule);

  const types = lines
    .replace(/"[^"]*"/g, '')
    .replace(/\.[a-z]+/g, '')
    .replace(/[A-Za-z]+: /g, '')
    .replace(/^[a-z-]+ =/gm, '');
  const used = [...types.matchAll(/[a-z][a-z-]*/g)].map(([rule]) => rule);
  const builtIn = ['any', 'bool', 'bstr', 'null', 'tstr', 'uint'];

  expect(new Set(defined).size).toBe(defined.length);
  expect(used.filter((rule) => !defined.includes(rule) && !builtIn.includes(rule))).toEqual([]);
});

test('every message is one of the messages', () => {
  const choice = /^message =\n([^;]*?)\n\n/m.exec(renderCddl())?.[1] ?? '';

  expect(choice.split(' /').map((kind) => kind.trim())).toEqual(Object.keys(MESSAGES));
});
