// A lookup as a shell sees it: its words on stdout, and its exit code.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { encodeMessage } from '../../src/protocol/codec.ts';
import { encodeFrame } from '../../src/protocol/frame.ts';
import { startHosts } from '../support/hosts.ts';
import { type Fields, type Running, type Stage, test } from '../support/processes.ts';
import { welcomeOf } from '../support/stage.ts';

const RUN = join(import.meta.dirname, '../../bin/run.js');

test('where there is none with a tag, the tag is named, and where the others are', async ({
  stage,
}) => {
  const { look, register } = await oneServer(stage);
  await register(['--name=db', '--port=1', '--tag=role=primary']);

  const { code, stderr } = await look(['db', '--tag=role=replica', '--cluster=akl']);

  const said = 'no instance of db with role=replica in cluster akl';
  expect([code, stderr]).toEqual([
    1,
    `warning: ${said}; see what there is with: rarangi lookup db\n`,
  ]);
});

test('each format prints what it says', async ({ stage }) => {
  const { address, look, register } = await oneServer(stage);
  await register(['--name=my-db', '--port=5432', '--scheme=pg', '--tag=zone=a b', '--tag=v=1']);
  const formats = ['hostport', 'host', 'port', 'uri', 'env'];

  const printed = await Promise.all(
    formats.map(async (format) => (await look(['my-db', `--format=${format}`])).stdout),
  );
  const [asFormat, asFlag] = await Promise.all([
    look(['my-db', '--format=json']),
    look(['my-db', '--json']),
  ]);

  expect(printed).toEqual([
    `${address}:5432\n`,
    `${address}\n`,
    '5432\n',
    `pg://${address}:5432\n`,
    expect.stringMatching(
      new RegExp(
        `^MY_DB_HOST='?${address}'?\nMY_DB_PORT='?5432'?\nMY_DB_URI='?pg://${address}:5432'?\n`,
      ),
    ),
  ]);
  expect(printed[4]).toContain("MY_DB_TAG_ZONE='a b'\n");
  expect(asFormat.stdout).toBe(asFlag.stdout);
  expect(JSON.parse(asFlag.stdout)).toEqual({
    service: 'my-db',
    complete: true,
    missing: [],
    missingCount: 0,
    instances: [
      {
        name: 'my-db',
        instance: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        address,
        port: 5432,
        scheme: 'pg',
        tags: { zone: 'a b', v: '1' },
        cluster: 'default',
        host: expect.any(String) as string,
        state: 'live',
      },
    ],
  });
});

test('a shell can evaluate what the tags hold', async ({ stage }) => {
  const { address, register } = await oneServer(stage);
  const note = `'; echo no; "$(echo no)" \`echo no\` \\ $HOME * é`;
  await register(['--name=db', '--port=1', `--tag=note=${note}`]);

  const script = 'eval "$("$@" --format env)" && printf "%s|" "$DB_PORT" "$DB_TAG_NOTE"';
  const { code, stdout } = await stage.spawn([
    ...['sh', '-c', script, 'sh', process.execPath, RUN, 'lookup', 'db', `--server=${address}`],
  ]).ended;

  expect([code, stdout]).toEqual([0, `1|${note}|`]);
});

test('one, tags and the cluster choose among the instances', async ({ stage }) => {
  const { look, register } = await oneServer(stage, ['--cluster=east']);
  await Promise.all([
    register(['--name=db', '--port=1', '--tag=v=1', '--tag=role=main']),
    register(['--name=db', '--port=2', '--tag=v=2', '--tag=role=main']),
  ]);
  const ports = async (words: readonly string[]) => {
    const { code, stdout } = await look(['db', '--format=port', ...words]);
    return [
      code,
      ...stdout
        .split('\n')
        .filter((line) => line !== '')
        .sort(),
    ];
  };

  expect(await ports([])).toEqual([0, '1', '2']);
  expect(await ports(['--all'])).toEqual([0, '1', '2']);
  expect(await ports(['--one'])).toHaveLength(2);
  expect(await ports(['--tag=role=main'])).toEqual([0, '1', '2']);
  expect(await ports(['--tag=role=main', '--tag=v=2'])).toEqual([0, '2']);
  expect(await ports(['--tag=v=3'])).toEqual([1]);
  expect(await ports(['--cluster=east'])).toEqual([0, '1', '2']);
  expect(await ports(['--cluster=west'])).toEqual([1]);
});

test('without a name it lists the services', async ({ stage }) => {
  const { look, register } = await oneServer(stage);
  const none = await look([]);
  await Promise.all([
    register(['--name=db', '--port=1']),
    register(['--name=db', '--port=2']),
    register(['--name=web', '--port=3']),
  ]);

  const lines = await look([]);
  const json = await look(['--json']);

  expect(none).toMatchObject({ code: 1, stdout: '' });
  expect(none.stderr).toBe('warning: no service is registered in development\n');
  expect(lines).toMatchObject({ code: 0, stdout: 'db\nweb\n' });
  expect(JSON.parse(json.stdout)).toEqual({
    complete: true,
    missing: [],
    missingCount: 0,
    services: [
      { name: 'db', live: 2, stale: 0 },
      { name: 'web', live: 1, stale: 0 },
    ],
  });
});

