// The address of a host comes late, goes and changes while its servers run: in a network of its own.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startReceiver } from '../support/notify-receiver.ts';
import { type Namespace, test } from '../support/processes.ts';
import { canMakeNetworks } from './network.ts';
import { passed } from './world.ts';

const netTest = test.skipIf(!canMakeNetworks());
const PATIENTLY = { timeout: 60_000 };
const SERVE = ['serve', '--insecure', '--log-format=json', '--host=h1'];

function ip({ enter }: Namespace, words: string): void {
  const [program = '', ...rest] = [...enter, 'ip', ...words.split(' ')];
  expect(spawnSync(program, rest, { encoding: 'utf8' }).stderr).toBe('');
}

/** Gives it an interface without an address, to whose cable there is another end. */
function connect(within: Namespace): void {
  ip(within, 'link add eth0 type veth peer name far0');
  ip(within, 'link set far0 up');
  ip(within, 'link set eth0 up');
}

netTest(
  'a server whose address is gone says so, and is well when it is back',
  PATIENTLY,
  async ({ stage }) => {
    const within = await stage.openNamespace();
    connect(within);
    ip(within, 'addr add 10.1.0.1/24 dev eth0');
    const server = stage.start([...SERVE, '--bind=10.1.0.1'], { within });
    await server.said({ event: 'view-complete' });

    ip(within, 'addr del 10.1.0.1/24 dev eth0');
    await server.said({ event: 'address-gone', address: '10.1.0.1:17340' });
    const status = await stage.run(['status', '--json'], { within });

    expect(status.code).toBe(1);
    expect(JSON.parse(status.stdout)).toMatchObject({
      state: 'degraded',
      reasons: [{ code: 'address-gone' }],
    });

    ip(within, 'addr add 10.1.0.1/24 dev eth0');
    await server.said({ event: 'address-back' });
    expect((await stage.run(['status', '--wait=10s'], { within })).code).toBe(0);
  },
);

netTest(
  'a server of an interface follows its address, and services follow the server',
  PATIENTLY,
  async ({ stage }) => {
    const within = await stage.openNamespace();
    connect(within);
    ip(within, 'addr add 10.1.0.1/24 dev eth0');
    const server = stage.start([...SERVE, '--bind=eth0', '--advertise=eth0'], { within });
    await server.said({ event: 'server-started', address: '10.1.0.1:17340' });
    const sidecar = stage.start(['register', '--name=web', '--port=80'], { within });
    const before = await stage.run(['lookup', 'web', '--wait=10s'], { within });

    ip(within, 'addr add 10.2.0.2/24 dev eth0');
    ip(within, 'addr del 10.1.0.1/24 dev eth0');
    await server.said({ event: 'address-changed', address: '10.2.0.2:17340' });
    const changes = stage.start(['lookup', 'web', '--watch'], { within });
    await changes.line(/"address":"10\.2\.0\.2"/);
    const after = await stage.run(['lookup', 'web', '--server=10.2.0.2'], { within });

    expect(before.stdout).toBe('10.1.0.1:80\n');
    expect(after.stdout).toBe('10.2.0.2:80\n');
    expect((await stage.run(['status', '--json'], { within })).stdout).toContain('"reasons":[]');
    await sidecar.end('SIGTERM');
  },
);

for (const { what, words, reason } of [
  { what: 'its address', words: ['--bind=10.1.0.1'], reason: /^cannot bind 10\.1\.0\.1:17340: / },
  { what: 'that of its interface', words: ['--bind=eth0'], reason: /^the interface eth0 has no / },
  {
    what: 'that of the interface that others are told',
    words: ['--bind=0.0.0.0', '--advertise=eth0'],
    reason: /^the interface eth0 has no /,
  },
  {
    what: 'its address, which is its HTTP door too',
    words: ['--bind=10.1.0.1', '--http=10.1.0.1', '--http-insecure'],
    reason: /^cannot bind 10\.1\.0\.1:17340: /,
  },
]) {
  netTest(`under systemd a server waits for ${what}`, PATIENTLY, async ({ stage }) => {
    const within = await stage.openNamespace();
    connect(within);
    const path = join(stage.folder, 'notify');
    const receiver = await startReceiver(stage, path);
    const env = { NOTIFY_SOCKET: path };
    const server = stage.start([...SERVE, ...words], { within, env });
    const late = await server.said({ event: 'address-late' });
    await receiver.line(/^EXTEND_TIMEOUT_USEC=60000000$/);

    ip(within, 'addr add 10.1.0.1/24 dev eth0');
    await server.said({ event: 'server-started', address: '10.1.0.1:17340' });
    await receiver.line(/^READY=1$/);
    const status = await stage.run(['status', '--wait=10s'], { within });

    expect(status.code).toBe(0);
    expect(late).toMatchObject({ level: 'warn', reason: expect.stringMatching(reason) as unknown });
    expect(server.allSaid({ event: 'address-late' })).toHaveLength(1);
  });
}

