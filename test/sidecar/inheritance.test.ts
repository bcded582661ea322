// The inheritance of a process reaches the wrapped command as if there were no sidecar: ignored
// signals, descriptors, the environment. The program is started as it is installed, by its first
// line.

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { signalsIn } from '../../src/sidecar/inherited.ts';
import { listenersAt, socketsOf } from '../../src/sidecar/processes.ts';
import { atEnd, ownFolder, reaching, startServer, watchSynced } from '../io/world.ts';
import { type Program, RUN, startWords } from './program.ts';
import { endingWithTest } from './sidecar.ts';

const NOBODY = ['--server', '127.0.0.1:1'];
const OFFER = [RUN, 'register', '--name', 'db', '--port', '9', '--ready', 'none', ...NOBODY];
const NO_HANGUP = ['sh', '-c', 'trap "" HUP; exec "$@"', 'sh'];

function startHere(words: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
  return endingWithTest(startWords(words, env));
}

test('a hang-up that is ignored reaches neither the sidecar nor the command', async () => {
  const script = 'echo "parent $PPID"; grep SigIgn /proc/self/status; while :; do sleep 0.02; done';
  const { child, line, ended } = startHere([...NO_HANGUP, ...OFFER, '--', 'sh', '-c', script]);
  const parent = await line(/^parent/);
  const ignored = await line(/SigIgn/);

  child.kill('SIGHUP');
  child.kill('SIGTERM');

  expect((await ended).code).toBe(143);
  // No shell between, and the first of the signals is ignored.
  expect([parent, signalsIn(ignored.split(/\s+/)[1]!)]).toEqual([`parent ${child.pid}`, [1]]);
});

test('a hang-up that is ignored does not end what waits without a command', async () => {
  const server = await startServer();
  const where = ['--environment', 'testing', '--server', server.bound];
  const holding = [RUN, 'register', ...where, '--name', 'db', '--port', '9'];
  const looking = [RUN, 'lookup', 'db', '--watch', '--format', 'json', ...where];
  const sidecar = startHere([...NO_HANGUP, ...holding]);
  await sidecar.line(/registered db/);
  const watching = startHere([...NO_HANGUP, ...looking]);
  await watching.line(/synced/);

  for (const { child } of [sidecar, watching]) child.kill('SIGHUP');
  sidecar.child.kill('SIGTERM');

  expect((await sidecar.ended).code).toBe(0);
  expect(await watching.line(/"removed"/)).toContain('deregistered');
});

test('a socket that was opened for the command is the command’s, and its port counts', async () => {
  const server = await startServer();
  const watching = await watchSynced('web', reaching(server));
  // As systemd does it, and keeps the socket open itself.
  const opened = createServer().listen(0, '127.0.0.1');
  atEnd(() => opened.close());
  await once(opened, 'listening');
  const { port } = opened.address() as AddressInfo;
  const { fd } = (opened as unknown as { _handle: { fd: number } })._handle;
  const activate = `LISTEN_PID=$$ LISTEN_FDS=1 WATCHDOG_PID=$$ exec "$@"`;
  const script = `
    const { LISTEN_PID, LISTEN_FDS, WATCHDOG_PID } = process.env;
    const isMine = [LISTEN_PID, WATCHDOG_PID].every((pid) => pid === String(process.pid));
    console.log(isMine, LISTEN_FDS);
    require('node:net').createServer((socket) => socket.end()).listen({ fd: 3 });`;
  const where = ['--environment', 'testing', '--server', server.bound, '--log-format', 'json'];
  const offer = [RUN, 'register', ...where, '--name', 'web', '--port', `${port}`];
  const command = [process.execPath, '--eval', script];
  const words = ['sh', '-c', activate, 'sh', ...offer, '--', ...command];
  const sidecar = endingWithTest(startWords(words, {}, [fd]));

  expect(await sidecar.line(/true|false/)).toBe('true 1');
  expect(await watching.next()).toBe(`added ${port}`);
  // Else the port would outlive the command.
  const held = socketsOf(sidecar.child.pid!);
  expect([...listenersAt(port)!].filter((inode) => held.has(inode))).toEqual([]);
  sidecar.child.kill('SIGTERM');
  expect((await sidecar.ended).stderr).not.toContain('port-taken');
});

