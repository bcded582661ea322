// Environments never meet: a mismatch is closed and logged with both names and the address, it is
// not tried again, and side by side on one host each finds its own.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect } from 'vitest';
import { encodeMessage } from '../../src/protocol/codec.ts';
import { encodeFrame } from '../../src/protocol/frame.ts';
import type { Name } from '../../src/protocol/ids.ts';
import type { Message } from '../../src/protocol/messages.ts';
import { welcomeOf } from '../support/stage.ts';
import { needs } from '../support/needs.ts';
import {
  type Fields,
  type Namespace,
  type Running,
  type Stage,
  test,
} from '../support/processes.ts';

const ENVIRONMENTS = ['production', 'staging', 'testing', 'development'];

test('a lookup in another environment than the server serves is refused', async ({ stage }) => {
  const address = stage.address();
  await serving(stage, [`--bind=${address}`]);

  const words = ['lookup', 'db', '--environment=staging', `--server=${address}:17340`];
  const ended = await stage.run([...words, '--json']);

  const { error } = JSON.parse(ended.stdout) as { error: Fields };
  expect(ended.code).toBe(4);
  expect(error).toMatchObject({ code: 'RARANGI_REFUSED' });
  expect(error['message']).toMatch(/development.*staging|staging.*development/);
  expect(error['message']).toContain(`${address}:17340`);
});

test('a server refuses a client that says hello from another environment', async ({ stage }) => {
  const address = stage.address();
  const server = await serving(stage, [`--bind=${address}`]);

  const socket = connect({ host: address, port: 17340 });
  await once(socket, 'connect');
  const { port } = socket.address() as AddressInfo;
  socket.resume();
  socket.write(
    frameOf({
      kind: 'hello',
      protocol: 2,
      role: 'client',
      environment: 'staging' as Name,
    }),
  );
  await once(socket, 'close');

  await server.said({
    event: 'refused-environment',
    address: `127.0.0.1:${port}`,
    ours: 'development',
    theirs: 'staging',
  });
});

test('servers of two environments that dial each other both refuse', async ({ stage }) => {
  const [here, there] = [stage.address(), stage.address()];

  const [one, other] = await Promise.all([
    serving(stage, [`--bind=${here}`, `--peer=${there}:17330`]),
    serving(stage, ['--environment=testing', `--bind=${there}`, `--peer=${here}:17340`]),
  ]);
  // The one that was first met no other, and tries again: at once when it is told to.
  for (const server of [one, other]) server.signal('SIGHUP');

  await one.said({
    event: 'refused-environment',
    address: `${there}:17330`,
    ours: 'development',
    theirs: 'testing',
  });
  await other.said({
    event: 'refused-environment',
    address: `${here}:17340`,
    ours: 'testing',
    theirs: 'development',
  });
});

test('a server of another environment is not dialled again until SIGHUP', async ({ stage }) => {
  const stranger = await greeter(stage.address(), welcomeOf({ environment: 'testing' }));
  const closer = await greeter(stage.address(), null);
  const peers = [`--peer=${stranger.address}`, `--peer=${closer.address}`];

  try {
    const server = await serving(stage, [`--bind=${stage.address()}`, ...peers]);
    // By then an address that is tried again would have been, several times.
    await closer.dialled(4);
    const dialsBefore = stranger.dialsCount();
    server.signal('SIGHUP');
    await stranger.dialled(2);

    expect(dialsBefore).toBe(1);
  } finally {
    stranger.close();
    closer.close();
  }
});

const runsNamespaces = needs('util-linux') && needs('iproute2');

for (const socket of [[], ['--socket=none']]) {
  const by = socket.length === 0 ? 'socket' : 'port';
  test.skipIf(!runsNamespaces)(
    `four environments side by side each find their own by ${by}`,
    async ({ stage }) => {
      const within = await stage.openNamespace();
      const options = { within };
      const servers = ENVIRONMENTS.flatMap((environment) => [environment, environment]).map(
        (environment) =>
          stage.start(['serve', '-e', environment, ...socket, '--log-format=json'], options),
      );
      await Promise.all(servers.map((server) => server.said({ event: 'server-started' })));

      const sidecars = ENVIRONMENTS.map((environment, index) =>
        registering(stage, ['-e', environment, '--port', String(index + 1)], within),
      );
      await Promise.all(sidecars.flatMap((one) => [registered(one), registered(one)]));
      const found = await Promise.all(
        ENVIRONMENTS.map((environment) => stage.run(['lookup', 'web', '-e', environment], options)),
      );

      expect(found.map(({ stdout }) => stdout)).toEqual(
        [1, 2, 3, 4].map((port) => `127.0.0.1:${port}\n`),
      );
    },
  );
}

test.skipIf(!runsNamespaces)('a bare serve serves development', async ({ stage }) => {
  const options = { within: await stage.openNamespace() };
  const server = stage.start(['serve'], options);
  await server.line(/serves development on 127\.0\.0\.1:17340$/);

  const here = await stage.run(['status', '--json'], options);
  const elsewhere = await stage.run(['lookup', 'db', '-e', 'production'], options);

  expect(JSON.parse(here.stdout)).toMatchObject({ environment: 'development', state: 'healthy' });
  expect(elsewhere.code).toBe(3);
  expect(elsewhere.stderr).toContain('run on this host: development');
});

test('an environment of your own works with an explicit address', async ({ stage }) => {
  const server = `${stage.address()}:7001`;
  await serving(stage, ['-e', 'blue', `--bind=${server}`]);
  const sidecar = registering(stage, ['-e', 'blue', '--port=80', `--server=${server}`]);
  await registered(sidecar);

  const found = await stage.run(['lookup', 'web', '-e', 'blue', `--server=${server}`]);
  const portless = await stage.run(['serve', '-e', 'blue']);

  expect(found).toMatchObject({ code: 0, stdout: `${server.split(':')[0]}:80\n` });
  expect(portless.code).toBe(2);
  expect(portless.stderr).toContain('--bind');
});

async function serving(stage: Stage, words: readonly string[]): Promise<Running> {
  const server = stage.start(['serve', '--log-format=json', ...words]);
  await server.said({ event: 'server-started' });
  return server;
}

function registering(stage: Stage, words: readonly string[], within?: Namespace): Running {
  const all = ['register', '--name=web', '--log-format=json', ...words];
  return stage.start(all, within === undefined ? {} : { within });
}

function registered(sidecar: Running): Promise<Fields> {
  return sidecar.said({ event: 'registered' });
}

function frameOf(message: Message): Uint8Array {
  return encodeFrame(encodeMessage(message));
}

/** Listens, and greets each client with a message, or closes without a word. */
async function greeter(host: string, greeting: Message | null) {
  let dialsCount = 0;
  let wake: () => void = () => undefined;
  const server = createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    dialsCount += 1;
    wake();
    if (greeting === null) socket.destroy();
    else socket.write(frameOf(greeting));
  }).listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `${host}:${port}`,
    dialsCount: () => dialsCount,
    dialled: async (times: number): Promise<void> => {
      while (dialsCount < times) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    close: () => server.close(),
  };
}