netTest(
  'under systemd a door waits for its address, and the server does not',
  PATIENTLY,
  async ({ stage }) => {
    const within = await stage.openNamespace();
    connect(within);
    const path = join(stage.folder, 'notify');
    await startReceiver(stage, path);
    const words = [...SERVE, '--dns=10.1.0.1:5353', '--dns-from=any'];
    const server = stage.start(words, { within, env: { NOTIFY_SOCKET: path } });
    await server.said({ event: 'view-complete' });
    await server.said({ event: 'no-door', door: 'DNS', address: '10.1.0.1:5353' });

    ip(within, 'addr add 10.1.0.1/24 dev eth0');

    await expect.poll(() => listeners(within), PATIENTLY).toContain('10.1.0.1:5353');
  },
);

netTest(
  'a server that waits for its address ends at SIGTERM with 0',
  PATIENTLY,
  async ({ stage }) => {
    const within = await stage.openNamespace();
    const path = join(stage.folder, 'notify');
    await startReceiver(stage, path);
    const server = stage.start([...SERVE, '--bind=10.1.0.1'], {
      within,
      env: { NOTIFY_SOCKET: path },
    });
    await server.said({ event: 'address-late' });

    const { code, stderr } = await server.end('SIGTERM');

    expect(code).toBe(0);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  },
);

netTest(
  'without systemd a server without its address exits with 2',
  PATIENTLY,
  async ({ stage }) => {
    const within = await stage.openNamespace();
    connect(within);

    const ended = await Promise.all(
      ['10.1.0.1', 'eth0'].map((bind) =>
        stage.run([...SERVE, `--bind=${bind}`], { within, env: { NOTIFY_SOCKET: undefined } }),
      ),
    );

    expect(ended.map(({ code }) => code)).toEqual([2, 2]);
    expect(ended[0]?.stderr).toContain('this machine has no such address');
    expect(ended[1]?.stderr).toContain('the interface eth0 has no address');
  },
);

netTest(
  'a client that comes by the own address of its host is back after its server',
  PATIENTLY,
  async ({ stage }) => {
    const within = await stage.openNamespace();
    connect(within);
    ip(within, 'addr add 10.1.0.1/24 dev eth0');
    const serve = [...SERVE, '--bind=10.1.0.1', '--socket=none'];
    const server = stage.start(serve, { within });
    await server.said({ event: 'server-started' });
    const own = '--server=10.1.0.1:17340';
    const sidecar = stage.start(['register', '--name=web', '--port=80', own], { within });
    await sidecar.line(/registered web/);
    const watch = stage.start(['lookup', 'web', '--watch', own], { within });
    await watch.printed({ change: 'synced' });

    await server.end('SIGKILL');
    const killedMs = performance.now();
    await passed(killedMs + AWAY_MS);
    const again = stage.start(serve, { within });
    await again.said({ event: 'server-started' });
    const startedMs = performance.now();
    await again.said({ event: 'instance-registered' });
    const registeredMs = performance.now() - startedMs;
    await watch.line(/"change":"(?:live|added)"/);
    const toldMs = performance.now() - startedMs;

    process.stderr.write(
      `    registered again after ${registeredMs.toFixed(0)} ms, told after ${toldMs.toFixed(0)} ms\n`,
    );
    await sidecar.end('SIGTERM');
  },
);

/** What is listened to, as `ss` lists it. */
function listeners({ enter }: Namespace): string {
  const words = ['ss', '--listening', '--numeric', '--tcp'];
  const [program = '', ...rest] = [...enter, ...words];
  return spawnSync(program, rest, { encoding: 'utf8' }).stdout;
}

/** Long enough for the pauses between attempts to grow to many seconds, if nothing bounds them. */
const AWAY_MS = 20_000;
