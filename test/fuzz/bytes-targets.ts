// Reading: bytes to frames, frames to messages. The result is right or a ProtocolError.

import { deepStrictEqual } from 'node:assert/strict';
import { decodeMessage, encodeMessage } from '../../src/protocol/codec.ts';
import { ProtocolError } from '../../src/protocol/errors.ts';
import { encodeFrame, FrameDecoder } from '../../src/protocol/frame.ts';
import { VECTORS } from '../protocol/vectors.ts';
import { mutatedBytes, mutatedItem } from './mutate.ts';
import type { Target } from './target.ts';
import { kindOf } from './target.ts';

const LIMIT = 4_096;

/** A stream of frames, read whole and byte by byte: both give the same. */
export const frameTarget: Target<Uint8Array> = {
  name: 'frames',
  seeds: VECTORS.map(({ bytes }) => encodeFrame(bytes)),
  mutate: mutatedBytes,
  run: (bytes) => {
    const whole = readFrames([bytes]);
    deepStrictEqual(readFrames([...bytes].map((byte) => Uint8Array.of(byte))), whole);
    return [`${String(Math.min(whole.frames.length, 9))} frames, ${kindOf(whole.fault)}`];
  },
  show: hex,
};

/** Bytes that are a message, which then encodes to one that is the same, or a ProtocolError. */
export const codecTarget: Target<Uint8Array> = {
  name: 'messages',
  seeds: VECTORS.map(({ bytes }) => bytes),
  mutate: (bytes, chance) =>
    chance.oneIn(2) ? mutatedBytes(bytes, chance) : mutatedItem(bytes, chance),
  run: (bytes) => {
    const before = hex(bytes);
    const outcome = outcomeOf(bytes);
    deepStrictEqual(hex(bytes), before, 'reading has changed the bytes');
    deepStrictEqual(Object.hasOwn(Object.prototype, 'kind'), false, 'a prototype was reached');
    return [outcome];
  },
  show: hex,
};

function outcomeOf(bytes: Uint8Array): string {
  let message;
  try {
    message = decodeMessage(bytes);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return kindOf(error.message);
  }
  if (message.kind === 'unknown' || message.kind === 'unfit') return message.kind;
  deepStrictEqual(decodeMessage(encodeMessage(message)), message);
  return `${message.kind} ${Object.keys(message).join()}`;
}

function readFrames(chunks: readonly Uint8Array[]): { frames: string[]; fault: string } {
  const decoder = new FrameDecoder(LIMIT);
  const frames: string[] = [];
  try {
    for (const chunk of chunks) for (const frame of decoder.push(chunk)) frames.push(hex(frame));
    return { frames, fault: 'none' };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { frames, fault: error.message };
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
