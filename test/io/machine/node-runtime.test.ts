import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { endpointOf } from '../../../src/io/machine/addresses.ts';
import { gathered, nodeRuntime } from '../../../src/io/machine/node-runtime.ts';
import { errorCode, reasonOf } from '../../../src/io/machine/reasons.ts';
import type { Channel, Listener } from '../../../src/io/machine/runtime.ts';
import { needs } from '../../support/needs.ts';
import { atEnd, ownFolder, ownIp } from '../world.ts';

/** One end of a connection, and what has happened there. */
class End {
  readonly log: string[] = [];
  bytesCount = 0;
  isAccepted = false;
  connection!: Channel;

  readonly accept = (connection: Channel) => {
    this.connection = connection;
    this.isAccepted = true;
    return {
      received: (chunk: Uint8Array) => {
        this.bytesCount += chunk.length;
        if (chunk.length < 100) this.log.push(Buffer.from(chunk).toString());
      },
      drained: () => void this.log.push('drained'),
      closed: (reason: string) => void this.log.push(`closed: ${reason}`),
    };
  };

  write(text: string): void {
    this.connection.write([Buffer.from(text)]);
  }

  /** Resolves when it has ended. */
  end(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.connection.end(limitMs, resolve);
    });
  }
}

async function listening(address = `${ownIp()}:0`): Promise<Listener> {
  const listener = await nodeRuntime.listen(address);
  atEnd(() => {
    listener.close();
  });
  return listener;
}

function dialled(address: string): Promise<End> {
  const end = new End();
  return new Promise((resolve, reject) => {
    nodeRuntime.dial(address, {
      opened: (connection) => {
        atEnd(() => end.end(0));
        resolve(end);
        return end.accept(connection);
      },
      failed: (reason) => {
        reject(new Error(reason));
      },
      refused: (reason) => {
        reject(new Error(reason));
      },
    });
  });
}

/** Both ends of a new connection. */
async function connected(address?: string): Promise<readonly [End, End]> {
  const listener = await listening(address);
  const accepted = new End();
  listener.accept(accepted.accept);
  const caller = await dialled(listener.address);
  await until(() => accepted.isAccepted);
  atEnd(() => accepted.end(0));
  return [caller, accepted];
}

/** A connection whose other end is a plain socket in the hands of the test. */
async function connectedToPlain(): Promise<readonly [End, Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => server.close());
  const met = once(server, 'connection') as Promise<[Socket]>;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const end = await dialled(`127.0.0.1:${address.port}`);
  const [socket] = await met;
  atEnd(() => socket.destroy());
  return [end, socket];
}

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { interval: 2, timeout: 10_000 }).toBe(true);
}

test.each([['tcp'], ['unix']] as const)('bytes pass both ways by %s', async (transport) => {
  const address = transport === 'tcp' ? undefined : join(ownFolder(), 'a.sock');
  const [caller, accepted] = await connected(address);

  caller.write('there');
  accepted.write('back');
  await until(() => caller.log.length + accepted.log.length === 2);

  expect([caller.log, accepted.log]).toEqual([['back'], ['there']]);
  expect([caller.connection.transport, accepted.connection.transport]).toEqual([
    transport,
    transport,
  ]);
});

test('both ends know the address of the other', async () => {
  const listener = await listening();
  const accepted = new End();
  listener.accept(accepted.accept);

  const caller = await dialled(listener.address);
  await until(() => accepted.isAccepted);

  expect(caller.connection.remote).toBe(listener.address);
  expect(accepted.connection.remote).toMatch(/^127\.\d+\.\d+\.\d+:\d+$/);
});

test('a connection that came early is handed over as soon as someone accepts', async () => {
  const listener = await listening();
  const caller = await dialled(listener.address);
  caller.write('early');

  const accepted = new End();
  listener.accept(accepted.accept);
  await until(() => accepted.log.length === 1);

  expect(accepted.log).toEqual(['early']);
});

