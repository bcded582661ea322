import { Errors } from '@oclif/core';
import { expect, test } from 'vitest';

import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { failureOf } from '../../src/cli/failure.ts';
import { RarangiError } from '../../src/index.ts';

test('every exit code has one name', () => {
  const codes = Object.values(EXIT_CODES).map(({ code }) => code);

  expect(new Set(codes).size).toBe(codes.length);
});

test.each([
  ['RARANGI_USAGE', 2],
  ['RARANGI_UNREACHABLE', 3],
  ['RARANGI_REFUSED', 4],
  ['RARANGI_UNCERTAIN', 5],
  ['RARANGI_TIMEOUT', 6],
] as const)('%s exits with %d and carries its hint', (code, exit) => {
  const failure = failureOf(new RarangiError(code, 'no', { hint: 'do this' }));

  expect(failure).toMatchObject({ code, exit, message: 'no', hint: 'do this' });
});

test('a refusal of the command line parser is usage, in one line of ours', () => {
  const error = new Errors.CLIError(
    'The following error occurred:\n  Missing required flag port\nSee more help with --help',
  );

  const failure = failureOf(error, 'register');

  expect(failure).toMatchObject({
    code: 'RARANGI_USAGE',
    exit: 2,
    message: 'missing required flag --port',
    hint: 'see: rarangi register --help',
  });
});

test('a complaint that knows no better hint points to the help of the command', () => {
  const error = new RarangiError('RARANGI_USAGE', 'no');

  expect(failureOf(error, 'lookup')).toMatchObject({ hint: 'see: rarangi lookup --help' });
});

test('anything else is a bug and exits with 70', () => {
  expect(failureOf(new TypeError('x is undefined'))).toMatchObject({
    code: 'RARANGI_BUG',
    exit: 70,
  });
});
