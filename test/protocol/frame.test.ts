import { expect, test } from 'vitest';
import { ProtocolError } from '../../src/protocol/errors.ts';
import { encodeFrame, encodeFramePieces, FrameDecoder } from '../../src/protocol/frame.ts';
import { bytesOf } from './vectors.ts';

test('a frame begins with the shortest header', () => {
  const heads = [0, 23, 24, 255, 256, 65_535, 65_536].map((bytes) =>
    Buffer.from(encodeFrame(new Uint8Array(bytes)).subarray(0, 5)).toString('hex'),
  );

  expect(heads).toEqual([
    '40',
    '5700000000',
    '5818000000',
    '58ff000000',
    '5901000000',
    '59ffff0000',
    '5a00010000',
  ]);
});

test('a longer header than needed is read all the same', () => {
  expect(framesOf(16, '5b0000000000000001 aa 5a00000001 bb 590001 cc 5801 dd')).toEqual([
    'aa',
    'bb',
    'cc',
    'dd',
  ]);
});

test('an empty frame is a frame', () => {
  expect(framesOf(16, '40 5800 41ff 40')).toEqual(['', '', 'ff', '']);
});

test.each(['00', '3f', '5c', '5f', '60', '82', 'ff'])(
  'a stream that begins with %s is refused at its first byte',
  (head) => {
    expect(() => framesOf(4096, head)).toThrow(
      new ProtocolError('malformed-frame', `a frame cannot begin with 0x${head}`),
    );
  },
);

test.each([
  ['15', 'it speaks TLS, but this side has no secret'],
  ['16', 'it speaks TLS, but this side has no secret'],
])('a stream that begins with %s is known for TLS', (head, reason) => {
  expect(() => framesOf(4096, head)).toThrow(new ProtocolError('locked', reason));
  expect(() => framesOf(4096, `40 ${head}`)).toThrow(
    new ProtocolError('malformed-frame', `a frame cannot begin with 0x${head}`),
  );
});

test('a length beyond the limit is refused when its last byte has come, and no sooner', () => {
  const decoder = new FrameDecoder(4096);

  expect([...decoder.push(bytesOf('5a 7fffff'))]).toEqual([]);
  expect(() => [...decoder.push(bytesOf('ff'))]).toThrow(
    new ProtocolError('frame-too-long', 'a frame of 2147483647 bytes, the limit is 4096'),
  );
});

test('the longest length that can be written is refused like any other', () => {
  expect(() => framesOf(1024 * 1024, '5b ffffffffffffffff')).toThrow(ProtocolError);
});

test('a frame of just the limit is accepted, and one of a byte more is not', () => {
  const decoder = new FrameDecoder(300);

  expect([...decoder.push(encodeFrame(new Uint8Array(300)))]).toHaveLength(1);
  expect(() => [...decoder.push(encodeFrame(new Uint8Array(301)))]).toThrow(ProtocolError);
});

test('frames that were whole before a fault are delivered before the fault is told', () => {
  const delivered: number[] = [];

  const read = (): void => {
    for (const frame of new FrameDecoder(16).push(bytesOf('4101 4102 80'))) {
      delivered.push(...frame);
    }
  };

  expect(read).toThrow(ProtocolError);
  expect(delivered).toEqual([1, 2]);
});

test('a limit that is raised between two frames of one chunk holds for the second', () => {
  const decoder = new FrameDecoder(4);
  const lengths: number[] = [];

  for (const frame of decoder.push(bytesOf('4101 480102030405060708'))) {
    lengths.push(frame.length);
    decoder.frameBytesMax = 8;
  }

  expect(lengths).toEqual([1, 8]);
});

test('a limit that is lowered in the middle of a frame lets that frame end', () => {
  const decoder = new FrameDecoder(8);

  const before = [...decoder.push(bytesOf('48 01020304'))];
  decoder.frameBytesMax = 4;
  const after = [...decoder.push(bytesOf('05060708'))];

  expect(before).toEqual([]);
  expect(after).toHaveLength(1);
  expect(() => [...decoder.push(bytesOf('48'))]).toThrow(ProtocolError);
});

test('a frame that lies whole in a chunk is not copied', () => {
  const chunk = bytesOf('41aa 42bbcc');

  const frames = [...new FrameDecoder(16).push(chunk)];

  expect(frames.map((frame) => frame.buffer === chunk.buffer)).toEqual([true, true]);
});

test('a frame that was cut keeps nothing of the chunks it came in', () => {
  const decoder = new FrameDecoder(16);
  const chunk = bytesOf('43 0102');

  const before = [...decoder.push(chunk)];
  chunk.fill(0xff);
  const [frame] = [...decoder.push(bytesOf('03'))];

  expect(before).toEqual([]);
  expect(frame).toEqual(bytesOf('010203'));
});

function framesOf(frameBytesMax: number, hexadecimal: string): string[] {
  return [...new FrameDecoder(frameBytesMax).push(bytesOf(hexadecimal))].map((frame) =>
    Buffer.from(frame).toString('hex'),
  );
}

test.each([0, 23, 24, 255, 256, 70_000])('a frame of %i bytes is the same in pieces', (bytes) => {
  const content = Uint8Array.from({ length: bytes }, (_, index) => index);
  const [begin, rest] = [content.slice(0, bytes / 2), content.slice(bytes / 2)];

  const pieces = encodeFramePieces(begin, rest);

  expect(Buffer.concat(pieces).equals(encodeFrame(content))).toBe(true);
  expect(pieces.at(-1)).toBe(rest);
});
