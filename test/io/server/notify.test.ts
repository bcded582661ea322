import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { notifySystemd } from '../../../src/io/server/notify.ts';
import { atEnd, ownFolder, startServer, startTalkingServer } from '../world.ts';

/** Runs the test under a systemd whose `systemd-notify` is this script; its words go to `told`. */
function underSystemd(script: string): { readonly told: string } {
  const folder = ownFolder();
  const told = join(folder, 'told');
  const program = join(folder, 'systemd-notify');
  writeFileSync(program, `#!/bin/sh\necho "$@" >> ${told}\n${script}\n`);
  chmodSync(program, 0o755);
  setVariable('PATH', `${folder}:${process.env['PATH'] ?? ''}`);
  setVariable('NOTIFY_SOCKET', join(folder, 'notify'));
  return { told };
}

function setVariable(name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  atEnd(() => {
    if (before === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = before;
  });
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
}

test('systemd hears that a server is ready and that it stops', async () => {
  const { told } = underSystemd('');

  const server = await startServer();
  await expect.poll(() => linesOf(told)).toEqual(['READY=1']);
  await server.stop();

  await expect.poll(() => linesOf(told)).toEqual(['READY=1', 'STOPPING=1']);
});

test('without systemd nobody is told', async () => {
  const { told } = underSystemd('');
  setVariable('NOTIFY_SOCKET', '');

  expect(await notifySystemd('READY')).toBe(null);
  expect(linesOf(told)).toEqual([]);
});

test.each([
  ['exit 7', 'systemd-notify ended with 7'],
  ['kill -KILL $$', 'systemd-notify ended with SIGKILL'],
])('a systemd-notify that does "%s" has not told', async (script, reason) => {
  underSystemd(script);

  expect(await notifySystemd('READY')).toBe(reason);
});

test('a server that cannot tell systemd says so, and serves', async () => {
  underSystemd('');
  setVariable('PATH', '/no/such/folder');

  const { notices } = await startTalkingServer();

  await expect
    .poll(() => notices.find(({ name }) => name === 'systemd-untold')?.fields)
    .toEqual({
      state: 'READY',
      reason: expect.stringMatching(/^cannot run systemd-notify: /) as unknown,
    });
});