test('descriptors above stderr reach the command, and no others', async () => {
  const script = 'cat <&7; for fd in /proc/$$/fd/*; do test -e $fd && echo ${fd##*/}; done';
  const file = join(ownFolder(), 'seven');
  writeFileSync(file, 'seven\n');
  const open = `exec 3< /dev/null 7< '${file}'; exec "$@"`;

  const plain = startHere(['sh', '-c', open, 'sh', 'sh', '-c', script]);
  const wrapped = startHere(['sh', '-c', open, 'sh', ...OFFER, '--', 'sh', '-c', script]);

  const { stdout } = await wrapped.ended;
  expect(stdout).toBe((await plain.ended).stdout);
  expect(stdout).toContain('seven\n');
});

test('LISTEN_FDS that were closed before are no descriptors of ours, and harm nobody', async () => {
  const stale = 'LISTEN_PID=$$ LISTEN_FDS=3 exec "$@"';
  const list = 'for fd in /proc/$$/fd/*; do if test -e $fd; then echo ${fd##*/}; fi; done';

  const plain = startHere(['sh', '-c', stale, 'sh', 'sh', '-c', list]);
  const wrapped = startHere(['sh', '-c', stale, 'sh', ...OFFER, '--', 'sh', '-c', list]);

  const { code, stdout } = await wrapped.ended;
  expect(stdout).toBe((await plain.ended).stdout);
  // Not 134: an abort of Node.js, whose descriptor was closed.
  expect(code).toBe(0);
});

test('NODE_OPTIONS are for the command', async () => {
  const words = [...OFFER, '--', 'printenv', 'NODE_OPTIONS'];

  const { code, stdout } = await startHere(words, { NODE_OPTIONS: '--require=/no/such.js' }).ended;

  expect([code, stdout]).toEqual([0, '--require=/no/such.js\n']);
});

test.each([
  ['', []],
  [' although a signal is ignored', NO_HANGUP],
])('the environment is the same to the letter%s', async (_, shell) => {
  const odd = ['a.b=1 2', 'x-y=', 'BASH_FUNC_f%%=() { :; }', 'TEXT=one\ntwo', 'key=k', 'value=v'];
  const clean = ['env', '-i', `PATH=${process.env['PATH'] ?? ''}`, ...odd];
  // The first shell would drop the odd ones itself.
  const start = shell.length === 0 ? [] : ['env', '--ignore-signal=HUP'];
  const ours = ['RARANGI_REGISTER_TAG=a=b', ...start];

  const plain = startHere([...clean, 'env', '--null']);
  const wrapped = startHere([...clean, ...ours, ...OFFER, '--', 'env', '--null']);

  const variables = ({ stdout }: { stdout: string }) => stdout.split('\0').sort();
  const found = variables(await wrapped.ended);
  expect(found.filter((each) => !each.startsWith('RARANGI_SIDECAR='))).toEqual(
    variables(await plain.ended),
  );
});

test('with a signal to ignore, what cannot be started has the same status', async () => {
  const missing = startHere([...NO_HANGUP, ...OFFER, '--', 'no-such-command']);
  const forbidden = startHere([...NO_HANGUP, ...OFFER, '--', '/etc/passwd']);
  const empty = startHere([...NO_HANGUP, ...OFFER, '--', '']);

  const ended = await Promise.all([missing.ended, forbidden.ended, empty.ended]);
  expect(ended.map(({ code }) => code)).toEqual([127, 126, 127]);
  expect(ended[0].stderr).toContain('cannot start no-such-command: not found');
});

test('with a signal to ignore, a command gets exactly its words', async () => {
  const words = ['--', '-x', '', 'y z', '*', '$HOME'];

  const { stdout } = await startHere([...NO_HANGUP, ...OFFER, '--', 'printf', '%s|', ...words])
    .ended;

  expect(stdout).toBe(words.map((word) => `${word}|`).join(''));
});
