// Deadlines under virtual time: which run, in which order, and which do not.

import { expect, test } from 'vitest';
import { Timers } from '../../../src/core/kit/timers.ts';

interface Run {
  readonly timers: Timers;
  readonly ran: string[];
  readonly set: (name: string, dueMs: number) => void;
}

function run(): Run {
  const timers = new Timers();
  const ran: string[] = [];
  const set = (name: string, dueMs: number): void => {
    timers.set(name, dueMs, () => ran.push(`${name} ${String(dueMs)}`));
  };
  return { timers, ran, set };
}

test('timers run in the order of their times, whatever the order in which they were set', () => {
  const { timers, ran, set } = run();
  const times = [5, 3, 9, 1, 7, 2, 8, 6, 4];
  for (const time of times) set('t'.repeat(time), time);

  timers.runDue(7);

  expect(ran.map((text) => Number(text.split(' ')[1]))).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(timers.nextMs()).toBe(8);
});

test('timers of one time run in the order in which they were set', () => {
  const { timers, ran, set } = run();
  for (const name of ['c', 'a', 'b']) set(name, 10);

  timers.runDue(10);

  expect(ran).toEqual(['c 10', 'a 10', 'b 10']);
});

test('a timer that is set again replaces the one of its name', () => {
  const { timers, ran, set } = run();
  set('a', 5);
  set('a', 20);

  timers.runDue(10);

  expect(ran).toEqual([]);
  expect(timers.nextMs()).toBe(20);
});

test('setEarlier brings a time forward, and never puts it off', () => {
  const { timers, ran, set } = run();
  set('a', 10);

  timers.setEarlier('a', 20, () => ran.push('late'));
  expect(timers.nextMs()).toBe(10);
  timers.setEarlier('a', 5, () => ran.push('early'));
  timers.runDue(100);

  expect(ran).toEqual(['early']);
});

test('a timer can be put off, and one that is not there cannot', () => {
  const { timers, ran, set } = run();
  set('a', 10);

  timers.delay('a', 15);
  timers.delay('b', 15);
  timers.runDue(24);

  expect(ran).toEqual([]);
  expect(timers.nextMs()).toBe(25);
  timers.runDue(25);
  expect(ran).toHaveLength(1);
});

test('a cancelled timer does not run', () => {
  const { timers, ran, set } = run();
  set('a', 10);

  timers.cancel('a');
  timers.runDue(10);

  expect(ran).toEqual([]);
  expect(timers.has('a')).toBe(false);
  expect(timers.nextMs()).toBe(Infinity);
});

test('a timer that a timer sets for a time that has come runs as well', () => {
  const { timers, ran, set } = run();
  timers.set('a', 10, () => {
    set('b', 10);
    set('c', 11);
  });

  timers.runDue(10);

  expect(ran).toEqual(['b 10']);
  expect(timers.has('a')).toBe(false);
});
