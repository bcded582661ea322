// A server's life as its operator sees it: its side, its socket, its signals, its output.

import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'vitest';
import { needs } from '../support/needs.ts';
import { startReceiver } from '../support/notify-receiver.ts';
import { type Running, type Stage, test } from '../support/processes.ts';

test('the first server takes side A, the second B, and a third is refused', async ({ stage }) => {
  const bind = `--bind=${stage.address()}`;

  const first = await serving(stage, [bind]);
  const second = await serving(stage, [bind]);
  const third = await stage.run(['serve', bind]);

  expect([first.side, second.side]).toEqual(['a', 'b']);
  expect(third).toMatchObject({ code: 2, stdout: '' });
  expect(third.stderr).toMatch(/^error: both ports .* 17340 and 17341\nhint: .*rarangi peers/);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} ends a server with a goodbye, and nothing is left of it`, async ({ stage }) => {
    const path = join(stage.folder, 'a.sock');
    const bind = `--bind=${stage.address()}`;
    const { server } = await serving(stage, [bind, `--socket=${path}`]);
    const { server: sibling } = await serving(stage, [bind]);
    await sibling.said({ event: 'origin-reachable' });

    const wasThere = existsSync(path);
    const { code, stdout } = await server.end(signal);
    await sibling.said({ event: 'origin-left' });
    await sibling.end();

    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect([wasThere, existsSync(path)]).toEqual([true, false]);
    expect(stage.processesLeft()).toEqual([]);
  });
}

test('the socket file of a killed server is taken over', async ({ stage }) => {
  const path = join(stage.folder, 'a.sock');
  const words = [`--bind=${stage.address()}`, `--socket=${path}`];
  const { server: killed } = await serving(stage, words);
  await killed.end('SIGKILL');
  const wasLeft = existsSync(path);

  await serving(stage, words);
  const { code, stdout } = await stage.run(['status', '--json', `--server=${path}`]);

  expect(wasLeft).toBe(true);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ state: 'healthy' });
});

test('the socket of a live server is never taken over', async ({ stage }) => {
  const path = join(stage.folder, 'a.sock');
  const [here, there] = [stage.address(), stage.address()];
  await serving(stage, [`--bind=${here}`, `--socket=${path}`, '--name=first']);

  const { server: newcomer } = await serving(stage, [`--bind=${there}`, `--socket=${path}`]);
  await newcomer.said({ event: 'no-socket' });
  await newcomer.end();
  const { stdout } = await stage.run(['status', '--json', `--server=${path}`]);

  expect(JSON.parse(stdout)).toMatchObject({ server: { name: 'first' } });
});

test('systemd is told that a server is ready, and that it stops', async ({ stage }) => {
  const path = join(stage.folder, 'notify.sock');
  const receiver = await startReceiver(stage, path);

  const server = stage.start(['serve', `--bind=${stage.address()}`], {
    env: { NOTIFY_SOCKET: path },
  });
  await receiver.line(/READY=1/);
  server.signal('SIGTERM');
  await receiver.line(/STOPPING=1/);
  const { code } = await server.ended;

  expect(code).toBe(0);
});

test.skipIf(!needs('util-linux'))(
  'on a terminal the steps of the start are drawn, then come the lines',
  async ({ stage }) => {
    const run = join(import.meta.dirname, '../../bin/run.js');
    const size = 'stty rows 24 cols 100';
    const words = `${size}; exec ${process.execPath} ${run} serve --bind=${stage.address()}`;
    const terminal = stage.spawn([
      'script',
      '--quiet',
      '--return',
      '--command',
      words,
      '/dev/null',
    ]);

    await terminal.line(/✔ bound 127\.\S+:17340 as \S+-a, side A/);
    await terminal.line(/✔ first sync: the view is complete/);
    await terminal.line(/info .* serves development/);
    terminal.type('\x03');
    const { code, stdout } = await terminal.ended;

    expect(code).toBe(0);
    expect(stdout).toMatch(/says goodbye and stops/);
  },
);

test('elsewhere than on a terminal there are plain lines only', async ({ stage }) => {
  const server = stage.start(['serve', `--bind=${stage.address()}`]);
  await server.line(/the view is complete$/);

  const { stdout, stderr } = await server.end();

  expect(stdout).toBe('');
  for (const line of stderr.trimEnd().split('\n')) {
    expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z (info|warn|error) +[^✔\p{Cc}]+$/u);
  }
});

for (const format of ['pretty', 'json'] as const) {
  test(`journald is told the priority of every ${format} line`, async ({ stage }) => {
    const run = join(import.meta.dirname, '../../bin/run.js');
    // The stream of journald is known by its device and inode.
    const script = 'export JOURNAL_STREAM=$(stat -Lc %d:%i /dev/stderr); exec "$@"';
    const words = ['serve', `--bind=${stage.address()}`, `--log-format=${format}`];
    const server = stage.spawn(['sh', '-c', script, 'sh', process.execPath, run, ...words]);
    await server.line(/^<6>.*the view is complete/);

    const { stderr } = await server.end();
    const twice = await stage.spawn([
      'sh',
      '-c',
      script,
      'sh',
      process.execPath,
      run,
      'serve',
      '--heartbeat=5',
    ]).ended;

    for (const line of stderr.trimEnd().split('\n')) {
      expect(line).toMatch(format === 'json' ? /^<[346]>\{"time"/ : /^<[346]>[a-z]/);
    }
    expect(twice.stderr).toMatch(/^<3>error: .*\n<3>hint: .*\n$/);
  });
}

test('a server refuses what other machines can reach, without a secret', async ({ stage }) => {
  const open = await stage.run(['serve', '--bind=0.0.0.0', '--advertise=10.0.0.1']);
  const nowhere = await stage.run(['serve', '--bind=192.0.2.1', '--insecure']);
  const nameless = await stage.run(['serve', '--bind=0.0.0.0', '--insecure']);

  expect(open).toMatchObject({ code: 2, stderr: expect.stringContaining('--insecure') as string });
  expect(nowhere).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('cannot bind') as string,
  });
  expect(nameless).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--advertise') as string,
  });
});

test('a server that is killed frees its port at once', async ({ stage }) => {
  const address = stage.address();
  const { server } = await serving(stage, [`--bind=${address}`]);
  const client = connect({ host: address, port: 17340 });
  await once(client, 'data');

  await server.end('SIGKILL');
  const { side } = await serving(stage, [`--bind=${address}`]);
  client.destroy();

  expect(side).toBe('a');
});

async function serving(
  stage: Stage,
  words: readonly string[],
): Promise<{ server: Running; side: unknown }> {
  const server = stage.start(['serve', '--log-format=json', ...words]);
  const { side } = await server.said({ event: 'server-started' });
  return { server, side };
}
