// An environment with a secret: clients with it come in, and all others are told why not, once.

import { connect as connectPlain, createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'vitest';

import { eventually } from '../support/conditions.ts';
import { madeSecret, secretFileOf, serving } from '../support/locks.ts';
import { needs } from '../support/needs.ts';
import { type Running, type Stage, test } from '../support/processes.ts';

const PORT = 17340;

test('with its secret all goes as without one', async ({ stage }) => {
  const { address, flags } = await lockedServer(stage);
  const sidecar = registering(stage, [`--server=${address}`, ...flags]);
  await sidecar.said({ event: 'registered' });

  const found = await stage.run(['lookup', 'web', `--server=${address}`, ...flags]);
  const status = await stage.run(['status', '--json', `--server=${address}`, ...flags]);
  const page = await stage.run(['status', `--server=${address}`, ...flags]);

  expect(found).toMatchObject({ code: 0, stdout: `${address}:80\n` });
  expect(JSON.parse(status.stdout)).toMatchObject({ state: 'healthy' });
  expect(page.stdout).toMatch(/^lock +TCP is locked by the secret/m);
});

test('a killed service and a killed server are seen through TLS as at once as without', async ({
  stage,
}) => {
  const { address, server, flags } = await lockedServer(stage);
  const there = stage.address();
  const other = await serving(stage, [
    `--bind=${there}`,
    '--host=h2',
    `--peer=${address}`,
    ...flags,
  ]);
  await other.said({ event: 'link-up' });
  const watch = stage.start(['lookup', 'web', '--watch', `--server=${there}`, ...flags]);
  await watch.printed({ change: 'synced' });
  const sidecar = registering(stage, [`--server=${address}`, ...flags]);
  await watch.printed({ change: 'added' });

  sidecar.signal('SIGKILL');
  const gone = await watch.printed({ change: 'removed' });
  other.signal('SIGKILL');
  const down = await server.said({ event: 'link-down' });

  expect(gone).toMatchObject({ cause: 'closed' });
  expect(down['reason']).not.toContain('silen');
});

for (const command of ['lookup web', 'status', 'peers', 'register --name=web --port=80']) {
  test(`${command} with another secret is refused and exits 4`, async ({ stage }) => {
    const { address, server } = await lockedServer(stage);
    const wrong = secretFileOf(stage, 'wrong', madeSecret());

    const words = [...command.split(' '), `--server=${address}:${PORT}`];
    const { code, stderr } = await stage.run([...words, `--secret-file=${wrong}`]);

    expect(code).toBe(4);
    expect(stderr).toContain(`${address}:${PORT}: it has another secret for development`);
    await server.said({
      event: 'refused-stranger',
      reason: 'it has another secret for development',
    });
  });
}

test("another environment's secret is refused, and both environments are in the log", async ({
  stage,
}) => {
  const { address, server, flags } = await lockedServer(stage);

  const words = ['lookup', 'web', '-e', 'staging', `--server=${address}:${PORT}`];
  const { code, stderr } = await stage.run([...words, ...flags]);

  expect(code).toBe(4);
  expect(stderr).toContain('or serves another environment');
  expect(stderr).not.toContain('development');
  await server.said({
    event: 'refused-stranger',
    reason: 'it asks for environment staging, this server serves development',
  });
});

test('a client without a secret is asked within a second whether it needs one', async ({
  stage,
}) => {
  const { address, server } = await lockedServer(stage);

  const { code, stderr } = await stage.run(['lookup', 'web', `--server=${address}:${PORT}`]);

  expect(code).toBe(4);
  expect(stderr).toContain('it speaks TLS, but this side has no secret');
  expect(stderr).toContain('--secret-file');
  await server.said({
    event: 'refused-stranger',
    reason: 'it said nothing: does it have a secret?',
  });
});

test('a client with a secret is refused by a server that has none', async ({ stage }) => {
  const address = stage.address();
  const server = await serving(stage, [`--bind=${address}`]);
  const secret = secretFileOf(stage, 'secret', madeSecret());

  const words = ['lookup', 'web', `--server=${address}:${PORT}`];
  const { code, stderr } = await stage.run([...words, `--secret-file=${secret}`]);

  expect(code).toBe(4);
  expect(stderr).toContain('it speaks no TLS: it runs without a secret');
  await server.said({
    event: 'refused-stranger',
    reason: 'it speaks TLS, but this side has no secret',
  });
});

test('a wrapped command runs on when the secret is wrong, with one line that says so', async ({
  stage,
}) => {
  const { address } = await lockedServer(stage);
  const wrong = secretFileOf(stage, 'wrong', madeSecret());
  const words = [`--server=${address}:${PORT}`, `--secret-file=${wrong}`, '--ready=none'];

  const sidecar = registering(stage, [...words, '--', 'cat']);
  await sidecar.said({ event: 'refused-by-all' });
  sidecar.type('still here\n');
  await sidecar.line(/^still here$/);
  const { code, stderr } = await sidecar.end();

  expect(code).toBe(143);
  expect(stderr.match(/"refused-by-all"/g)).toHaveLength(1);
});

for (const [how, words] of Object.entries({
  'another secret': (stage: Stage) => [
    `--secret-file=${secretFileOf(stage, 'wrong', madeSecret())}`,
  ],
  'no secret': () => [],
})) {
  test(`a server with ${how} is refused, and dials again only at SIGHUP`, async ({ stage }) => {
    const { address } = await lockedServer(stage);
    const relay = await relayTo(address);
    const peer = `--peer=127.0.0.1:${relay.port}`;

    const server = await serving(stage, [`--bind=${stage.address()}`, peer, ...words(stage)]);
    await server.said({ event: 'refused-address' });
    const dialsBefore = relay.dialsCount();
    server.signal('SIGHUP');
    await server.said({ event: 'refused-address' });

    expect([dialsBefore, relay.dialsCount()]).toEqual([1, 2]);
    relay.close();
  });
}

test('a stranger at a locked port is told nothing, whatever it says', async ({ stage }) => {
  const { address } = await lockedServer(stage);

  const heard = await Promise.all(
    ['', 'GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01', '\x16\x03\x01\x00\x05hello', '\x00'].map(
      (text) => heardAfter(address, Buffer.from(text, 'latin1')),
    ),
  );

  // An alert at most: seven bytes, none of which is about us.
  expect(heard.map((bytes) => bytes.length <= 7)).toEqual(heard.map(() => true));
  expect(heard[0]?.toString('hex')).toBe('1503030002025a');
});

test('what passes by names the environment in the identity of the secret, and nothing else', async ({
  stage,
}) => {
  const { address, flags } = await lockedServer(stage);
  const relay = await relayTo(address);
  const server = `--server=127.0.0.1:${relay.port}`;
  const sidecar = registering(stage, [server, ...flags, '--tag=colour=vermilion']);
  await sidecar.said({ event: 'registered' });

  const found = await stage.run(['lookup', 'web', server, ...flags]);
  relay.close();

  expect(found.code).toBe(0);
  const seen = relay.seen().toString('latin1');
  expect(seen.match(/development/g)?.length).toBe(seen.match(/development#[0-9a-f]{8}/g)?.length);
  expect(seen).toContain('development#');
  expect(seen).not.toMatch(/vermilion|colour|welcome|environment|origin/);
});

test('servers of three hosts with one secret link, and a fourth without it stays outside', async ({
  stage,
}) => {
  const { address, flags } = await lockedServer(stage, ['--master']);
  const leaves = [stage.address(), stage.address()];
  const start = (bind: string, index: number, words: readonly string[]) =>
    serving(stage, [`--bind=${bind}`, `--host=h${index}`, `--peer=${address}`, ...words]);

  await Promise.all(leaves.map((bind, index) => start(bind, index + 2, flags)));
  const outsider = await start(stage.address(), 9, []);
  await outsider.said({ event: 'refused-address' });
  const rows = await eventually(
    () => 'three servers',
    async () => {
      const { stdout } = await stage.run(['peers', '--json', `--server=${address}`, ...flags]);
      const { servers } = JSON.parse(stdout) as { servers: { host: string; state: string }[] };
      return servers.length === 3 ? servers : undefined;
    },
  );

  expect(rows.map(({ state }) => state)).toEqual(['reachable', 'reachable', 'reachable']);
  expect(rows.map(({ host }) => host)).not.toContain('h9');
});

test('beyond loopback a server needs a secret, or --insecure', async ({ stage }) => {
  const wildcard = ['serve', '--bind=0.0.0.0:0', '--advertise=127.0.0.1', '--socket=none'];
  const secret = secretFileOf(stage, 'secret', madeSecret());

  const bare = await stage.run(wildcard);
  const locked = stage.start([...wildcard, `--secret-file=${secret}`, '--log-format=json']);

  expect(bare.code).toBe(2);
  expect(bare.stderr).toContain('--secret-file');
  await locked.said({ event: 'server-started' });
});

test('the UNIX socket of a locked server asks for no secret', async ({ stage }) => {
  const socket = join(stage.folder, 'a.sock');
  await lockedServer(stage, [`--socket=${socket}`]);

  const plain = await stage.run(['status', `--server=${socket}`]);

  expect(plain.code).toBe(0);
  expect(plain.stdout).toMatch(/^lock +TCP is locked by the secret/m);
});

test.skipIf(!needs('openssl'))(
  'openssl comes in with the secret, and not without',
  async ({ stage }) => {
    const { address, secret } = await lockedServer(stage);
    const knock = (key: string, identity: string, ...more: string[]) =>
      stage.spawn([
        ...['openssl', 's_client', '-connect', `${address}:${PORT}`, '-tls1_3', '-psk', key],
        ...['-psk_identity', identity, '-ciphersuites', 'TLS_AES_128_GCM_SHA256', ...more],
      ]).ended;

    const [right, wrong, other, groups, old] = await Promise.all([
      knock(secret, 'development'),
      knock(madeSecret(), 'development'),
      knock(secret, 'production'),
      knock(secret, 'development', '-groups', 'X25519'),
      knock(secret, 'development', '-no_tls1_3', '-tls1_2'),
    ]);

    expect(right.stdout).toMatch(/Server Temp Key: X25519/);
    expect(groups.stdout).toMatch(/TLSv1\.3, Cipher is TLS_AES_128_GCM_SHA256/);
    // A stranger is not told which of the two it was: so names of environments cannot be tried out.
    for (const { stderr } of [wrong, other]) expect(stderr).toMatch(/alert decrypt error/);
    expect(old.code).not.toBe(0);
  },
);

test.skipIf(!needs('openssl'))(
  'no ticket outlives the secret that it was got with',
  async ({ stage }) => {
    const { address, secret } = await lockedServer(stage);
    const session = join(stage.folder, 'session.pem');
    const at = ['openssl', 's_client', '-connect', `${address}:${PORT}`, '-tls1_3'];
    const shown = ['-psk', secret, '-psk_identity', 'development', '-sess_out', session];
    const first = stage.spawn([...at, ...shown, '-ciphersuites', 'TLS_AES_128_GCM_SHA256']);
    await first.line(/read R BLOCK|welcome/);
    first.type('Q\n');
    await first.ended;

    const again = await stage.spawn([...at, '-sess_in', session]).ended;

    expect(again.code).not.toBe(0);
    expect(again.stderr).toMatch(/alert|error/);
  },
);

interface Locked {
  readonly address: string;
  readonly server: Running;
  readonly secret: string;
  /** The flags that a client needs to come in. */
  readonly flags: readonly string[];
}

async function lockedServer(stage: Stage, words: readonly string[] = []): Promise<Locked> {
  const address = stage.address();
  const secret = madeSecret();
  const flags = [`--secret-file=${secretFileOf(stage, 'secret', secret)}`];
  const server = await serving(stage, [`--bind=${address}`, '--host=h1', ...flags, ...words]);
  return { address, server, secret, flags };
}

function registering(stage: Stage, words: readonly string[]): Running {
  return stage.start(['register', '--name=web', '--port=80', '--log-format=json', ...words]);
}

/** The answer of a server to some bytes, until it closes. */
async function heardAfter(host: string, bytes: Uint8Array): Promise<Buffer> {
  const socket = connectPlain({ host, port: PORT });
  const chunks: Buffer[] = [];
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'connect');
  socket.write(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks);
}

/** Stands between, counts connections, and keeps all bytes that pass. */
async function relayTo(host: string) {
  const chunks: Buffer[] = [];
  let dialsCount = 0;
  const server = createServer((near) => {
    dialsCount += 1;
    const far = connectPlain({ host, port: PORT });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => to.destroy());
      from.on('data', (chunk: Buffer) => chunks.push(chunk));
      from.pipe(to);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    port,
    dialsCount: () => dialsCount,
    seen: () => Buffer.concat(chunks),
    close: () => server.close(),
  };
}
