import { expect, test } from 'vitest';

import {
  abortedError,
  deniedError,
  refusedError,
  unansweredError,
  unreachableError,
} from '../../../src/io/client/failures.ts';

const attempts = [
  { address: '127.0.0.1:1', reason: 'connection refused' },
  { address: '127.0.0.1:2', reason: 'it is silent' },
];
const refusal = { address: 'h:1', ours: 'testing' };

test('without a server on this host it is said how to start one', async () => {
  const error = await unreachableError({ environment: 'testing' }, attempts);

  expect(error.code).toBe('RARANGI_UNREACHABLE');
  expect(error.message).toBe(
    'no catalogue server of environment testing could be reached on this host',
  );
  expect(error.hint).toMatch(
    /^start a server with: rarangi serve -e testing, or name one with: --server HOST( |$)/,
  );
});

test('the environment of those who name none is said by its name', async () => {
  expect((await unreachableError({}, attempts)).message).toContain('environment development');
});

test('of an environment of your own it is said what a server needs', async () => {
  const error = await unreachableError({ environment: 'mine' }, attempts);

  expect(error.hint).toMatch(
    /^start a server with: rarangi serve -e mine --bind ADDR:PORT, or name /,
  );
});

test('of named servers it is said which and why', async () => {
  const servers = ['127.0.0.1:1', '127.0.0.1:2'];

  const error = await unreachableError({ environment: 'testing', servers }, attempts);

  expect(error.message).toBe(
    'no catalogue server of environment testing could be reached at 127.0.0.1:1, 127.0.0.1:2' +
      ': 127.0.0.1:1: connection refused',
  );
  expect(error.hint).toMatch(/^see whether the server runs, or name another one with: --server/);
});

test('a refusal for the environment names the one that would be served', () => {
  const error = refusedError({
    ...refusal,
    theirs: 'production',
    why: 'wrong-environment',
    reason: 'it serves another',
  });

  expect(error).toMatchObject({
    code: 'RARANGI_REFUSED',
    message: 'refused h:1: it serves another',
    hint: 'if you mean that environment, use: --environment production',
  });
});

test('a refusal for another reason blames no environment', () => {
  const error = refusedError({
    ...refusal,
    theirs: null,
    why: 'no-common-version',
    reason: 'no version',
  });

  expect(error.hint).toBe('run the same version of rarangi on both sides');
});

test('where a limit was the cause no environment is blamed', () => {
  const reason = 'the limit is 4096 connections of one address: close some';
  const full = deniedError(`h:1 refuses: ${reason}`, { why: 'overloaded' });
  const asked = deniedError('the limit is 2 registrations: use another host', { why: 'refused' });

  expect(full).toMatchObject({ code: 'RARANGI_REFUSED', message: `h:1 refuses: ${reason}` });
  expect(full.hint).toBe('try again later, or name another server with: --server');
  expect(asked.hint).toBe('the server says why; its limits are in rarangi-serve(1)');
});

test('a refusal for want of trust says where to look', () => {
  const locked = refusedError({ ...refusal, theirs: null, why: 'locked', reason: 'it speaks TLS' });
  const wrong = refusedError({ ...refusal, theirs: null, why: 'not-trusted', reason: 'another' });

  expect(locked.hint).toContain('--secret-file FILE');
  expect(wrong.hint).toMatch(/^compare the --secret-file/);
});

test('without an answer it is said who was asked and how long', () => {
  expect(unansweredError(attempts, 2_000)).toMatchObject({
    code: 'RARANGI_TIMEOUT',
    message:
      'no server gave an answer within 2000 ms ' +
      '(127.0.0.1:1: connection refused; 127.0.0.1:2: it is silent)',
  });
});

test('a question that the caller gave up is no fault of anyone', () => {
  expect(abortedError('lookup')).toMatchObject({
    code: 'RARANGI_ABORTED',
    message: 'lookup was aborted by its caller',
  });
});
