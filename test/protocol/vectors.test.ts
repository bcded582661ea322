// Every golden vector keeps its meaning, however the stream that carries it is cut.

import { expect, test } from 'vitest';
import { decodeMessage, encodeMessage } from '../../src/protocol/codec.ts';
import { FRAME_BYTES_MAX } from '../../src/protocol/constants.ts';
import { encodeFrame, FrameDecoder } from '../../src/protocol/frame.ts';
import { MESSAGES } from '../../src/protocol/messages.ts';
import { VECTORS } from './vectors.ts';

test('every message has a vector, and every code is given once', () => {
  const kinds = new Set<string>(VECTORS.map(({ message }) => message.kind));
  const codes = Object.values(MESSAGES).map(({ code }) => code);

  expect(Object.keys(MESSAGES).filter((kind) => !kinds.has(kind))).toEqual([]);
  expect(new Set<number>(codes).size).toBe(codes.length);
});

test.each(VECTORS)('$name decodes to its message', ({ bytes, message }) => {
  expect(decodeMessage(bytes)).toEqual(message);
});

test.each(VECTORS)('$name encodes to its bytes', ({ bytes, message }) => {
  expect(hex(encodeMessage(message))).toBe(hex(bytes));
});

test.each(VECTORS)('$name arrives whole', ({ bytes }) => {
  const decoder = new FrameDecoder(FRAME_BYTES_MAX);

  const frames = [...decoder.push(encodeFrame(bytes))];

  expect(frames.map(hex)).toEqual([hex(bytes)]);
});

test.each(VECTORS)('$name arrives byte by byte', ({ bytes }) => {
  const decoder = new FrameDecoder(FRAME_BYTES_MAX);

  const frames = [...encodeFrame(bytes)].flatMap((byte) => [...decoder.push(Uint8Array.of(byte))]);

  expect(frames.map(hex)).toEqual([hex(bytes)]);
});

test.each(VECTORS)('$name arrives with the start of the next frame behind it', ({ bytes }) => {
  const decoder = new FrameDecoder(FRAME_BYTES_MAX);

  const first = [...decoder.push(Uint8Array.of(...encodeFrame(bytes), 0x42, 0x01))];
  const second = [...decoder.push(Uint8Array.of(0x02))];

  expect(first.map(hex)).toEqual([hex(bytes)]);
  expect(second.map(hex)).toEqual(['0102']);
});

test.each(VECTORS)('$name is no message with a byte behind it, or without its last', (vector) => {
  const longer = Uint8Array.of(...vector.bytes, 0);
  const shorter = vector.bytes.subarray(0, -1);

  expect(() => decodeMessage(longer)).toThrow('bytes follow the message');
  expect(() => decodeMessage(shorter)).toThrow('the message is cut off');
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
