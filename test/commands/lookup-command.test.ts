// `lookup NAME -- COMMAND`: the command finds the service in its environment, and is else on its own.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { shellWord } from '../../src/answers/instance-text.ts';
import { startLone } from '../support/catalogue.ts';
import { eventually } from '../support/conditions.ts';
import { needs } from '../support/needs.ts';
import { test } from '../support/processes.ts';

const RUN = join(import.meta.dirname, '../../bin/run.js');

const SHOW = ['sh', '-c', 'env | grep ^DB_ | sort'];

test('a command finds the service in its environment', async ({ stage }) => {
  const { address, look, register } = await startLone(stage);
  await register(['--name=db', '--port=5432', '--scheme=postgresql', "--tag=note=it's $(id) \\ é"]);

  const { code, stdout, stderr } = await look(['db', '--', ...SHOW]).ended;

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.split('\n')).toEqual([
    `DB_HOST=${address}`,
    'DB_PORT=5432',
    "DB_TAG_NOTE=it's $(id) \\ é",
    `DB_URI=postgresql://${address}:5432`,
    '',
  ]);
});

test('a command gets exactly the words behind the first --', async ({ stage }) => {
  const { look, register } = await startLone(stage);
  await register(['--name=db', '--port=1']);
  const words = ['--one', 'db', '--', '--one', '', 'x y', '--wait', '5', '--help'];

  const { code, stdout } = await look(['db', '--format=env', '--', 'printf', '%s|', ...words])
    .ended;

  expect([code, stdout]).toEqual([0, words.map((word) => `${word}|`).join('')]);
});

test('a pattern gives a command every service that matches', async ({ stage }) => {
  const { address, look, register } = await startLone(stage);
  await Promise.all([register(['--name=db-1', '--port=1']), register(['--name=db-2', '--port=2'])]);

  const { stdout } = await look(['db-*', '--', ...SHOW]).ended;

  expect(stdout).toContain(`DB_1_URI=tcp://${address}:1\n`);
  expect(stdout).toContain(`DB_2_URI=tcp://${address}:2\n`);
});

test('with --wait the command starts when the service comes', async ({ stage }) => {
  const address = stage.address();
  const wait = ['lookup', 'db', '--wait=20s', `--server=${address}`, '--', 'sh', '-c'];
  const waiting = stage.start([...wait, 'echo at $DB_PORT']);

  const { register } = await startLone(stage, address);
  await register(['--name=db', '--port=7']);

  expect(await waiting.ended).toMatchObject({ code: 0, stdout: 'at 7\n' });
});

test('the status is that of the command, or says why there was none', async ({ stage }) => {
  const { look, register } = await startLone(stage);
  await register(['--name=db', '--port=1']);
  const nobody = `--server=${stage.address()}`;
  const wanted: [number, string[]][] = [
    [7, ['db', '--', 'sh', '-c', 'exit 7']],
    [137, ['db', '--', 'sh', '-c', 'kill -KILL $$']],
    [127, ['db', '--', '/no/such/command']],
    [126, ['db', '--', '/etc/passwd']],
    [1, ['none', '--', 'echo', 'no']],
    [1, ['none-*', '--', 'echo', 'no']],
    [3, ['db', nobody, '--', 'echo', 'no']],
    [6, ['none', '--wait=50ms', '--', 'echo', 'no']],
    [2, ['db', '--']],
    [2, ['--', 'echo', 'no']],
    [2, ['db', '--format=uri', '--', 'echo', 'no']],
    [2, ['db', '--json', '--', 'echo', 'no']],
    [2, ['db', '--watch', '--', 'echo', 'no']],
    [2, ['db', '--on-change=HUP', '--', 'echo', 'no']],
    [2, ['db', '--watch', '--on-change=nothing', '--', 'echo', 'no']],
    [2, ['db', '--on-change=HUP']],
    [2, ['db', '--watch', '--wait=1s']],
    [2, ['db', '--watch', '--live']],
  ];

  const ended = await Promise.all(wanted.map(([, words]) => lookWith(words)));

  expect(ended.map(({ code }) => code)).toEqual(wanted.map(([code]) => code));
  expect(ended.filter(({ stdout }) => stdout.includes('no\n'))).toEqual([]);

  function lookWith(words: readonly string[]) {
    // All run at once: on a busy machine an answer takes longer than usual.
    const patient = ['--timeout=20s', ...words];
    return words.includes(nobody) ? stage.run(['lookup', ...patient]) : look(patient).ended;
  }
});

test('a signal reaches the command, once', async ({ stage }) => {
  const { look, register } = await startLone(stage);
  await register(['--name=db', '--port=1']);
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGQUIT'] as const;

  const ended = await Promise.all(
    signals.map(async (signal) => {
      const program = look(['db', '--', ...trapping(signal.slice('SIG'.length), 'exit 3')]);
      await program.line(/^ready/);
      return await program.end(signal);
    }),
  );

  expect(ended.map(({ code }) => code)).toEqual(signals.map(() => 3));
  expect(ended.map(({ stdout }) => stdout.match(/got/g)?.length)).toEqual(signals.map(() => 1));
});

