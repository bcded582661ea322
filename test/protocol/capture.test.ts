// The wire is plain CBOR: another language's library reads it, and agrees on the bytes.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { lookup, peers } from '../../src/index.ts';
import { encodeFrame } from '../../src/protocol/frame.ts';
import { MESSAGES } from '../../src/protocol/messages.ts';
import { startProxy } from '../io/proxy.ts';
import { openClient, startServer, startWatch } from '../io/world.ts';
import { needs } from '../support/needs.ts';
import { bytesOf, VECTORS } from './vectors.ts';

const script = join(import.meta.dirname, 'decode-capture.py');
const folder = mkdtempSync(join(tmpdir(), 'rarangi-capture-'));
const isSkipped = !needs('python3-cbor2');

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test.skipIf(isSkipped)('Python decodes every message of a capture', () => {
  const messages = decode(Buffer.concat(VECTORS.map(({ bytes }) => encodeFrame(bytes))));

  expect(messages.map(([code]) => code)).toEqual(
    VECTORS.map(({ message }) => MESSAGES[message.kind].code),
  );
});

test.skipIf(isSkipped)('Python reads what a service and a server say to each other', async () => {
  const server = await startServer({ cluster: 'c1', advertise: 'h1.example.org:9' });
  const proxy = await startProxy(server.bound);
  const client = openClient({ environment: 'testing', servers: [proxy.address] });
  const handle = client.register({ name: 'db', port: 5432, tags: { note: 'grüße' } });
  await handle.registered;
  await handle.close('unhealthy');
  await client.close();

  const heard = conversation(proxy.bytesFrom('server'));
  const said = conversation(proxy.bytesFrom('caller'));

  expect(kindsOf(heard)).toEqual(['welcome', 'done', 'done']);
  expect(heard[0]?.[1]).toEqual({
    protocols: [2],
    environment: 'testing',
    origin: server.origin,
    facts: ['h1-a', 'h1', 'c1', 'a', 'leaf', ['h1.example.org:9']],
    heartbeatMs: 400,
    silenceMs: 1_200,
  });
  expect(heard[1]?.[1]).toEqual({ request: 1, address: 'h1.example.org' });
  expect(kindsOf(said)).toEqual(['hello', 'register', 'deregister']);
  expect(said[0]?.[1]).toEqual({ protocol: 2, role: 'client', environment: 'testing' });
  const { key } = said[1]?.[1] as { key: string };
  expect(createHash('sha256').update(key, 'hex').digest('hex').slice(0, 32)).toBe(handle.instance);
  expect(said[1]?.[1]).toEqual({
    request: 1,
    registration: [handle.instance, 1, 'db', '', 5432, null, [['note', 'grüße']]],
    key,
  });
  const { instance } = handle;
  expect(said[2]?.[1]).toEqual({ request: 2, instance, cause: 'unhealthy', key });
});

test.skipIf(isSkipped)('Python reads questions, answers and a watch', async () => {
  const server = await startServer();
  const proxy = await startProxy(server.bound);
  const direct = { environment: 'testing', servers: [server.bound] };
  const recorded = { environment: 'testing', servers: [proxy.address] };
  const handle = openClient(direct).register({ name: 'db', port: 5432 });
  await handle.registered;

  await lookup('db', recorded);
  await peers(recorded);
  const watching = startWatch('db', recorded);
  await watching.next();
  await watching.next();

  const heard = conversation(proxy.bytesFrom('server'));
  const said = conversation(proxy.bytesFrom('caller'));
  expect(kindsOf(said)).toEqual(['hello', 'lookup', 'hello', 'peers', 'hello', 'watch']);
  expect(kindsOf(heard)).toEqual([
    ...['welcome', 'instances', 'welcome', 'servers', 'welcome', 'change', 'change'],
  ]);
  expect(JSON.stringify(heard[1])).toContain(`"${handle.instance}",1,"db"`);
});

test.skipIf(isSkipped)('Python reads what two servers say to each other', async () => {
  const server = await startServer();
  const proxy = await startProxy(server.bound);
  const options = { environment: 'testing', servers: [server.bound] };
  await openClient(options).register({ name: 'db', port: 5432 }).registered;
  await startServer({ host: 'h2', peers: [proxy.address] });
  await expect.poll(async () => (await peers(options)).servers.length).toBe(2);

  const kinds = [...kindsOf(conversation(proxy.bytesFrom('server')))];

  expect(kinds.slice(0, 2)).toEqual(['welcome', 'digest']);
  expect(kindsOf(conversation(proxy.bytesFrom('caller'))).slice(0, 2)).toEqual(['hello', 'digest']);
  expect(kinds).not.toContain('error');
});

test.skipIf(isSkipped).each([
  ['what is no byte string', '82 05 a0'],
  ['half a frame', '44 82 05'],
  ['a message that is no array', '41 a0'],
  ['a byte behind the message', '44 82 05 a0 00'],
  ['a number that is longer than need be', '44 82 1805 a0'],
])('Python refuses %s', (_, bytes) => {
  const { status, stdout, stderr } = run(bytesOf(bytes));

  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^decode-capture: byte 0: /);
});

/** A message as the script prints it: a code, and the fields by their names. */
type Printed = readonly [code: number, fields: Readonly<Record<string, unknown>>];

const KINDS = new Map<number, string>(
  Object.entries(MESSAGES).map(([kind, { code }]) => [code, kind]),
);

function kindsOf(messages: readonly Printed[]): (string | undefined)[] {
  return messages.map(([code]) => KINDS.get(code));
}

/** The messages without the signs of life, which come when it is time for them. */
function conversation(capture: Uint8Array): Printed[] {
  return decode(capture).filter(([code]) => {
    return !['ping', 'pong'].includes(String(KINDS.get(code)));
  });
}

function decode(capture: Uint8Array): Printed[] {
  const { status, stdout, stderr } = run(capture);
  expect([status, stderr]).toEqual([0, '']);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Printed);
}

function run(capture: Uint8Array): { status: number | null; stdout: string; stderr: string } {
  const file = join(folder, 'capture');
  writeFileSync(file, capture);
  return spawnSync('/usr/bin/python3', [script, file], { encoding: 'utf8' });
}
