// Our reading of a client's first record agrees with OpenSSL; no other is let through to TLS.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';

import { Binders } from '../../../src/io/tls/binders.ts';
import { firstRecordOf, type Shown } from '../../../src/io/tls/client-hello.ts';
import type { Secret } from '../../../src/io/tls/secret-file.ts';
import { atEnd, ownIp } from '../world.ts';

const ENVIRONMENT = 'testing';
const [OURS, OLD, THEIRS] = [secretOf(1), secretOf(2), secretOf(3)] as const;

test('the binder of a client with the secret is sound, the first time', async () => {
  const binders = new Binders(ENVIRONMENT);
  const shown = await shownBy(OURS);

  expect(shown.identity).toBe(`testing#${OURS.id}`);
  expect(binders.judge(shown, [OURS])).toBe('sound');
  expect(binders.judge(shown, [OURS])).toBe('seen before');
  expect(binders.judge(await shownBy(OURS), [OURS])).toBe('sound');
});

test('while a secret is changed both are sound, and a bare name means the first', async () => {
  const binders = new Binders(ENVIRONMENT);

  const verdicts = [
    binders.judge(await shownBy(OLD), [OURS, OLD]),
    binders.judge(await shownBy(OURS, 'testing'), [OURS, OLD]),
    binders.judge(await shownBy(OLD, 'testing'), [OURS, OLD]),
  ];

  expect(verdicts).toEqual(['sound', 'sound', 'unsound']);
});

test('another key, another environment, and what was changed on the way are unsound', async () => {
  const binders = new Binders(ENVIRONMENT);
  const sound = await shownBy(OURS);
  const changed = { ...sound, bound: Buffer.from(sound.bound) };
  changed.bound[20] = (changed.bound[20] ?? 0) ^ 1;
  const cut = { ...sound, binder: sound.binder.subarray(1) };

  const shown = [
    await shownBy(THEIRS),
    await shownBy(THEIRS, `testing#${OURS.id}`),
    await shownBy(OURS, `staging#${OURS.id}`),
    await shownBy(OURS, 'staging'),
    await shownBy(OURS, '\x1b[2J'),
    changed,
    cut,
  ];

  expect(shown.map((one) => binders.judge(one, [OURS]))).toEqual(shown.map(() => 'unsound'));
  expect(binders.judge(sound, [OURS])).toBe('sound');
});

test('a first record in pieces is a part until its last byte has come', async () => {
  const hello = await helloBy(OURS);

  for (let end = 0; end < hello.length; end += 1) {
    expect(firstRecordOf(hello.subarray(0, end))).toEqual({ kind: 'part' });
  }
  expect(firstRecordOf(hello)).toMatchObject({ kind: 'shown' });
  expect(firstRecordOf(Buffer.concat([hello, Buffer.from('more')]))).toMatchObject({
    kind: 'shown',
  });
});

test('a first record with any one byte changed is read without an error', async () => {
  const hello = await helloBy(OURS);
  const binders = new Binders(ENVIRONMENT);

  for (let at = 5; at < hello.length; at += 1) {
    for (const change of [1, 0x80, 0xff]) {
      const changed = Buffer.from(hello);
      changed[at] = (changed[at] ?? 0) ^ change;
      const record = firstRecordOf(changed);
      if (record.kind === 'shown') expect(binders.judge(record, [OURS])).toBe('unsound');
      else expect(['bare', 'other']).toContain(record.kind);
    }
  }
});

test.each([
  ['4747455420', 'other'],
  ['1603011001', 'other'],
  ['160301000401000000', 'other'],
  ['16030100050200000100', 'other'],
])('%s is %s', (hex, kind) => {
  expect(firstRecordOf(Buffer.from(hex, 'hex')).kind).toBe(kind);
});

function secretOf(byte: number): Secret {
  return { id: `0000000${String(byte)}`, key: Buffer.alloc(32, byte) };
}

async function shownBy(secret: Secret, identity?: string): Promise<Shown> {
  const record = firstRecordOf(await helloBy(secret, identity));
  if (record.kind !== 'shown') throw new Error(`it is ${record.kind}`);
  return record;
}

/** The first record of OpenSSL with a secret. */
async function helloBy({ id, key }: Secret, identity = `testing#${id}`): Promise<Buffer> {
  const server = createServer().listen(0, ownIp());
  atEnd(() => server.close());
  await once(server, 'listening');
  const { address, port } = server.address() as { address: string; port: number };
  const accepted = once(server, 'connection');
  const client = connect({
    host: address,
    port,
    minVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_128_GCM_SHA256',
    ecdhCurve: 'X25519',
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ identity, psk: key }),
  });
  client.on('error', () => undefined);
  const [socket] = (await accepted) as [NodeJS.ReadableStream & { destroy: () => void }];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  client.destroy();
  return hello;
}
