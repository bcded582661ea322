import { execFileSync } from 'node:child_process';

import { expect, test } from 'vitest';

import { LINES_BY_FORMAT, shellWord } from '../../../src/answers/instance-text.ts';
import { linesOf, variablesOf } from '../../../src/cli/lookup/variables.ts';
import type { InstanceInfo } from '../../../src/index.ts';
import { needs } from '../../support/needs.ts';

const DB: InstanceInfo = {
  name: 'db',
  instance: '0'.repeat(32),
  address: '10.0.0.7',
  port: 5432,
  tags: {},
  cluster: 'default',
  host: 'h1',
  state: 'live',
};

test('an instance is printed in every form', () => {
  const lines = Object.values(LINES_BY_FORMAT).map((line) => line(DB));

  expect(lines).toEqual(['10.0.0.7:5432', '10.0.0.7', '5432', 'tcp://10.0.0.7:5432']);
});

test('an IPv6 address wears brackets where a port follows', () => {
  const instance = { ...DB, address: 'fe80::1', scheme: 'http' };

  expect(LINES_BY_FORMAT.hostport(instance)).toBe('[fe80::1]:5432');
  expect(LINES_BY_FORMAT.uri(instance)).toBe('http://[fe80::1]:5432');
  expect(LINES_BY_FORMAT.host(instance)).toBe('fe80::1');
});

test('the variables of an instance carry its name in capitals', () => {
  const lines = linesOf([{ ...DB, name: 'my-web.v2', tags: { 'a.b': '1', zone: 'x' } }], 'env');

  expect(lines).toEqual([
    'MY_WEB_V2_HOST=10.0.0.7',
    'MY_WEB_V2_PORT=5432',
    'MY_WEB_V2_URI=tcp://10.0.0.7:5432',
    'MY_WEB_V2_TAG_A_B=1',
    'MY_WEB_V2_TAG_ZONE=x',
  ]);
});

test('a service that begins with a digit makes variables that a shell takes', () => {
  expect(linesOf([{ ...DB, name: '3d' }], 'env')[0]).toBe('_3D_HOST=10.0.0.7');
});

test.each([
  '$(touch /tmp/x)',
  '`id`',
  "it's",
  "'; echo no; '",
  '"$HOME"',
  '~root',
  'a b  c',
  '\\',
  '',
  '*',
  'é – ü',
  '-n',
  'a;b&c|d>e<f#g',
  '!!',
])('a shell that evaluates the tag %j has that very text', (value) => {
  const script = linesOf([{ ...DB, tags: { t: value } }], 'env').join('\n');

  const seen = execFileSync('sh', ['-c', 'eval "$1"; printf %s "$DB_TAG_T"', 'sh', script], {
    encoding: 'utf8',
  });

  expect(seen).toBe(value);
});

test.each(['tcp://10.0.0.7:5432', '--tag=role=primary'])('%s needs no quotes', (word) => {
  expect(shellWord(word)).toBe(word);
});

test.each(['=ls', 'a==ls', 'a:=ls', 'a=b:=ls', ''])(
  '%j is quoted, for it means something to some shell',
  (word) => {
    expect(shellWord(word)).toBe(`'${word}'`);
  },
);

test.skipIf(!needs('zsh'))('zsh, too, has what the lines say', () => {
  const tags = { t: 'a:=ls', u: 'b=:=ls', v: '=ls' };
  const script = `${linesOf([{ ...DB, tags }], 'env').join('\n')}\nprint -r "$DB_TAG_T $DB_TAG_U $DB_TAG_V"`;

  const seen = execFileSync('zsh', ['-fc', script], { encoding: 'utf8' });

  expect(seen).toBe('a:=ls b=:=ls =ls\n');
});

test('instances of several services have variables side by side', () => {
  const variables = variablesOf([DB, { ...DB, name: 'web', address: '10.0.0.8', port: 80 }]);

  expect(variables).toMatchObject({ DB_HOST: '10.0.0.7', WEB_HOST: '10.0.0.8', WEB_PORT: '80' });
});

test.each([
  ['my-db', 'my.db'],
  ['db', 'db-tag-x'],
])('services %s and %s that would share a variable are refused', (one, other) => {
  const instances = [
    { ...DB, name: one, tags: { 'x-host': '1' } },
    { ...DB, name: other },
  ];

  expect(() => variablesOf(instances)).toThrow(/would share the variable/);
});
