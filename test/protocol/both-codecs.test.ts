// The codec over cbor-x and the codec over lean-cbor.ts take the same messages and refuse the same
// bytes: servers have the one, commands the other.

import { Encoder } from 'cbor-x';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';

import * as full from '../../src/protocol/codec.ts';
import { anyMessage } from '../properties/messages.ts';

vi.resetModules();
vi.doMock('cbor-x', () => import('../../src/protocol/lean-cbor.ts'));
const lean = await import('../../src/protocol/codec.ts');
vi.doUnmock('cbor-x');

const loose = new Encoder({ useRecords: false, tagUint8Array: false, variableMapSize: true });
const id = new Uint8Array(16);

const EDGES = [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 52n - 1n, 2n ** 52n, 2n ** 52n + 1n].concat(
  [2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n],
);

test.each(EDGES)('of the number %s both think alike wherever it stands', (number) => {
  const rows = [
    ['ping', [5, { stamp: number }]],
    ['line', [43, { lines: [[id, number]] }]],
    ['check', [45, { lines: [[id, number, 1]], count: 1, hash: 1 }]],
    ['batch', [41, { batches: [[id, number, [[5]]]] }]],
    ['registration', [41, { batches: [[id, 1, [[3, [id, number, 'a', 'h', 1, null, []]]]]] }]],
    ['protocol', [2, { protocol: number, role: 'client', environment: 'e' }]],
  ] as const;

  for (const [what, item] of rows) {
    const bytes = loose.encode(item);
    const most = what === 'ping' || what === 'protocol' ? 2n ** 53n - 1n : 2n ** 52n;
    const said = outcomeOf(full, bytes);

    expect(outcomeOf(lean, bytes)).toEqual(said);
    expect(typeof said === 'string').toBe(number > most);
  }
});

test('entries end with the last sequence, not after it', () => {
  const batchOf = (first: bigint, count: number) =>
    loose.encode([41, { batches: [[id, first, Array(count).fill([1, id])]] }]);

  for (const codec of [full, lean]) {
    expect(outcomeOf(codec, batchOf(2n ** 52n - 1n, 2))).toMatchObject({ kind: 'entries' });
    expect(outcomeOf(codec, batchOf(2n ** 52n - 1n, 3))).toContain('beyond the last sequence');
  }
});

test('both write a message to the same bytes and read it alike', () => {
  const law = fc.property(anyMessage, (message) => {
    const bytes = Uint8Array.from(full.encodeMessage(message));

    expect(Uint8Array.from(lean.encodeMessage(message))).toEqual(bytes);
    expect(outcomeOf(lean, bytes)).toEqual(outcomeOf(full, bytes));
  });

  fc.assert(law, { numRuns: 500 });
});

test('both refuse the same of what was spoilt, for the same reason', () => {
  const law = fc.property(
    anyMessage,
    fc.nat(),
    fc.uint8Array({ minLength: 1, maxLength: 3 }),
    (message, at, spoil) => {
      const bytes = Uint8Array.from(full.encodeMessage(message));
      bytes.set(spoil.subarray(0, bytes.length), at % Math.max(1, bytes.length - spoil.length));

      expect(outcomeOf(lean, bytes)).toEqual(outcomeOf(full, bytes));
    },
  );

  fc.assert(law, { numRuns: 3_000 });
});

/** The message, or why there is none. */
function outcomeOf(codec: typeof full, bytes: Uint8Array): unknown {
  try {
    return codec.decodeMessage(bytes.slice());
  } catch (error) {
    // Each has a class of its own of the same name.
    if ((error as Error).name !== 'ProtocolError') throw error;
    return (error as Error).message;
  }
}
