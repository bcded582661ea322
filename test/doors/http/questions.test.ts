// What requests ask for, as it is read once and remembered.

import { expect, test } from 'vitest';

import { Questions, targetOf } from '../../../src/doors/http/questions.ts';

test('an address that is asked for again is not read again', () => {
  const questions = new Questions();
  const first = questions.of('GET', '/v1/services/web?one');

  expect(first).toMatchObject({ kind: 'asked', part: 'web', route: { name: 'service' } });
  expect(questions.of('GET', '/v1/services/web?one')).toBe(first);
  expect(questions.of('HEAD', '/v1/services/web?one')).toBe(first);
  expect(questions.of('GET', '/v1/services/web')).not.toBe(first);
});

test('a question that is remembered for reading says nothing of writing', () => {
  const questions = new Questions();
  questions.of('GET', '/v1/services/web');

  expect(questions.of('POST', '/v1/services/web')).toEqual({
    kind: 'method',
    path: '/v1/services/web',
    allowed: ['GET', 'HEAD'],
  });
  expect(questions.of('GET', '/v1/register')).toMatchObject({ kind: 'method' });
  expect(questions.of('POST', '/v1/register')).toMatchObject({ kind: 'asked' });
});

test('a question that means nothing is told so, and is not remembered', () => {
  const questions = new Questions();
  const wrong = questions.of('GET', '/v1/services/web?live=perhaps');

  expect(wrong).toMatchObject({ kind: 'asked', query: expect.any(String) as unknown });
  expect(questions.of('GET', '/v1/services/web?live=perhaps')).not.toBe(wrong);
  expect(questions.of('GET', '/nothing')).toEqual({ kind: 'unknown', path: '/nothing' });
});

test('a text that is neither the name of a service nor a pattern is told', () => {
  const questions = new Questions();
  const queryOf = (text: string): unknown => questions.of('GET', `/v1/watch?service=${text}`);

  for (const text of ['web', 'web-*', '{a,b}']) {
    expect(queryOf(text)).toMatchObject({ query: expect.any(Map) as unknown });
  }
  for (const text of ['a%20b', '-web', 'a*%20']) {
    const query = expect.stringContaining('is neither a name nor a pattern') as unknown;
    expect(queryOf(text)).toMatchObject({ kind: 'asked', query });
  }
});

test('the number of remembered questions has its bound', () => {
  const questions = new Questions();
  const first = questions.of('GET', '/v1/services/s0');
  for (let number = 1; number < 1_100; number += 1) {
    questions.of('GET', `/v1/services/s${String(number)}`);
  }

  expect(questions.of('GET', '/v1/services/s0')).toEqual(first);
  expect(questions.of('GET', '/v1/services/s0')).not.toBe(first);
});

test.each([
  ['/livez', null, '/livez'],
  ['http://localhost/livez', 'localhost', '/livez'],
  ['HTTPS://h3:17342/v1/services?match=a', 'h3:17342', '/v1/services?match=a'],
  ['http://localhost', 'localhost', '/'],
  ['http://localhost?what=1', 'localhost', '/?what=1'],
  ['http:///livez', '', '/livez'],
  ['ftp://localhost/livez', null, 'ftp://localhost/livez'],
  ['*', null, '*'],
])('the target %s', (text, host, address) => {
  expect(targetOf(text)).toEqual({ host, address });
});
