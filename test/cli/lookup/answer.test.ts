import { expect, test } from 'vitest';

import { type AnswerChoice, verdictOf } from '../../../src/cli/lookup/answer.ts';
import type { InstanceInfo, LookupAnswer } from '../../../src/index.ts';

function instance(host: string, state: 'live' | 'stale'): InstanceInfo {
  const { name, port } = { name: 'db', port: 1 };
  return { name, instance: host, address: host, port, tags: {}, cluster: 'c', host, state };
}

function hostsAndExit(instances: InstanceInfo[], choice: AnswerChoice): [string[], string] {
  const answer: LookupAnswer = {
    service: 'db',
    complete: true,
    missing: [],
    missingCount: 0,
    instances,
  };
  const verdict = verdictOf(answer, choice);
  return [verdict.instances.map(({ host }) => host), verdict.exit];
}

const BOTH = [instance('h1', 'live'), instance('h2', 'live'), instance('h3', 'stale')];
const STALE = [instance('h3', 'stale')];

test('live instances hide stale ones', () => {
  expect(hostsAndExit(BOTH, {})).toEqual([['h1', 'h2'], 'done']);
});

test('with --all the stale ones follow the live ones', () => {
  expect(hostsAndExit(BOTH, { all: true })).toEqual([['h1', 'h2', 'h3'], 'done']);
});

test('with --one there is the first only', () => {
  expect(hostsAndExit(BOTH, { one: true })).toEqual([['h1'], 'done']);
});

test('of several services each is chosen from on its own', () => {
  const web = [instance('h4', 'live'), instance('h5', 'stale')].map((one) => ({
    ...one,
    name: 'web',
  }));

  expect(hostsAndExit([...STALE, ...web], {})).toEqual([['h3', 'h4'], 'done']);
  expect(hostsAndExit([...BOTH, ...web], { one: true })).toEqual([['h1', 'h4'], 'done']);
  expect(hostsAndExit([...STALE, ...web], { live: true })).toEqual([['h4'], 'done']);
});

test('stale instances are answered when there is no live one', () => {
  expect(hostsAndExit(STALE, {})).toEqual([['h3'], 'done']);
});

test('with --live a stale instance is no answer, and none is uncertain', () => {
  expect(hostsAndExit(STALE, { live: true })).toEqual([[], 'uncertain']);
});

test('none in a complete view is a no', () => {
  expect(hostsAndExit([], {})).toEqual([[], 'no']);
});

test('where none has a tag, the line that shows the others can be typed as it is', () => {
  const answer = { complete: true, missing: [], missingCount: 0, instances: [] };
  const remarkOf = (service: string) => verdictOf({ ...answer, service }, { tag: 'a=b' }).remark;

  expect(remarkOf('db')).toMatch(/ with: rarangi lookup db$/);
  expect(remarkOf('{db,web}')).toMatch(/ with: rarangi lookup '\{db,web\}'$/);
});

test('none in an incomplete view cannot be told, and the missing hosts are named', () => {
  const answer = {
    service: 'db',
    complete: false,
    missing: ['h7'],
    missingCount: 1,
    instances: [],
  };

  const verdict = verdictOf(answer, {});

  expect(verdict.exit).toBe('uncertain');
  expect(verdict.remark).toContain('h7');
});

test('an answer of stale instances carries a remark, a live one none', () => {
  const answer = { service: 'db', complete: true, missing: [], missingCount: 0 };

  expect(verdictOf({ ...answer, instances: STALE }, {}).remark).toMatch(/only stale/);
  expect(verdictOf({ ...answer, instances: BOTH }, {}).remark).toBeNull();
});
