// The DNS door on real sockets: when it opens, what it answers by either transport, and its limits.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { expect, test } from 'vitest';

import type { Notice } from '../../../src/core/notices.ts';
import type { ServeOptions } from '../../../src/io/server/serve-options.ts';
import { serve } from '../../../src/io/server/serve.ts';
import type { Told } from '../../doors/dns/stage.ts';
import { queryBytes, toldOf, TYPES } from '../../doors/dns/stage.ts';
import { eventually } from '../../support/conditions.ts';
import { freePort } from '../../support/free-port.ts';
import { atEnd, openClient } from '../world.ts';

const ZONE = 'own.rarangi.internal';

interface Served {
  readonly port: number;
  readonly address: string;
  readonly notices: Notice[];
  readonly stop: () => Promise<void>;
}

/** A server alone, whose DNS is one port. */
async function startServer(more: ServeOptions = {}): Promise<Served> {
  const port = await freePort();
  const notices: Notice[] = [];
  const handle = await serve({
    environment: 'own',
    host: 'h1',
    bind: '127.0.0.1:0',
    socket: 'none',
    http: ['none'],
    dns: [`127.0.0.1:${String(port)}`],
    onNotice: (notice) => notices.push(notice),
    ...more,
  });
  atEnd(() => handle.stop());
  return { port, address: handle.address, notices, stop: () => handle.stop() };
}

async function offer({ address }: Served, name: string): Promise<() => Promise<void>> {
  const client = openClient({ environment: 'own', servers: [address] });
  const registration = client.register({ name, port: 8_000 });
  await registration.registered;
  return () => registration.close();
}

/** Waits for a notice. */
async function told({ notices }: Served, name: Notice['name']): Promise<Notice> {
  return await eventually(
    () => `notice ${name}`,
    () => notices.find((notice) => notice.name === name),
  );
}

async function ask(port: number, name: string, type: keyof typeof TYPES = 'A'): Promise<Told> {
  const socket = createSocket('udp4');
  try {
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.send(queryBytes(name === '' ? ZONE : `${name}.${ZONE}`, TYPES[type]));
    const [bytes] = (await once(socket, 'message')) as [Buffer];
    return toldOf(bytes);
  } finally {
    socket.close();
  }
}

/** Asks until the port is open. */
async function open(port: number): Promise<void> {
  await eventually(
    () => `DNS at port ${String(port)}`,
    () => ask(port, '', 'SOA').catch(() => undefined),
  );
}

