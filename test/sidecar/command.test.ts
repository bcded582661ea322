import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { startCommand } from '../../src/sidecar/command.ts';
import { ownFolder } from '../io/world.ts';

test('a command has the exit status that it ended with', async () => {
  const command = await startCommand(['sh', '-c', 'exit 42']);

  expect(await command.exited).toBe(42);
});

test('a command that a signal ended has 128 and its number', async () => {
  const command = await startCommand(['sh', '-c', 'kill -TERM $$']);

  expect(await command.exited).toBe(143);
});

test('a command that is not there is 127', async () => {
  await expect(startCommand(['/no/such/command'])).rejects.toMatchObject({ status: 127 });
  await expect(startCommand([''])).rejects.toMatchObject({ status: 127 });
});

test('a command that is not executable is 126', async () => {
  await expect(startCommand(['/etc/passwd'])).rejects.toMatchObject({ status: 126 });
  await expect(startCommand(['/'])).rejects.toMatchObject({ status: 126 });
});

test('a script whose interpreter is missing is 127, and the interpreter is named', async () => {
  const script = join(ownFolder(), 'script');
  const start = async (line: string): Promise<unknown> => {
    writeFileSync(script, `${line}\nexit 0\n`, { mode: 0o755 });
    return await startCommand([script]).catch((error: unknown) => error);
  };

  expect(await start('#! /no/such/python3 -u')).toMatchObject({
    status: 127,
    message: 'its interpreter /no/such/python3 is not found',
  });
  expect(await start('#!/bin/sh\r')).toMatchObject({
    status: 127,
    message: expect.stringMatching(/first line ends as on Windows: "\/bin\/sh\\r"$/) as string,
  });
});

test('a signal reaches the command', async () => {
  const command = await startCommand(['sleep', '600']);

  command.signal('SIGUSR1');

  expect(await command.exited).toBe(138);
});
