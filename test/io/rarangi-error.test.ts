import { expect, test } from 'vitest';

import { RARANGI_ERRORS, RarangiError } from '../../src/io/rarangi-error.ts';
import type { RarangiErrorCode } from '../../src/io/rarangi-error.ts';

const codes = Object.keys(RARANGI_ERRORS) as RarangiErrorCode[];

test.each(codes)('%s knows what to do next and whether to try again', (code) => {
  const error = new RarangiError(code, 'it said no');

  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: 'RarangiError', code, message: 'it said no' });
  expect([error.hint, error.retryable]).toEqual([
    RARANGI_ERRORS[code].hint,
    RARANGI_ERRORS[code].retryable,
  ]);
  expect(error.hint).not.toBe('');
});

test('a hint of the place that throws wins over the one of the code', () => {
  expect(new RarangiError('RARANGI_TIMEOUT', 'late', { hint: 'wait' }).hint).toBe('wait');
});

test('an error that was caught is wrapped with its words and kept as the cause', () => {
  const cause = new RangeError('too far');

  const error = RarangiError.from(cause, 'RARANGI_USAGE');

  expect(error).toMatchObject({ code: 'RARANGI_USAGE', message: 'too far', cause });
  expect(RarangiError.from('plain', 'RARANGI_USAGE').message).toBe('plain');
});

test('a RarangiError is not wrapped again', () => {
  const error = new RarangiError('RARANGI_REFUSED', 'no');

  expect(RarangiError.from(error, 'RARANGI_USAGE')).toBe(error);
});

test('an error without a cause has none', () => {
  expect(new RarangiError('RARANGI_REFUSED', 'no')).not.toHaveProperty('cause');
});