async function dialled(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  atEnd(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

function framed(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

/** So many answers by TCP. */
async function answersOf(socket: Socket, count: number): Promise<Told[]> {
  let unread = Buffer.alloc(0);
  const told: Told[] = [];
  for await (const chunk of socket) {
    unread = Buffer.concat([unread, chunk as Buffer]);
    while (unread.length >= 2 && unread.length >= 2 + unread.readUInt16BE(0)) {
      const length = unread.readUInt16BE(0);
      told.push(toldOf(unread.subarray(2, 2 + length)));
      unread = unread.subarray(2 + length);
    }
    if (told.length >= count) break;
  }
  return told;
}

test('a service is found the moment that it is registered, and gone with its goodbye', async () => {
  const server = await startServer();
  await open(server.port);
  expect((await ask(server.port, 'web')).rcode).toBe('NXDOMAIN');

  const close = await offer(server, 'web');
  expect(await ask(server.port, 'web')).toMatchObject({
    rcode: 'NOERROR',
    answers: [{ type: 'A', data: '127.0.0.1' }],
  });
  expect((await ask(server.port, '_web._tcp', 'SRV')).answers).toMatchObject([
    { data: { port: 8_000 } },
  ]);

  await close();
  expect((await ask(server.port, 'web')).rcode).toBe('NXDOMAIN');
  const [soa] = (await ask(server.port, '', 'SOA')).answers;
  expect(soa).toMatchObject({ data: { serial: 2 } });
});

test('a server says where its doors are', async () => {
  const port = await freePort();
  const dns = [`127.0.0.1:${String(port)}`];
  const options = { environment: 'own', bind: '127.0.0.1:0', socket: 'none', http: ['none'], dns };
  const handle = await serve(options);
  atEnd(() => handle.stop());

  expect(handle.doors).toEqual([`DNS at 127.0.0.1:${String(port)}`]);
});

test('over TCP queries come behind each other, byte by byte or all at once', async () => {
  const server = await startServer();
  await open(server.port);
  await offer(server, 'web');
  const query = framed(queryBytes(`web.${ZONE}`, TYPES.A));

  const whole = await dialled(server.port);
  whole.write(Buffer.concat(Array.from({ length: 200 }, () => query)));
  expect(await answersOf(whole, 200)).toHaveLength(200);

  const slow = await dialled(server.port);
  for (const byte of query) slow.write(Uint8Array.of(byte));
  expect(await answersOf(slow, 1)).toMatchObject([{ rcode: 'NOERROR' }]);
});

test('over UDP each of many gets the answer to its own question, however fast they come', async () => {
  const server = await startServer();
  await open(server.port);
  await offer(server, 'web');
  const socket = createSocket('udp4');
  atEnd(() => socket.close());
  socket.connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  const names = ['web', 'WEB', 'wEb', '_web._tcp', 'none'];
  const asked = new Map<number, string>();
  const wrong: unknown[] = [];
  let id = 0;
  let more = (): void => undefined;
  socket.on('message', (bytes) => {
    const number = bytes.readUInt16BE(0);
    const name = `${asked.get(number) ?? 'nobody'}.${ZONE}`;
    const { answers, rcode } = toldOf(bytes);
    const isRight = answers.every((record) => record.name === name);
    if (!isRight || (rcode === 'NXDOMAIN') !== name.startsWith('none')) wrong.push(toldOf(bytes));
    asked.delete(number);
    if (asked.size === 0) more();
  });

  // So few at once that no buffer of the kernel is too small, and so many in all that memory comes
  // to its second turn.
  for (let round = 0; round < 100; round += 1) {
    const answered = new Promise<void>((resolve) => {
      more = resolve;
    });
    for (const name of Array.from({ length: 8 }, () => names).flat()) {
      id += 1;
      asked.set(id, name);
      const type = name.startsWith('_') ? TYPES.SRV : TYPES.A;
      socket.send(queryBytes(`${name}.${ZONE}`, type, { id, payloadBytes: 1_232 }));
    }
    await answered;
  }

  expect(wrong).toEqual([]);
});

test('a query over TCP that is too long is told so, and ends the connection', async () => {
  const server = await startServer();
  await open(server.port);
  const socket = await dialled(server.port);

  socket.write(Buffer.concat([Buffer.from([0xff, 0xff]), queryBytes(`web.${ZONE}`, 1)]));

  expect(await answersOf(socket, 2)).toMatchObject([{ rcode: 'FORMERR' }]);
});

test('of 256 connections the one that is idle longest makes room', async () => {
  const server = await startServer();
  await open(server.port);
  const query = framed(queryBytes(ZONE, TYPES.SOA));
  const sockets: Socket[] = [];
  for (let count = 0; count < 256; count += 1) {
    const socket = await dialled(server.port);
    socket.write(query);
    await once(socket, 'data');
    sockets.push(socket);
  }
  const [first, second] = sockets as [Socket, Socket];
  first.write(query);
  await once(first, 'data');

  await Promise.all([once(second, 'close'), dialled(server.port)]);

  expect([first.destroyed, second.destroyed]).toEqual([false, true]);
});

test('a connection that asks nothing is closed after two seconds', async () => {
  const server = await startServer();
  await open(server.port);
  const socket = await dialled(server.port);
  const sinceMs = performance.now();

  socket.resume();
  await once(socket, 'close');

  expect(performance.now() - sinceMs).toBeGreaterThan(1_900);
});

test('another program at the port is logged once, and the port taken as soon as it is free', async () => {
  const stranger = createServer((socket) => {
    socket.end('220 no DNS\r\n');
  });
  stranger.listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  const { port } = stranger.address() as { port: number };
  const server = await startServer({ dns: [`127.0.0.1:${String(port)}`] });

  await told(server, 'no-door');
  stranger.close();
  await open(port);

  expect(server.notices.filter(({ name }) => name === 'no-door')).toMatchObject([
    { fields: { door: 'DNS', reason: 'in use by something else' } },
  ]);
});

test('two servers of a zone share a port of the host: the one that stops leaves it to the other', async () => {
  const port = await freePort();
  const dns = [`127.0.0.1:${String(port)}`];
  const first = await startServer({ dns });
  await open(port);
  const second = await startServer({ dns, peers: [first.address] });
  await told(second, 'view-complete');

  await first.stop();
  await open(port);

  expect(second.notices.filter(({ name }) => name === 'no-door')).toEqual([]);
});

test('a service whose name DNS cannot say is told of', async () => {
  const server = await startServer();
  await offer(server, 'x'.repeat(64));

  expect(await told(server, 'dns-unnamed')).toMatchObject({
    fields: { reason: 'a part of it is longer than 63 characters' },
  });
});

test.for([
  [{ dns: ['0.0.0.0:5353'] }, /the system does not say which address a query came to/],
  [{ dns: ['127.0.0.1:5353'], dnsZone: 'a..b' }, /dns-zone "a\.\.b" is not a valid zone/],
  [{ dns: ['127.0.0.1'] }, /has no well-known ports, so --dns 127\.0\.0\.1 needs a port/],
  [{ dns: ['127.0.0.1:5353'], dnsTtlMs: 61_000 }, /use 0s to 60s|TTL/],
  [{ dns: ['127.0.0.1:5353'], dnsFrom: ['10.0.0.0/33'] }, /is not ADDRESS\/BITS/],
] as const)('what cannot be is refused at the start: %o', async ([options, said]) => {
  await expect(startServer(options)).rejects.toThrow(said);
});
