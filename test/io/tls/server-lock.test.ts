// The door of a locked server, by itself: how long and how many may wait there, and which
// credentials are trusted after its files have been read again.

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Notice } from '../../../src/core/notices.ts';
import { credentialsOf } from '../../../src/io/tls/credentials.ts';
import { newSecret } from '../../../src/io/tls/secret-file.ts';
import { ServerLock, type ServerLockOptions } from '../../../src/io/tls/server-lock.ts';
import type { Name } from '../../../src/protocol/ids.ts';
import { atEnd, ownFolder, ownIp } from '../world.ts';
import { reasonOf } from '../../support/notices.ts';

const environment = 'testing' as Name;

/** The first record of a client, cut off after its first bytes. */
const HALF_A_HELLO = Buffer.from('16030100c8010000c40303', 'hex');

test('at the limit of strangers the oldest goes, and each is told of once', async () => {
  const door = await openDoor({ strangers: 2 });
  const oldest = await door.knock({ bytes: HALF_A_HELLO });
  const second = await door.knock({ bytes: HALF_A_HELLO });

  await door.knock({ bytes: HALF_A_HELLO });
  await Promise.all([door.isLeft(), closed(oldest)]);

  expect(door.refusals()).toEqual([
    'too many connections wait for their handshake, and it has waited longest',
  ]);
  expect(second.destroyed).toBe(false);
});

test('strangers of one address take their own places, and no others', async () => {
  const door = await openDoor({ 'connections-per-address': 2 });
  const [first, second] = [await door.knock({}), await door.knock({})];
  const elsewhere = await door.knock({ from: ownIp() });

  const third = await door.knock({});
  await closed(first);

  expect(door.refusals()).toEqual([
    'its address has too many connections, and it has waited longest',
  ]);
  expect([second, third, elsewhere].map(({ destroyed }) => destroyed)).toEqual([
    false,
    false,
    false,
  ]);
});

test('a connection that is closed leaves its place to its address', async () => {
  const door = await openDoor({ 'connections-per-address': 1 });
  const first = await door.knock({});
  first.destroy();
  await door.isLeft();

  const second = await door.knock({ bytes: Buffer.from('GET /') });
  await closed(second);

  expect(door.refusals()).toEqual(['it speaks no TLS: does it have a secret?']);
});

test('a handshake that is begun is finished within two seconds, or never', async () => {
  const door = await openDoor({});
  const startMs = performance.now();

  await closed(await door.knock({ bytes: HALF_A_HELLO }));

  expect(performance.now() - startMs).toBeGreaterThan(1_900);
  expect(door.refusals()).toEqual([TOO_SLOW]);
});

test('a client that is gone in the middle of its handshake is logged once, with its address', async () => {
  const door = await openDoor({});
  const stranger = await door.knock({ bytes: HALF_A_HELLO });
  const { localAddress, localPort } = stranger;

  stranger.end();
  await door.isLeft();

  expect(door.notices).toEqual([
    {
      name: 'refused-stranger',
      fields: {
        address: `${localAddress}:${localPort}`,
        reason: 'it closed the connection before the TLS handshake was finished',
      },
    },
  ]);
});

interface Door {
  readonly notices: readonly Notice[];
  /** Why strangers were refused, in order. */
  readonly refusals: () => readonly string[];
  /** Comes to the door and says something; resolves when the lock has it. */
  knock(how: { readonly from?: string; readonly bytes?: Uint8Array }): Promise<Socket>;
  /** Resolves when one that had come has gone. */
  isLeft(): Promise<void>;
}

async function openDoor(limits: NonNullable<ServerLockOptions['limits']>): Promise<Door> {
  const secretFile = join(ownFolder(), 'secret');
  writeFileSync(secretFile, newSecret(), { mode: 0o600 });
  const notices: Notice[] = [];
  const lock = new ServerLock({
    environment,
    read: credentialsOf({ secretFile }, environment, ['server'])!,
    onNotice: (notice) => notices.push(notice),
    limits,
  });
  const left: Promise<unknown>[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    left.push(once(socket, 'close'));
    lock.secureAccepted(socket, () => undefined);
  }).listen(0, ownIp());
  await once(server, 'listening');
  atEnd(() => {
    lock.close();
    server.close();
  });
  return {
    notices,
    refusals: () => notices.map((notice) => String(reasonOf(notice))),
    knock: (how) => knock(server, how),
    isLeft: async () => {
      await Promise.race(left);
    },
  };
}

async function knock(
  server: Server,
  { from, bytes }: { readonly from?: string; readonly bytes?: Uint8Array },
): Promise<Socket> {
  const { address, port } = server.address() as { address: string; port: number };
  const socket = connect({
    host: address,
    port,
    ...(from === undefined ? {} : { localAddress: from }),
  });
  atEnd(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.resume();
  await Promise.all([once(server, 'connection'), once(socket, 'connect')]);
  if (bytes !== undefined) socket.write(bytes);
  return socket;
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await once(socket, 'close');
}

const TOO_SLOW = 'the TLS handshake was not finished in time';