test('stdin is the own of the command', async ({ stage }) => {
  const { look, register } = await startLone(stage);
  await register(['--name=db', '--port=1']);
  const program = look(['db', '--', 'sh', '-c', 'read -r line; echo "$line $DB_PORT"; echo e >&2']);

  program.type('typed\n');

  expect(await program.ended).toMatchObject({ code: 0, stdout: 'typed 1\n', stderr: 'e\n' });
});

test('with --on-change restart the command is started anew elsewhere', async ({ stage }) => {
  const { look, register } = await startLone(stage);
  const first = await register(['--name=db', '--port=1']);
  const program = look([...RESTARTED, ...trapping('TERM', 'exit 0', '$DB_PORT')]);
  await program.line(/^ready 1$/);

  await register(['--name=db', '--port=2']);
  await first.end();
  await program.line(/^ready 2$/);
  const { code, stdout } = await program.end('SIGTERM');

  expect(stdout).toBe('ready 1\ngot TERM\nready 2\ngot TERM\n');
  expect(code).toBe(0);
});

test('with --on-change restart a change of the tags is a change', async ({ stage }) => {
  const { look, register } = await startLone(stage);
  const first = await register(['--name=db', '--port=1', '--tag=v=1']);
  const program = look([...RESTARTED, ...trapping('TERM', 'exit 0', '$DB_TAG_V${DB_TAG_W}')]);
  await program.line(/^ready 1$/);

  await first.end();
  await register(['--name=db', '--port=1', '--tag=w=2']);
  await program.line(/^ready 2$/);

  expect((await program.end('SIGTERM')).code).toBe(0);
});

test('a command whose variables still hold is left alone', async ({ stage }) => {
  const { look, register } = await startLone(stage);
  const first = await register(['--name=db', '--port=1']);
  const program = look([...RESTARTED, ...trapping('TERM', 'exit 0', '$DB_PORT')]);
  await program.line(/^ready 1$/);

  await first.end();
  const back = await register(['--name=db', '--port=1']);
  await register(['--name=db', '--port=2']);
  await back.end();
  await program.line(/^ready 2$/);

  expect((await program.end()).stdout).toBe('ready 1\ngot TERM\nready 2\ngot TERM\n');
});

test('a command that will not end for its next start is killed', async ({ stage }) => {
  const { look, register } = await startLone(stage);
  const first = await register(['--name=db', '--port=1']);
  const program = look([
    ...['db', '--watch', '--on-change=restart', '--kill-after=50ms', '--'],
    ...['sh', '-c', `trap '[ $DB_PORT = 1 ] || exit 0' TERM; echo "ready $DB_PORT"; ${LOOP}`],
  ]);
  await program.line(/^ready 1$/);

  await first.end();
  await register(['--name=db', '--port=2']);
  await program.line(/^ready 2$/);
  const { code, stdout } = await program.end('SIGTERM');

  expect([code, stdout]).toEqual([0, 'ready 1\nready 2\n']);
});

test('what a command has left behind is ended before its next start, and at the end', async ({
  stage,
}) => {
  const { look, register } = await startLone(stage);
  const first = await register(['--name=db', '--port=1']);
  const left = `(trap 'echo "left $DB_PORT"; exit' TERM; echo "ready $DB_PORT"; ${LOOP}) & wait`;
  const program = look([...RESTARTED, 'sh', '-c', left]);
  await program.line(/^ready 1$/);

  await register(['--name=db', '--port=2']);
  await first.end();
  await program.line(/^ready 2$/);
  const { stdout, stderr } = await program.end('SIGTERM');

  expect(stdout).toBe('ready 1\nleft 1\nready 2\nleft 2\n');
  expect(stderr).toContain('the command has ended and left behind sh (process ');
});

test('a watch that a variable asks for is not that of a lookup within the command', async ({
  stage,
}) => {
  const { look, register } = await startLone(stage);
  await register(['--name=db', '--port=1']);
  const show = ['sh', '-c', 'printenv RARANGI_LOOKUP_WATCH RARANGI_LOOKUP_CLUSTER; :'];
  const env = {
    RARANGI_LOOKUP_WATCH: '1',
    RARANGI_LOOKUP_ON_CHANGE: 'HUP',
    RARANGI_LOOKUP_CLUSTER: 'default',
  };

  const { code, stdout } = await look(['db', '--', ...show], { env }).ended;

  expect([code, stdout]).toEqual([0, 'default\n']);
});

test('with --on-change HUP the command hears of every change', async ({ stage }) => {
  const { look, register } = await startLone(stage);
  await register(['--name=db', '--port=1']);
  const program = look(['db', '--watch', '--on-change=HUP', '--', ...trapping('HUP', ':')]);
  await program.line(/^ready/);

  const second = await register(['--name=db', '--port=2']);
  await program.line(/^got HUP$/);
  await second.end();
  await program.line(/^got HUP$/);
  const { code, stdout } = await program.end('SIGTERM');

  expect([code, stdout]).toEqual([143, 'ready \ngot HUP\ngot HUP\n']);
});

