// What waits at the connections of DNS over TCP, at ends that do not read, or send too slowly.

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';

import type { DnsLimitName } from '../../../src/doors/dns/limits.ts';
import type { DnsSource } from '../../../src/io/doors/dns-sockets.ts';
import { DnsStreams } from '../../../src/io/doors/dns-tcp.ts';

/** A connection whose other end reads nothing. */
class Mute extends Duplex {
  readonly remoteAddress: string;

  constructor(remoteAddress = '127.0.0.1') {
    super();
    this.remoteAddress = remoteAddress;
  }

  override _read(): void {
    // Nothing comes but what is pushed.
  }

  override _write(): void {
    // It is never done.
  }

  setTimeout(): this {
    return this;
  }
}

const QUERY = Buffer.from([0, 1, 7]);

/** Connections that ask, and what is done with the answers. */
function stageOf(): {
  readonly connect: (queries: number) => Promise<Mute>;
  readonly answerAll: (bytes: number) => void;
  readonly reached: DnsLimitName[];
} {
  const reached: DnsLimitName[] = [];
  const asked: DnsSource[] = [];
  const streams = new DnsStreams((limit) => reached.push(limit));
  return {
    reached,
    connect: async (queries) => {
      const socket = new Mute();
      streams.add(socket as unknown as Socket, (_, source) => {
        asked.push(source);
        return true;
      });
      const before = asked.length;
      socket.push(Buffer.concat(Array.from({ length: queries }, () => QUERY)));
      await expect.poll(() => asked.length).toBe(before + queries);
      return socket;
    },
    answerAll: (bytes) => {
      for (const source of asked.splice(0)) source.reply(new Uint8Array(bytes));
    },
  };
}

test('of connections that do not read, those with the most are closed beyond 64 MiB in all', async () => {
  const { connect, answerAll, reached } = stageOf();
  const small = await connect(1);
  const greedy: Mute[] = [];
  for (let count = 0; count < 20; count += 1) greedy.push(await connect(64));

  answerAll(65_535);

  const left = [small, ...greedy].filter(({ destroyed }) => !destroyed);
  const waiting = left.reduce((sum, { writableLength }) => sum + writableLength, 0);
  expect(waiting).toBeLessThanOrEqual(64 * 1_024 * 1_024);
  expect(left.length).toBeGreaterThan(10);
  expect(left).toContain(small);
  expect(new Set(reached)).toEqual(new Set(['dns-unread-bytes-in-all']));
});

test('of all places together 256 connections are open, and the longest idle makes room', async () => {
  const { connect, reached } = stageOf();
  const idle = await connect(1);
  const others: Mute[] = [];
  for (let count = 0; count < 256; count += 1) others.push(await connect(1));

  expect(idle.destroyed).toBe(true);
  expect(others.every(({ destroyed }) => !destroyed)).toBe(true);
  expect(reached).toEqual(['dns-connections']);
});

test('connections from other machines take no place from those of this host', () => {
  const streams = new DnsStreams(() => undefined);
  const connect = (address: string): Mute => {
    const socket = new Mute(address);
    streams.add(socket as unknown as Socket, () => true);
    return socket;
  };
  const near = connect('127.0.0.1');
  const far = Array.from({ length: 300 }, () => connect('192.0.2.7'));
  const nearer = Array.from({ length: 255 }, () => connect('127.0.0.1'));
  const late = connect('192.0.2.7');

  expect([near, ...nearer].filter(({ destroyed }) => destroyed)).toEqual([]);
  expect([...far, late].filter(({ destroyed }) => !destroyed)).toEqual([]);
});

test('a query that has begun is whole within two seconds, however its bytes trickle', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const streams = new DnsStreams(() => undefined);
    const connect = (): Mute => {
      const socket = new Mute();
      streams.add(socket as unknown as Socket, () => true);
      return socket;
    };
    const pushAndWait = async (sockets: readonly Mute[], bytes: Buffer): Promise<void> => {
      for (const socket of sockets) socket.push(bytes);
      await turn();
      vi.advanceTimersByTime(1_100);
    };
    const [first, second, whole, silent] = [connect(), connect(), connect(), connect()];
    await pushAndWait([second, whole], QUERY);
    await pushAndWait([first, second], QUERY.subarray(0, 1));
    expect([first, second, whole, silent].map((one) => one.destroyed)).toEqual([
      true,
      false,
      false,
      true,
    ]);

    await pushAndWait([second], QUERY.subarray(1, 2));

    expect([second, whole].map((one) => one.destroyed)).toEqual([true, false]);
  } finally {
    vi.useRealTimers();
  }
});

test('one that is not read from, for its answers wait, has all the time for its next query', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const asked: DnsSource[] = [];
    const streams = new DnsStreams(() => undefined);
    const socket = new Mute();
    streams.add(socket as unknown as Socket, (_, source) => asked.push(source) > 0);
    socket.push(Buffer.concat([...Array.from({ length: 64 }, () => QUERY), QUERY.subarray(0, 1)]));
    await turn();
    for (const [at, source] of asked.entries()) source.reply(new Uint8Array(at === 0 ? 9 : 65_535));

    vi.advanceTimersByTime(2_100);

    expect(asked).toHaveLength(64);
    expect(socket.destroyed).toBe(false);
  } finally {
    vi.useRealTimers();
  }
});

test('bytes that get no answer hold no place among the queries of a connection', async () => {
  let taken = 0;
  const streams = new DnsStreams(() => undefined);
  const socket = new Mute();
  streams.add(socket as unknown as Socket, () => {
    taken += 1;
    return false;
  });

  socket.push(Buffer.concat(Array.from({ length: 70 }, () => QUERY)));
  await turn();

  expect(taken).toBe(70);
});
