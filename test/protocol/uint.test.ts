import { Encoder } from 'cbor-x';
import { expect, test } from 'vitest';
import { PLAIN_CBOR } from '../../src/protocol/codec.ts';
import { uint } from '../../src/protocol/scalars.ts';
import { uintBytes, writeUint } from '../../src/protocol/uint.ts';

const LENGTHS = [24, 2 ** 8, 2 ** 16, 2 ** 32].flatMap((limit) => [limit - 1, limit]);

test.each([0, ...LENGTHS, Number.MAX_SAFE_INTEGER])(
  'the number %d is written as the encoder writes it, and nothing around it is touched',
  (number) => {
    const value = uint.encode(number) as number | bigint;
    const expected = new Encoder(PLAIN_CBOR).encode(value);
    const bytes = new Uint8Array(2 + uintBytes(value)).fill(0xee);

    const end = writeUint(bytes, 1, value);

    expect(end).toBe(bytes.length - 1);
    expect([...bytes]).toEqual([0xee, ...expected, 0xee]);
  },
);
