import { Decoder as FullDecoder, Encoder as FullEncoder } from 'cbor-x';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { encodeMessage, PLAIN_CBOR } from '../../src/protocol/codec.ts';
import { Decoder, Encoder } from '../../src/protocol/lean-cbor.ts';
import { anyMessage } from '../properties/messages.ts';

const lean = { encoder: new Encoder(), decoder: new Decoder() };
const full = { encoder: new FullEncoder(PLAIN_CBOR), decoder: new FullDecoder(PLAIN_CBOR) };

/** All that well-formed.ts lets through and codec.ts hands over, in the form that cbor-x wants. */
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(false, true, null, undefined),
    fc.nat({ max: 2 ** 31 - 1 }),
    fc.constantFrom(0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1),
    fc.bigInt({ min: 2n ** 32n, max: 2n ** 64n - 1n }),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme', maxLength: 3_000 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 30 }),
    fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 30 }).map((pairs) => new Map(pairs)),
  ),
}));

test('a value has the bytes that cbor-x would give it, and is read from them alike', () => {
  const law = fc.property(anyValue, (value) => {
    const bytes = Uint8Array.from(full.encoder.encode(value));

    const written = lean.encoder.encode(value);
    const read = lean.decoder.decode(bytes);

    expect(written).toEqual(bytes);
    expect(plain(read)).toEqual(plain(full.decoder.decode(bytes.slice())));
  });

  fc.assert(law, { numRuns: 3_000 });
});

test('a message is read as cbor-x reads it, and written back to the same bytes', () => {
  const law = fc.property(anyMessage, (message) => {
    const bytes = encodeMessage(message);

    const read = lean.decoder.decode(bytes);

    expect(plain(read)).toEqual(plain(full.decoder.decode(bytes.slice())));
    expect(lean.encoder.encode(read)).toEqual(Uint8Array.from(bytes));
  });

  fc.assert(law, { numRuns: 500 });
});

test('a negative number, which no message has but an unknown field may, is read', () => {
  const read = [[0x20], [0x38, 0xff], [0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]].map(
    (bytes) => lean.decoder.decode(Uint8Array.from(bytes)),
  );

  expect(read).toEqual([-1, -256, -(2n ** 64n)]);
});

test('a value that was read shares no memory with the bytes', () => {
  const bytes = Uint8Array.from([0x42, 1, 2]);

  const read = lean.decoder.decode(bytes);
  bytes.fill(9);

  expect(read).toEqual(Uint8Array.from([1, 2]));
});

test('a value that has no place on the wire is not written', () => {
  expect(() => lean.encoder.encode({})).toThrow(RangeError);
});

/** With numbers where cbor-x has bigints that need not be; the codec takes either. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  return new Map([...value].map(([key, one]) => [plain(key), plain(one)]));
}
