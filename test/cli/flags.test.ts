// The values of flags.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { LIMITS } from '../../src/core/server/limits.ts';
import { clientOptionsOf, listOf, tagsOf } from '../../src/cli/flags.ts';

test('commas part the words of an environment variable', () => {
  expect(listOf('10.0.0.1, 10.0.0.2:17340,,')).toEqual(['10.0.0.1', '10.0.0.2:17340']);
});

test('a comma in a word of the command line is part of it', () => {
  expect(listOf(['note=a,b'])).toEqual(['note=a,b']);
});

test('the value of a tag may hold an equals sign', () => {
  expect(tagsOf(['query=a=b', 'empty='])).toEqual({ query: 'a=b', empty: '' });
});

test.each(['novalue', '=v'])('%j is no tag', (word) => {
  expect(() => tagsOf([word])).toThrow(/KEY=VALUE/);
});

test('a tag given twice is refused', () => {
  expect(() => tagsOf(['a=1', 'a=2'])).toThrow(/twice/);
});

test('without --server the library looks for the servers of this host itself', () => {
  const options = clientOptionsOf({ environment: 'testing', server: undefined, timeout: 500 });

  expect(options).toEqual({ environment: 'testing', timeoutMs: 500 });
});

test("a server's defaults are those of its table of limits", () => {
  const { serve } = (JSON.parse(readFileSync(MANIFEST, 'utf8')) as Manifest).commands;

  const options = Object.values<{ readonly option?: string; readonly max: number }>(LIMITS)
    .filter(({ option }) => option !== undefined)
    .map(({ option = '', max }) => [option.slice(2), max]);

  const defaults = options.map(([name]) => [name, serve.flags[String(name)]?.default]);
  expect(defaults).toEqual(options);
  expect(options).toHaveLength(4);
});

interface Manifest {
  readonly commands: {
    readonly serve: { readonly flags: Readonly<Record<string, { readonly default?: number }>> };
  };
}

const MANIFEST = join(import.meta.dirname, '../../oclif.manifest.json');
