// Laws of framing: where the stream is cut makes no difference.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError } from '../../src/protocol/errors.ts';
import { encodeFrame, FrameDecoder } from '../../src/protocol/frame.ts';

const LIMIT = 1_000;

const contents = fc.array(
  fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.uint8Array({ maxLength: LIMIT, size: 'max' })),
  { maxLength: 8 },
);
const cuts = fc.array(fc.nat(), { maxLength: 12 });

test('frames arrive as they were sent, wherever the stream is cut', () => {
  const law = fc.property(contents, cuts, (sent, places) => {
    const received = read(pieces(Buffer.concat(sent.map(encodeFrame)), places));

    expect(received.frames).toEqual(sent.map(hex));
    expect(received.fault).toBeUndefined();
  });

  fc.assert(law, { numRuns: 1_000 });
});

test('random bytes give the same frames and the same fault, wherever they are cut', () => {
  const stream = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc
      .array(fc.integer({ min: 0x40, max: 0x5b }), { maxLength: 60 })
      .map((b) => Uint8Array.from(b)),
  );

  const law = fc.property(stream, cuts, (bytes, places) => {
    expect(read(pieces(bytes, places))).toEqual(read([bytes]));
    expect(read([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(read([bytes]));
  });

  fc.assert(law, { numRuns: 3_000 });
});

interface Reading {
  readonly frames: string[];
  readonly fault: string | undefined;
}

function read(chunks: readonly Uint8Array[]): Reading {
  const decoder = new FrameDecoder(LIMIT);
  const frames: string[] = [];
  try {
    for (const chunk of chunks) {
      for (const frame of decoder.push(chunk)) frames.push(hex(frame));
    }
    return { frames, fault: undefined };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { frames, fault: error.message };
  }
}

function pieces(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.slice(ends[index - 1] ?? 0, end));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
