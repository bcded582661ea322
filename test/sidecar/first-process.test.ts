// The sidecar as the first process of a namespace, as in a container: the kernel ignores signals
// that it does not handle, and its end is the end of all.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import type { ServerHandle } from '../../src/index.ts';
import { atEnd, reaching, startServer, watchSynced } from '../io/world.ts';
import { freePort } from '../support/free-port.ts';
import { needs } from '../support/needs.ts';
import { type Program, startWords } from './program.ts';
import { registerWords, switchable } from './sidecar.ts';

const UNSHARE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
const isRoot = needs('util-linux');

function startFirst(server: ServerHandle, words: readonly string[]): Program {
  const program = startWords([...UNSHARE, ...registerWords(server), ...words]);
  atEnd(() => program.child.kill('SIGKILL'));
  return program;
}

/** The first process of the namespace, as it is called outside. */
function firstOf({ child: { pid } }: Program): number {
  return Number(readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8'));
}

test.skipIf(!isRoot)('as the first process it passes signals on, and ends in order', async () => {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const port = await freePort();
  const offer = ['--name', 'db', '--port', `${port}`];
  const program = startFirst(server, [...offer, '--', ...switchable(port)]);
  await program.line(/^ready$/);
  const first = firstOf(program);

  process.kill(first, 'SIGUSR1');
  const added = await watching.next();
  process.kill(first, 'SIGTERM');
  const removed = await watching.next();

  const { code, stdout } = await program.ended;
  expect([added, removed]).toEqual([`added ${port}`, `removed ${port} deregistered`]);
  expect([code, stdout]).toEqual([5, 'ready\nlistening\ntold to end\n']);
});

test.skipIf(!isRoot)('as the first process it exits as the command did', async () => {
  const server = await startServer();
  const scripts = { 'echo $PPID; exit 7': [7, '1\n'], 'kill -KILL $$': [137, ''] };

  for (const [script, expected] of Object.entries(scripts)) {
    const offer = ['--name', 'db', '--port', '9', '--', 'sh', '-c', script];
    const { code, stdout } = await startFirst(server, offer).ended;
    expect([code, stdout]).toEqual(expected);
  }
});
