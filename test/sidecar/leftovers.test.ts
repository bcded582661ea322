// Processes that the command has left behind when it ends, and their end.

import { expect, test } from 'vitest';

import { processOf } from '../../src/sidecar/processes.ts';
import { atEnd, reaching, startServer, watchSynced } from '../io/world.ts';
import { startSidecar } from './sidecar.ts';

const OFFER = ['--name', 'db', '--port', '9', '--ready', 'none'];

/** Starts something that stays, says its process id, and ends with 7 at SIGUSR1. */
function leaving(left: string): string[] {
  const script = `${left} & echo "left $!"; trap 'exit 7' USR1; while :; do sleep 0.02; done`;
  return ['sh', '-c', script];
}

function isThere(pid: number): boolean {
  // Here the first process may reap nobody.
  return processOf(pid) !== null;
}

async function startLeaving(left: string, flags: readonly string[] = []) {
  const server = await startServer();
  const watching = await watchSynced('db', reaching(server));
  const words = [...OFFER, ...flags, '--', ...leaving(left)];
  const sidecar = startSidecar(server, words);
  const pid = Number((await sidecar.line(/^left /)).slice('left '.length));
  atEnd(() => {
    // Whatever happens to the test, this must not stay.
    if (isThere(pid)) process.kill(pid, 'SIGKILL');
  });
  await watching.next();
  return { sidecar, pid, watching };
}

test('processes that the command leaves behind are asked to end, and the exit status is kept', async () => {
  const { sidecar, pid } = await startLeaving('sleep 600');

  sidecar.child.kill('SIGUSR1');
  const { code, stderr } = await sidecar.ended;

  expect([code, isThere(pid)]).toEqual([7, false]);
  expect(stderr).toContain(`has ended and left behind sleep (process ${pid})`);
  expect(stderr).not.toContain('"left-behind-killed"');
});

test('a process in a session of its own is found as well', async () => {
  const { sidecar, pid } = await startLeaving('setsid sleep 600');

  sidecar.child.kill('SIGUSR1');
  const { code } = await sidecar.ended;

  expect([code, isThere(pid)]).toEqual([7, false]);
});

test('a process that will not end is killed, and the registration has gone before', async () => {
  const stubborn = `sh -c 'trap "" TERM; while :; do sleep 0.05; done'`;
  const { sidecar, pid, watching } = await startLeaving(stubborn, ['--kill-after', '800ms']);

  sidecar.child.kill('SIGUSR1');
  const removed = await watching.next();
  const wasThere = isThere(pid);
  const { code, stderr } = await sidecar.ended;

  expect([removed, wasThere]).toEqual(['removed 9 deregistered', true]);
  expect([code, isThere(pid)]).toEqual([7, false]);
  expect(stderr).toContain('still runs after 800 ms');
});

test('a second request does not wait for what was left behind', async () => {
  const stubborn = `sh -c 'trap "" TERM; while :; do sleep 0.05; done'`;
  const { sidecar, pid } = await startLeaving(stubborn, ['--kill-after', '10m']);
  sidecar.child.kill('SIGUSR1');
  await sidecar.line(/"left-behind"/);

  sidecar.child.kill('SIGTERM');
  await sidecar.line(/"left-behind-killed"/);

  expect([(await sidecar.ended).code, isThere(pid)]).toEqual([7, false]);
});

test('with --kill-group no, what the command leaves behind stays', async () => {
  const { sidecar, pid } = await startLeaving('exec sleep 600 > /dev/null 2>&1', [
    ...['--kill-group', 'no'],
  ]);

  sidecar.child.kill('SIGUSR1');
  const { code, stderr } = await sidecar.ended;

  expect([code, isThere(pid)]).toEqual([7, true]);
  expect(stderr).not.toContain('"left-behind"');
});

test('without a terminal the command leads a session of its own', async () => {
  const server = await startServer();
  const script = 'read -r stat < /proc/$$/stat; set -- ${stat##*) }; echo "$4 $3 $$"';

  const { stdout } = await startSidecar(server, [...OFFER, '--', 'sh', '-c', script]).ended;

  const [session, group, pid] = stdout.trim().split(' ');
  expect([session, group]).toEqual([pid, pid]);
});
