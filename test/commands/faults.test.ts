// Faults of the machine: no more files, no place for a socket, names that do not resolve, other
// families of addresses. The server runs on, and says once what is wrong.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { clientOf, Raw } from '../hostile/raw.ts';
import { eventually } from '../support/conditions.ts';
import { freePort } from '../support/free-port.ts';
import { madeSecret, secretFileOf } from '../support/locks.ts';
import { needs } from '../support/needs.ts';
import { type Running, type Stage, test } from '../support/processes.ts';

const RUN = join(import.meta.dirname, '../../bin/run.js');
const JSON_LOG = '--log-format=json';
const WELCOME = 1;

test('with few open files strangers go first, and a client is served', async ({ stage }) => {
  const address = stage.address();
  const serve = `exec ${process.execPath} ${RUN} serve --bind=${address} ${JSON_LOG}`;
  const server = stage.spawn(['sh', '-c', `ulimit -n 112 && ${serve}`]);
  const { connections } = await server.said({ event: 'few-open-files', files: 112 });
  await server.said({ event: 'server-started' });

  const strangers = Array.from({ length: 200 }, () => new Raw(address));
  await Promise.all(strangers.map((stranger) => stranger.hear(WELCOME)));
  // The kernel itself may turn one away, while the files of those that went are not closed yet.
  const outcome = await eventually(
    () => 'a client is served',
    async () => {
      const session = await clientOf(address);
      return (await session.outcome()) === 'open' ? 'open' : undefined;
    },
  );
  const { code } = await stage.run(['status', `--server=${address}`]);

  expect(connections).toBe(32);
  expect(outcome).toBe('open');
  expect(code).toBe(0);
  expect(server.allSaid({ event: 'limit-reached' })).toHaveLength(1);
  for (const stranger of strangers) stranger.leave();
});

test('with few open files a locked door lets the oldest go as well, and a client in', async ({
  stage,
}) => {
  const address = stage.address();
  const lock = `--secret-file=${secretFileOf(stage, 'secret', madeSecret())}`;
  const serve = `exec ${process.execPath} ${RUN} serve --bind=${address} ${lock} ${JSON_LOG}`;
  const server = stage.spawn(['sh', '-c', `ulimit -n 112 && ${serve}`]);
  await server.said({ event: 'server-started' });

  const strangers = Array.from({ length: 200 }, () => new Raw(address));
  const reason = 'too many connections wait for their handshake, and it has waited longest';
  await server.said({ event: 'refused-stranger', reason });
  const { code } = await stage.run(['status', `--server=${address}:17340`, lock]);

  expect(code).toBe(0);
  for (const stranger of strangers) stranger.leave();
});

test('clients beyond the limit exit 4, with the cause and what to do', async ({ stage }) => {
  const address = stage.address();
  const words = ['serve', `--bind=${address}`, '--max-connections=1', JSON_LOG];
  const server = stage.start(words);
  await server.said({ event: 'server-started' });
  const session = await clientOf(address);
  const beating = setInterval(() => session.send(Buffer.from('438205a0', 'hex')), 500);

  const { code, stderr } = await stage.run(['lookup', 'db', `--server=${address}:17340`]);
  clearInterval(beating);
  session.leave();
  await eventually(
    () => 'the place is free again',
    async () => {
      const again = await stage.run(['status', `--server=${address}:17340`]);
      return again.code === 0 ? again : undefined;
    },
  );

  expect(code).toBe(4);
  expect(stderr).toMatch(/limit is 1 connections: .*--max-connections/);
});

test('a service beyond the limit of registrations exits 4, with the cause', async ({ stage }) => {
  const address = stage.address();
  const words = ['serve', `--bind=${address}`, '--max-registrations=1', JSON_LOG];
  const server = stage.start(words);
  await server.said({ event: 'server-started' });
  const register = ['register', `--server=${address}:17340`, '--port=1', '--log-format=json'];
  const first = stage.start([...register, '--name=one']);
  await first.said({ event: 'registered' });

  const { code, stderr } = await stage.run([...register, '--name=two']);

  expect(code).toBe(4);
  expect(stderr).toContain('the limit is 1 registrations');
});