test('with --wait it waits for an instance, and for a server', async ({ stage }) => {
  const address = stage.address();
  const waiting = stage.start(['lookup', 'db', '--wait=20s', `--server=${address}`]);

  const { register } = await oneServer(stage, [], address);
  await register(['--name=db', '--port=1']);

  expect(await waiting.ended).toMatchObject({ code: 0, stdout: `${address}:1\n` });
});

test('with --watch every change is a line', async ({ stage }) => {
  const { watch, register } = await oneServer(stage);
  const first = await register(['--name=db', '--port=1']);
  const watcher = watch('db');

  const present = await watcher.printed({ change: 'present' });
  await watcher.printed({ change: 'synced' });
  const second = await register(['--name=db', '--port=2']);
  const added = await watcher.printed({ change: 'added' });
  await second.end();
  const deregistered = await watcher.printed({ change: 'removed' });
  await first.end('SIGKILL');
  const closed = await watcher.printed({ change: 'removed' });
  const { code } = await watcher.end();

  expect(present['instance']).toMatchObject({ port: 1, state: 'live' });
  expect(added['instance']).toMatchObject({ port: 2, state: 'live' });
  expect(deregistered).toMatchObject({ cause: 'deregistered', instance: { port: 2 } });
  expect(closed).toMatchObject({ cause: 'closed', instance: { port: 1 } });
  expect(code).toBe(0);
});

test('the exit code says why there is nothing, with --json and without', async ({ stage }) => {
  const { address, look } = await oneServer(stage);
  const silent = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(encodeFrame(encodeMessage(welcomeOf({ environment: 'development' }))));
  }).listen(0, address);
  await once(silent, 'listening');
  const { port } = silent.address() as { port: number };
  const nobody = stage.address();
  const failures = {
    1: ['db'],
    2: ['db', '--tag=novalue'],
    3: ['db', `--server=${nobody}`],
    4: ['db', '-e', 'testing', `--server=${address}:17340`],
    6: ['db', '--timeout=300ms', `--server=${address}:${port}`],
  };
  const waited = ['db', '--wait=50ms'];

  const asked = [...Object.values(failures), waited];
  const plain = await Promise.all(asked.map(look));
  const json = await Promise.all(asked.map((words) => look([...words, '--json'])));
  silent.close();

  expect(plain.map(({ code }) => code)).toEqual([1, 2, 3, 4, 6, 6]);
  expect(plain.map(({ stdout }) => stdout)).toEqual(Array(6).fill(''));
  expect(json.map(({ code }) => code)).toEqual([1, 2, 3, 4, 6, 6]);
  for (const { stdout } of json.slice(1)) {
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: expect.stringMatching(/^RARANGI_[A-Z]+$/) as string,
        message: expect.any(String) as string,
        hint: expect.stringMatching(/./) as string,
      },
    });
  }
});

test('cut off from a host it cannot tell: exit 5, and the missing host is named', async ({
  stage,
}) => {
  const there = stage.address();
  const { look } = await oneServer(stage, [`--peer=${there}`]);

  const { code, stdout } = await look(['db', '--json']);

  expect(code).toBe(5);
  expect(JSON.parse(stdout)).toMatchObject({ complete: false, instances: [] });
});

test('usage errors are 2, in one line and a hint', async ({ stage }) => {
  const wrong = [
    ['db', '--format=xml'],
    ['db', '--wait=5'],
    ['db', '--all', '--live'],
    ['--one'],
    ['db', 'extra'],
    ['no/name'],
  ];

  const ended = await Promise.all(wrong.map((words) => stage.run(['lookup', ...words])));

  expect(ended.map(({ code }) => code)).toEqual(wrong.map(() => 2));
  for (const { stderr } of ended) expect(stderr).toMatch(/^error: .+\nhint: .+\n$/);
});

test('when side A is gone, side B answers at once', async ({ stage }) => {
  const [host] = await startHosts(stage, 1);
  const { address, a } = host!;
  const sidecar = stage.start([
    ...['register', '--name=db', '--port=1', '--log-format=json', `--server=${address}`],
  ]);
  await sidecar.said({ event: 'registered' });
  await sidecar.said({ event: 'registered' });

  await a.end('SIGKILL');
  const ended = await stage.run(['lookup', 'db', `--server=${address}`]);

  expect(ended).toMatchObject({ code: 0, stdout: `${address}:1\n` });
});

/** A server on its own, and its callers. */
async function oneServer(stage: Stage, words: readonly string[] = [], address = stage.address()) {
  const bind = `--bind=${address}`;
  const server = stage.start(['serve', bind, '--log-format=json', ...words]);
  await server.said({ event: 'server-started' });
  const at = `--server=${address}`;
  return {
    address,
    look: (asked: readonly string[]) => {
      const isNamed = asked.some((word) => word.startsWith('--server='));
      return stage.run(['lookup', ...asked, ...(isNamed ? [] : [at])]);
    },
    watch: (service: string): Running => stage.start(['lookup', service, '--watch', at]),
    register: async (offer: readonly string[]): Promise<Running> => {
      const sidecar = stage.start(['register', '--log-format=json', at, ...offer]);
      await sidecar.said({ event: 'registered' } satisfies Fields);
      return sidecar;
    },
  };
}
