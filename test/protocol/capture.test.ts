// The wire is plain CBOR: another language's library reads it, and agrees on the bytes.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { encodeFrame } from '../../src/protocol/frame.ts';
import { MESSAGES } from '../../src/protocol/messages.ts';
import { needs } from '../support/needs.ts';
import { bytesOf, VECTORS } from './vectors.ts';

const script = join(import.meta.dirname, 'decode-capture.py');
const folder = mkdtempSync(join(tmpdir(), 'rarangi-capture-'));
const isSkipped = !needs('python3-cbor2');

afterAll(() => rmSync(folder, { recursive: true }));

test.skipIf(isSkipped)('Python decodes every message of a capture', () => {
  const { status, stdout, stderr } = decode(
    Buffer.concat(VECTORS.map(({ bytes }) => encodeFrame(bytes))),
  );
  const codes = stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as [number])[0]);

  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(codes).toEqual(VECTORS.map(({ message }) => MESSAGES[message.kind].code));
});

test.skipIf(isSkipped).each([
  ['what is no byte string', '82 05 a0'],
  ['half a frame', '44 82 05'],
  ['a message that is no array', '41 a0'],
  ['a byte behind the message', '44 82 05 a0 00'],
  ['a number that is longer than need be', '44 82 1805 a0'],
])('Python refuses %s', (_, bytes) => {
  const { status, stdout, stderr } = decode(bytesOf(bytes));

  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^decode-capture: byte 0: /);
});

function decode(capture: Uint8Array): { status: number | null; stdout: string; stderr: string } {
  const file = join(folder, 'capture');
  writeFileSync(file, capture);
  return spawnSync('/usr/bin/python3', [script, file], { encoding: 'utf8' });
}