test.skipIf(!needs('util-linux') || !needs('iproute2'))(
  'where no socket can be made, for a read-only or a full /run, the server runs without',
  async ({ stage }) => {
    const mounts = [
      'mount -o remount,ro /run',
      'umount /run && mount -t tmpfs -o nr_inodes=1,mode=755 x /run',
    ];
    for (const mount of mounts) {
      const within = await stage.openNamespace();
      const options = { within, env: { XDG_RUNTIME_DIR: undefined } };
      await stage.spawn(['sh', '-c', mount], options).ended;
      const server = stage.start(['serve', JSON_LOG], options);

      await server.said({ event: 'no-socket' });
      const { code } = await stage.run(['status'], options);

      expect(code).toBe(0);
      expect(server.allSaid({ event: 'no-socket' })).toHaveLength(1);
      await server.end();
    }
  },
);

test.skipIf(!needs('util-linux') || !needs('iproute2'))(
  'a peer’s name is resolved anew: it may fail at first, and lead elsewhere later',
  async ({ stage }) => {
    const hosts = join(stage.folder, 'hosts');
    writeFileSync(hosts, '127.0.0.1 localhost\n');
    const within = await stage.openNamespace();
    await stage.spawn(['mount', '--bind', hosts, '/etc/hosts'], { within }).ended;
    const serve = (host: number, ...words: string[]): Running => {
      const place = [`--bind=127.0.0.${String(host)}`, `--host=h${String(host)}`];
      return stage.start(['serve', ...place, JSON_LOG, ...words], { within });
    };
    const asking = serve(4, '--peer=elsewhere.example');
    await asking.said({ event: 'dial-failed' });

    const first = serve(2, '--master');
    writeFileSync(hosts, '127.0.0.1 localhost\n127.0.0.2 elsewhere.example\n');
    await asking.said({ event: 'link-up', host: 'h2' });
    await first.end('SIGKILL');
    serve(3, '--master');
    writeFileSync(hosts, '127.0.0.1 localhost\n127.0.0.3 elsewhere.example\n');

    const { host } = await asking.said({ event: 'link-up', host: 'h3' });
    expect(host).toBe('h3');
  },
);

test('IPv6 alone and both families at once are served', async ({ stage }) => {
  const [six, both] = [await freePort(), await freePort()];
  const wildcard = ['--insecure', `--advertise=127.0.0.1:${String(both)}`, '--host=h2'];
  await started(stage, [`--bind=[::1]:${String(six)}`, '--socket=none']);
  await started(stage, [`--bind=[::]:${String(both)}`, '--socket=none', ...wildcard]);

  const asked = [`[::1]:${String(six)}`, `[::1]:${String(both)}`, `127.0.0.1:${String(both)}`];
  const ended = await Promise.all(
    asked.map((server) => stage.run(['status', `--server=${server}`, '--json'])),
  );

  expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
});

test('a server behind another address is found where it says that it is', async ({ stage }) => {
  const [inside, outside, other] = [stage.address(), stage.address(), stage.address()];
  const door = await forwarding(outside, inside);
  const hidden = ['--master', `--advertise=${outside}`, '--host=h1'];
  await started(stage, [`--bind=${inside}`, ...hidden]);
  const peer = await started(stage, [`--bind=${other}`, '--host=h2', `--peer=${outside}:17340`]);

  await peer.said({ event: 'link-up', host: 'h1' });
  const { stdout } = await stage.run(['peers', `--server=${other}`, '--json']);
  door.close();

  const { servers } = JSON.parse(stdout) as { servers: { host: string; addresses: string[] }[] };
  const rows = servers.filter(({ host }) => host === 'h1');
  expect(rows.map(({ addresses }) => addresses)).toEqual([[`${outside}:17340`]]);
});

test('no decision depends on the clock on the wall, so it may leap', () => {
  const root = join(import.meta.dirname, '../..');
  const users = ['core', 'protocol', 'io'].flatMap((folder) => filesOf(join(root, 'src', folder)));

  // When a certificate expires is a matter of that clock; other times of it are only told.
  const expiries = ['/certificates.ts', '/http-tls.ts'];
  const excepted = [...expiries, '/process-measures.ts', '/written-times.ts'];
  const own = users.filter((file) => excepted.every((end) => !file.endsWith(end)));
  const wrong = own.filter((file) => /\bDate\b|timeOrigin/.test(readFileSync(file, 'utf8')));

  expect(users.length).toBeGreaterThan(60);
  expect(wrong).toEqual([]);
});

async function started(stage: Stage, words: readonly string[]): Promise<Running> {
  const server = stage.start(['serve', JSON_LOG, ...words]);
  await server.said({ event: 'server-started' });
  return server;
}

async function forwarding(from: string, to: string): Promise<Server> {
  const server = createServer((near) => {
    const far = connect({ host: to, port: 17340 });
    for (const end of [near, far]) end.on('error', () => undefined);
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(17340, from, resolve));
  return server;
}

function filesOf(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}
