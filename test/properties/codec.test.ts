// Laws of the codec: a sent message arrives, and all other bytes give only a ProtocolError.

import { Encoder } from 'cbor-x';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMessage, encodeMessage } from '../../src/protocol/codec.ts';
import { ProtocolError } from '../../src/protocol/errors.ts';
import { MESSAGES } from '../../src/protocol/messages.ts';
import { anyMessage } from './messages.ts';

const loose = new Encoder({ useRecords: false, tagUint8Array: false, variableMapSize: true });
const codes = Object.values(MESSAGES).map(({ code }) => code);
const fieldNames = Object.values(MESSAGES).flatMap(({ fields }) => Object.keys(fields));

test('a message that was encoded decodes to itself, and again to the same bytes', () => {
  const law = fc.property(anyMessage, (message) => {
    const bytes = encodeMessage(message);

    const decoded = decodeMessage(bytes);

    expect(decoded).toEqual(message);
    expect(encodeMessage(decoded as typeof message)).toEqual(bytes);
  });

  fc.assert(law, { numRuns: 1_500 });
});

test('random bytes are a message or a ProtocolError', () => {
  const law = fc.property(fc.uint8Array({ maxLength: 200 }), decodesOrIsRefused);

  fc.assert(law, { numRuns: 20_000 });
});

test('a message with some bytes changed, added or removed is a message or a ProtocolError', () => {
  const change = fc.record({
    at: fc.nat(),
    remove: fc.nat(3),
    add: fc.uint8Array({ maxLength: 3 }),
  });
  const changes = fc.array(change, { minLength: 1, maxLength: 3 });

  const law = fc.property(anyMessage, changes, (message, spoils) => {
    const bytes = [...encodeMessage(message)];
    for (const { at, remove, add } of spoils) {
      bytes.splice(at % (bytes.length + 1), remove, ...add);
    }
    decodesOrIsRefused(Uint8Array.from(bytes));
  });

  fc.assert(law, { numRuns: 5_000 });
});

test('a known code with known fields that hold anything is a message or a ProtocolError', () => {
  const anything = fc.anything({ withBigInt: true, withTypedArray: true, withMap: true });
  const fields = fc.dictionary(fc.constantFrom(...fieldNames, '__proto__'), anything);

  const law = fc.property(fc.constantFrom(...codes, 99), fields, (code, values) => {
    let bytes;
    try {
      bytes = loose.encode([code, values]);
    } catch {
      // Too large a bigint: not for CBOR, and not what this law is about.
      return;
    }
    decodesOrIsRefused(bytes);
  });

  fc.assert(law, { numRuns: 5_000 });
});

function decodesOrIsRefused(bytes: Uint8Array): void {
  try {
    const message = decodeMessage(bytes);
    // A decoded message can be sent on: it is right all the way down.
    if (message.kind === 'unknown' || message.kind === 'unfit') return;
    expect(decodeMessage(encodeMessage(message))).toEqual(message);
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
  }
}