test('a command outlives the servers, and hears of what came meanwhile', async ({ stage }) => {
  const { address, server, look, register } = await startLone(stage);
  const first = await register(['--name=db', '--port=1']);
  const program = look([...RESTARTED, ...trapping('TERM', 'exit 0', '$DB_PORT')]);
  await program.line(/^ready 1$/);

  await server.end('SIGKILL');
  await first.end('SIGKILL');
  await startLone(stage, address);
  await register(['--name=db', '--port=2']);
  await program.line(/^ready 2$/);

  expect((await program.end('SIGTERM')).stdout).toBe('ready 1\ngot TERM\nready 2\ngot TERM\n');
});

test('a command that can be told no more runs on, and the log says so', async ({ stage }) => {
  const { address, server, register } = await startLone(stage);
  await register(['--name=db', '--port=1']);
  const at = `--server=${address}:17340`;
  const program = stage.start([
    ...['lookup', 'db', at, '--watch', '--on-change=HUP', '--'],
    // That db is gone may be told before the server is.
    ...trapping('USR1', 'exit 3').map((word) => word.replace('trap', 'trap : HUP; trap')),
  ]);
  await program.line(/^ready/);

  await server.end();
  const other = stage.start(['serve', '-e', 'production', `--bind=${address}:17340`]);
  await program.line(/the command runs on without news of changes: .*production/);

  expect((await program.end('SIGUSR1')).code).toBe(3);
  await other.end();
});

test('a lookup that is asked to end while it waits for a next start starts nothing more', async ({
  stage,
}) => {
  const { look, register } = await startLone(stage);
  const first = await register(['--name=db', '--port=1']);
  const program = look([
    ...RESTARTED,
    ...trapping('TERM', 'n=\\$n.; [ \\$n = . ] || exit 4', '$DB_PORT'),
  ]);
  await program.line(/^ready 1$/);

  await first.end();
  await register(['--name=db', '--port=2']);
  await program.line(/^got TERM$/);
  const { code, stdout } = await program.end('SIGTERM');

  expect([code, stdout]).toEqual([4, 'ready 1\ngot TERM\ngot TERM\n']);
});

test('a lookup that waits to start its command can be ended', async ({ stage }) => {
  const { look } = await startLone(stage);
  const waiting = look(['db', '--wait=20s', '--', 'echo', 'no']);
  const isAsleep = () => stage.processesLeft().includes(waiting.pid) || undefined;
  await eventually(() => 'it runs', isAsleep);

  const { signal, stdout } = await waiting.end('SIGINT');

  expect([signal, stdout]).toEqual(['SIGINT', '']);
});

test.skipIf(!needs('tmux'))(
  'a Ctrl-C on the terminal reaches the command once',
  async ({ stage }) => {
    const { address, register } = await startLone(stage);
    await register(['--name=db', '--port=1']);
    const said = join(stage.folder, 'said');
    const words = ['db', `--server=${address}`, '--', ...trapping('INT', ':', '$DB_PORT')];
    const line = [process.execPath, RUN, 'lookup', ...words].map(shellWord).join(' ');
    const tmux = (...given: string[]) =>
      spawnSync('tmux', ['-S', join(stage.folder, 'tmux'), '-f', '/dev/null', ...given], {
        cwd: stage.folder,
        encoding: 'utf8',
      }).stdout.trim();
    const lines = () => (existsSync(said) ? readFileSync(said, 'utf8') : '');
    const seen = (text: string) => eventually(lines, () => lines() === text || undefined);
    tmux('new-session', '-d', `exec ${line} > ${said}`);
    await seen('ready 1\n');
    const lookup = Number(tmux('list-panes', '-F', '#{pane_pid}'));

    tmux('send-keys', 'C-c');
    await seen('ready 1\ngot INT\n');
    process.kill(lookup, 'SIGTERM');

    await eventually(lines, () => tmux('list-panes') === '' || undefined);
    expect(lines()).toBe('ready 1\ngot INT\n');
  },
);

test('when the command ends by itself, so does lookup', async ({ stage }) => {
  const { look, register } = await startLone(stage);
  await register(['--name=db', '--port=1']);

  const { code } = await look(['db', '--watch', '--on-change=restart', '--', 'sh', '-c', 'exit 5'])
    .ended;

  expect(code).toBe(5);
});

/** A command that says when it is ready and each time it gets the signal, and runs on. */
function trapping(signal: string, then: string, what = ''): string[] {
  return [
    'sh',
    '-c',
    `trap "echo got ${signal}; ${then}" ${signal}; echo "ready ${what}"; ${LOOP}`,
  ];
}

const LOOP = 'while :; do sleep 0.02; done';

const RESTARTED = ['db', '--watch', '--on-change=restart', '--'];
