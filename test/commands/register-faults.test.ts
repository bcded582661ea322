// Sidecars in unexpected situations: killed, left by their command, without stdin, stdout or
// stderr, before servers that hang.

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import { lookup } from '../../src/index.ts';
import { startLone } from '../support/catalogue.ts';
import { eventually } from '../support/conditions.ts';
import { RUN, test } from '../support/processes.ts';

const OFFER = ['register', '--log-format=json', '--name=db', '--port=9', '--ready=none'];

test('a sidecar that is killed leaves its command running, unregistered', async ({ stage }) => {
  const { address } = await startLone(stage);
  const command = ['sh', '-c', 'echo at $$; exec sleep 600'];
  const sidecar = stage.start([...OFFER, `--server=${address}`, '--', ...command]);
  await sidecar.said({ event: 'registered' });
  const pid = await pidIn(sidecar.line(/^at \d+$/));

  sidecar.signal('SIGKILL');

  await untilGone(address);
  expect(isRunning(pid)).toBe(true);
});

test('a command that goes into the background has ended', async ({ stage }) => {
  const { address } = await startLone(stage);
  const script = 'sleep 600 > /dev/null 2>&1 & echo at $!; read -r line; exit 3';
  const sidecar = stage.start([...OFFER, `--server=${address}`, '--', 'sh', '-c', script]);
  await sidecar.said({ event: 'registered' });
  const pid = await pidIn(sidecar.line(/^at \d+$/));

  sidecar.type('go\n');

  expect((await sidecar.ended).code).toBe(3);
  expect(isRunning(pid)).toBe(true);
  await untilGone(address);
});

test('without stdin, stdout or stderr a command runs as without the sidecar', async ({ stage }) => {
  const nobody = `--server=${stage.address()}`;
  const words = [process.execPath, RUN, ...OFFER, nobody, '--', 'sh', '-c', 'echo said; exit 3'];
  const closed = ['<&-', '2>&-', '<&- 2>&-'];

  const ended = await Promise.all(
    closed.map((how) => stage.spawn(['sh', '-c', `exec "$@" ${how}`, 'sh', ...words]).ended),
  );
  const mute = await stage.spawn(['sh', '-c', 'exec "$@" >&-', 'sh', ...words]).ended;

  expect(ended.map(({ code, stdout }) => [code, stdout])).toEqual(closed.map(() => [3, 'said\n']));
  expect([mute.code, mute.stdout]).toEqual([3, '']);
});

test('a server that hangs keeps no command from its end', async ({ stage }) => {
  const { address, server } = await startLone(stage);
  const script = 'trap "exit 3" TERM; echo ready; while :; do sleep 0.02; done';
  const sidecar = stage.start([...OFFER, `--server=${address}`, '--', 'sh', '-c', script]);
  await sidecar.said({ event: 'registered' });
  await sidecar.line(/^ready$/);

  server.signal('SIGSTOP');
  const { code, stderr } = await sidecar.end('SIGTERM');

  expect(code).toBe(3);
  expect(stderr).toContain('"command-signalled"');
});

test('a server that accepts and says nothing is no reason to wait', async ({ stage }) => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as AddressInfo;
  const at = `--server=127.0.0.1:${String(port)}`;

  const { code, stdout } = await stage.run([...OFFER, at, '--', 'sh', '-c', 'echo said; exit 3']);

  expect([code, stdout]).toEqual([3, 'said\n']);
});

async function pidIn(line: Promise<string>): Promise<number> {
  return Number(/\d+/.exec(await line)?.[0]);
}

function isRunning(pid: number): boolean {
  return process.kill(pid, 0);
}

async function untilGone(address: string): Promise<void> {
  await eventually(
    () => 'the registration is gone',
    async () => {
      const { instances } = await lookup('db', { servers: [address] });
      return instances.length === 0 || undefined;
    },
  );
}
