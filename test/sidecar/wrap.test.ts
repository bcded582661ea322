import { expect, test } from 'vitest';

import { freePort } from '../support/free-port.ts';
import { type Program, run, start } from './program.ts';

/** No server listens there: nothing here needs one, as no service may. */
async function wrapping(command: readonly string[], flags: readonly string[] = []) {
  const nobody = `127.0.0.1:${String(await freePort())}`;
  const port = String(await freePort());
  const offer = ['--name', 'a', '--port', port, '--server', nobody];
  return ['register', ...offer, ...flags, '--', ...command];
}

async function startTrapping(script: string, flags: readonly string[] = []): Promise<Program> {
  const loop = `${script}; echo ready; while :; do sleep 0.02; done`;
  const program = start(await wrapping(['sh', '-c', loop], flags));
  await program.line(/ready/);
  return program;
}

test('a wrapped command ends as it does, with no server anywhere', async () => {
  const { code, stdout } = await run(await wrapping(['sh', '-c', 'echo out; exit 7']));

  expect([code, stdout]).toEqual([7, 'out\n']);
});

test('a command that a signal ended exits with 128 and its number', async () => {
  const { code } = await run(await wrapping(['sh', '-c', 'kill -KILL $$']));

  expect(code).toBe(137);
});

test('a command that is missing exits with 127, one that cannot be executed with 126', async () => {
  const missing = await run(await wrapping(['/no/such/command']));
  const forbidden = await run(await wrapping(['/etc/passwd']));

  expect([missing.code, forbidden.code]).toEqual([127, 126]);
});

test('with a command, a mistake in our own words exits with 125', async () => {
  const noPort = await run(['register', '--name', 'a', '--', 'true']);
  const noCommand = await run(await wrapping([]));

  expect([noPort.code, noCommand.code]).toEqual([125, 125]);
});

test('without a command, a mistake in our own words exits with 2', async () => {
  const noPort = await run(['register', '--name', 'a']);

  expect(noPort.code).toBe(2);
  expect(noPort.stderr).toContain('missing required flag --port');
});

test('a command gets exactly the words behind the first --', async () => {
  const words = ['--port', '6', '--', '--name', 'a', '', 'x y', '--port'];

  const { stdout } = await run(await wrapping(['printf', '%s|', ...words]));

  expect(stdout).toBe(words.map((word) => `${word}|`).join(''));
});

test.each(['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGQUIT', 'SIGWINCH'] as const)(
  '%s goes straight on to the command',
  async (signal) => {
    const name = signal.slice('SIG'.length);
    const program = await startTrapping(`trap "echo got ${name}; exit 3" ${name}`);

    program.child.kill(signal);

    const { code, stdout } = await program.ended;
    expect([code, stdout]).toEqual([3, `ready\ngot ${name}\n`]);
  },
);

test.each(['SIGTERM', 'SIGINT'] as const)('%s reaches the command', async (signal) => {
  const name = signal.slice('SIG'.length);
  const program = await startTrapping(`trap "echo got ${name}; exit 3" ${name}`);

  program.child.kill(signal);

  const { code, stdout } = await program.ended;
  expect([code, stdout]).toEqual([3, `ready\ngot ${name}\n`]);
});

test('a signal that comes the moment the command runs is not lost', async () => {
  const script = 'trap "exit 3" TERM; kill -TERM $PPID; while :; do sleep 0.02; done';

  const { code } = await run(await wrapping(['sh', '-c', script]));

  expect(code).toBe(3);
});

test('a command that outlives --kill-after is killed', async () => {
  const program = await startTrapping('trap "echo no" TERM', ['--kill-after', '50ms']);

  program.child.kill('SIGTERM');

  const { code, stderr } = await program.ended;
  expect(code).toBe(137);
  expect(stderr).toMatch(/still runs 50 ms after SIGTERM; sending SIGKILL/);
});

test('with --kill-after 0 a command has all the time that it wants', async () => {
  const flags = ['--kill-after', '0s'];
  const program = await startTrapping('trap "trap \'exit 4\' USR1; echo later" TERM', flags);

  program.child.kill('SIGTERM');
  await program.line(/^later$/);
  program.child.kill('SIGUSR1');

  const { code, stderr } = await program.ended;
  expect([code, stderr.includes('SIGKILL')]).toEqual([4, false]);
});

test('a command shares a pipe that stays as it was', async () => {
  const lines = 20_000;

  const { stdout } = await run(await wrapping(['seq', String(lines)]));

  expect(stdout.trimEnd().split('\n')).toHaveLength(lines);
});
