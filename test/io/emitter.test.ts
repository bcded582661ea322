import { once } from 'node:events';
import { expect, test } from 'vitest';

import { Emitter } from '../../src/io/emitter.ts';

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
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const uncaught = once(process, 'uncaughtException');
  emitter.on('said', () => {
    throw new Error('no');
  });
  emitter.on('said', (word) => heard.push(word));

  emitter.tell('said', 'hello');
  const [error] = (await uncaught) as [Error];
  for (const other of others) process.on('uncaughtException', other);

  expect([error.message, heard]).toEqual(['no', ['hello']]);
});
