import { expect, test } from 'vitest';

import { Emitter } from '../../src/io/emitter.ts';
import { uncaughtBy } from '../support/uncaught.ts';

interface Events {
  readonly said: string;
}

test('every listener hears of its event once, after the call', async () => {
  const emitter = new Emitter<Events>();
  const heard: string[] = [];
  emitter.on('said', (word) => heard.push(`one ${word}`));
  emitter.on('said', (word) => heard.push(`two ${word}`));

  emitter.tell('said', 'hello');
  const before = [...heard];
  await Promise.resolve();

  expect([before, heard]).toEqual([[], ['one hello', 'two hello']]);
});

test('a listener that was taken off in the meantime hears nothing', async () => {
  const emitter = new Emitter<Events>();
  const heard: string[] = [];
  const off = emitter.on('said', (word) => heard.push(word));

  emitter.tell('said', 'hello');
  off();
  await Promise.resolve();

  expect(heard).toEqual([]);
});

test('a listener that throws keeps no other from hearing, and its error is not swallowed', async () => {
  const emitter = new Emitter<Events>();
  const heard: string[] = [];
  emitter.on('said', () => {
    throw new Error('no');
  });
  emitter.on('said', (word) => heard.push(word));

  const uncaught = await uncaughtBy(() => {
    emitter.tell('said', 'hello');
  });

  expect([uncaught, heard]).toEqual(['no', ['hello']]);
});