test('a listener that is closed takes no one more, and keeps whom it has', async () => {
  const listener = await listening();
  const accepted = new End();
  listener.accept(accepted.accept);
  const caller = await dialled(listener.address);
  await until(() => accepted.isAccepted);

  listener.close();

  await expect(dialled(listener.address)).rejects.toThrow('connection refused');
  caller.write('still here');
  await until(() => accepted.log.length === 1);
  expect(accepted.log).toEqual(['still here']);
});

test('an address is listened on once', async () => {
  const { address } = await listening();

  const error: unknown = await nodeRuntime.listen(address).catch((caught: unknown) => caught);

  expect(errorCode(error)).toBe('EADDRINUSE');
  expect(reasonOf(error)).toBe('the address is in use');
});

test.each([
  ['127.0.0.1:1', 'connection refused', true],
  ['/no/such.sock', 'no such socket', true],
  ['/etc/passwd/no.sock', 'ENOTDIR', false],
  ['nonsense', /./, false],
  ['host:99999', /./, false],
])('a dial of %s fails with a reason, and not before it has returned', async (...row) => {
  const [address, reason, isDeserted] = row;
  let hasReturned = false;
  const told = new Promise<unknown>((resolve) => {
    nodeRuntime.dial(address, {
      opened: () => {
        throw new Error('opened');
      },
      failed: (why, isNobodyThere = false) => {
        resolve({ why, isNobodyThere, hasReturned });
      },
      refused: () => {
        throw new Error('refused');
      },
    });
  });
  hasReturned = true;

  const why: unknown = expect.stringMatching(reason);
  expect(await told).toEqual({ why, isNobodyThere: isDeserted, hasReturned: true });
});

test('of a dial that was cancelled nothing more is heard', async () => {
  const listener = await listening();
  const heard: string[] = [];
  const handlers = {
    opened: (connection: Channel) => {
      heard.push('opened');
      return new End().accept(connection);
    },
    failed: (reason: string) => void heard.push(reason),
    refused: (reason: string) => void heard.push(reason),
  };

  for (const address of [listener.address, '127.0.0.1:1', 'nonsense']) {
    nodeRuntime.dial(address, handlers)();
  }
  await dialled(listener.address);

  expect(heard).toEqual([]);
});

test('that the other end closes is said once', async () => {
  const [caller, accepted] = await connected();

  await accepted.end(1_000);
  await until(() => caller.log.length > 0);

  expect(caller.log).toEqual(['closed: closed by the other end']);
  expect(accepted.log).toEqual([]);
});

test('a reset is told from a close', async () => {
  const [end, socket] = await connectedToPlain();

  socket.resetAndDestroy();
  await until(() => end.log.length > 0);

  expect(end.log).toEqual(['closed: connection reset']);
});

test('a write to a connection that is gone does nothing', async () => {
  const [end, socket] = await connectedToPlain();
  socket.destroy();
  await until(() => end.log.length > 0);

  end.write('to nobody');

  expect(end.log).toEqual(['closed: closed by the other end']);
});

test('bytes that the other end does not read wait here, and it is said when they have left', async () => {
  const [end, socket] = await connectedToPlain();
  socket.pause();

  end.connection.write([Buffer.alloc(32 * 1024 * 1024)]);
  const waiting = end.connection.unwrittenBytes;
  socket.resume();
  await until(() => end.log.length > 0);

  expect(waiting).toBeGreaterThan(0);
  expect(end.log).toEqual(['drained']);
  expect(end.connection.unwrittenBytes).toBe(0);
});

test('an end comes after all that was written, however much the other end has said', async () => {
  const [caller, accepted] = await connected();
  const bytes = 8 * 1024 * 1024;

  accepted.connection.write([Buffer.alloc(bytes)]);
  caller.connection.write([Buffer.alloc(bytes), Buffer.alloc(bytes)]);
  await caller.end(10_000);

  expect(accepted.bytesCount).toBe(2 * bytes);
  expect(accepted.log.at(-1)).toBe('closed: closed by the other end');
  expect(caller.log).toEqual([]);
});

test('an end does not wait for ever for the other end', async () => {
  const [end, socket] = await connectedToPlain();
  socket.pause();
  end.connection.write([Buffer.alloc(32 * 1024 * 1024)]);

  await end.end(20);

  expect(end.log).toEqual([]);
});

test('a connection that is ended while it is accepted is heard no more', async () => {
  const listener = await listening();
  const refused = new End();
  listener.accept((connection) => {
    connection.end(1_000);
    return refused.accept(connection);
  });

  const { host, port } = endpointOf(listener.address) as { host: string; port: number };
  const socket = connect({ host, port });
  socket.write('anyone?');
  socket.resume();
  await once(socket, 'close');

  expect(refused.log).toEqual([]);
});

test('an alarm rings once, not before its time, and not at all when it is cancelled', async () => {
  const atMs = nodeRuntime.nowMs() + 5;
  const rings: string[] = [];
  nodeRuntime.setAlarm(atMs, () => void rings.push('cancelled'))();

  const rangMs = await new Promise<number>((resolve) => {
    nodeRuntime.setAlarm(atMs, () => {
      rings.push('rang');
      resolve(nodeRuntime.nowMs());
    });
  });

  expect(rings).toEqual(['rang']);
  expect(rangMs).toBeGreaterThanOrEqual(atMs);
});

test('an alarm whose time has gone by rings, though not at once', async () => {
  let hasReturned = false;
  const rang = new Promise<boolean>((resolve) => {
    nodeRuntime.setAlarm(0, () => {
      resolve(hasReturned);
    });
  });
  hasReturned = true;

  expect(await rang).toBe(true);
});

test('an error without a code is said in its own words', () => {
  expect(reasonOf(new Error('it broke'))).toBe('it broke');
  expect(reasonOf('as it is')).toBe('as it is');
  expect(reasonOf(Object.assign(new Error('x'), { code: 'ESTRANGE' }))).toBe('ESTRANGE');
});

// With one port to give out, the kernel gives a dial of that very port itself for the other end.
test.skipIf(!needs('iproute2'))('a dial that meets itself is refused', () => {
  const script = `
    ip link set lo up &&
    echo 40000 40000 > /proc/sys/net/ipv4/ip_local_port_range &&
    exec "$0" --input-type=module --eval "
      import { connect } from 'node:net';
      import { nodeRuntime } from '$1';
      const plain = connect(40000, '127.0.0.1', () => {
        plain.resetAndDestroy();
        const opened = () => console.log('itself, and it was taken for another');
        const failed = (reason) => console.log('itself: ' + reason);
        nodeRuntime.dial('127.0.0.1:40000', { opened, failed });
      });
    "`;
  const built = join(import.meta.dirname, '../../../dist/io/machine/node-runtime.js');

  const { stdout, stderr } = spawnSync(
    'unshare',
    ['--user', '--map-root-user', '--net', 'sh', '-c', script, process.execPath, built],
    { encoding: 'utf8' },
  );

  expect([stdout, stderr]).toEqual(['itself: connection refused\n', '']);
});

test('chunks written at once are gathered: the same bytes, small pieces together, long ones as they are', () => {
  const sizes = [10, 20, 40_000, 30_000, 30_000, 0, 7];
  const chunks = sizes.map((size, index) => new Uint8Array(size).fill(index));

  const pieces = gathered(chunks);

  expect(pieces.map((piece) => piece.length)).toEqual([30, 40_000, 30_000, 30_007]);
  expect(pieces[1]).toBe(chunks[2]);
  expect(Buffer.concat(pieces).equals(Buffer.concat(chunks))).toBe(true);
  expect(gathered([])).toEqual([]);
});
