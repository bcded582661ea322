import { Encoder } from 'cbor-x';
import { expect, test } from 'vitest';
import { decodeMessage, encodeMessage, encodePieces } from '../../src/protocol/codec.ts';
import { ProtocolError } from '../../src/protocol/errors.ts';
import type { Name } from '../../src/protocol/ids.ts';
import type { Message, MessageOf } from '../../src/protocol/messages.ts';
import { collectGarbage } from '../support/garbage.ts';
import { bytesOf, VECTORS } from './vectors.ts';

const plain = new Encoder({ useRecords: false, tagUint8Array: false, variableMapSize: true });
const origin = new Uint8Array(16);

test('the keys of a message are in the order of their bytes, the shorter first', () => {
  const vector = VECTORS.find(({ name }) => name === 'report');
  const text = Buffer.from(vector?.bytes ?? []).toString('latin1');

  const keys = ['state', 'server', 'masters', 'missing', 'request', 'servers', 'complete'];
  const places = keys.map((key) => text.indexOf(String.fromCharCode(0x60 + key.length) + key));

  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places).not.toContain(-1);
});

test('an absent field is not on the wire', () => {
  expect(Buffer.from(encodeMessage({ kind: 'ping' })).toString('hex')).toBe('8205a0');
});

test('an answer whose list was encoded before has its own request, and else the same bytes', () => {
  const vector = VECTORS.find(({ name }) => name === 'instances')!;
  const answer = vector.message as MessageOf<'instances'>;

  const first = encodeMessage(answer);
  const second = encodeMessage({ ...answer, request: answer.request + 1 });

  expect(first).toEqual(vector.bytes);
  expect(decodeMessage(second)).toEqual({ ...answer, request: answer.request + 1 });
});

test.each([0, 24, 300, 70_000, 2 ** 32])('an answer to request %d has its number', (request) => {
  const vector = VECTORS.find(({ name }) => name === 'instances')!;
  const answer = vector.message as MessageOf<'instances'>;
  const views = [
    { complete: true, missing: [] },
    { complete: false, missing: ['kea' as Name] },
    { complete: true, missing: [] },
  ];

  for (const view of views) {
    for (const more of [false, true]) {
      const message = { ...answer, ...view, more, request };
      expect(decodeMessage(encodeMessage(message))).toEqual(message);
    }
  }
});

test('an answer has its own doubts and none of the answer before', () => {
  const vector = VECTORS.find(({ name }) => name === 'instances')!;
  const none = { ...(vector.message as MessageOf<'instances'>), instances: [] };
  const lost = (agoMs: number) => ({ lost: [{ host: 'kea' as Name, agoMs }], unanswered: [] });
  const answers = [
    none,
    { ...none, doubts: lost(1) },
    { ...none, doubts: lost(2) },
    { ...none, why: 'suspect' as const },
    none,
  ];

  for (const answer of answers) expect(decodeMessage(encodeMessage(answer))).toEqual(answer);
});

test('a change that many watches are told is encoded once, and each has its own request', () => {
  const { message, bytes } = VECTORS.find(({ name }) => name === 'change')!;
  const change = message as MessageOf<'change'>;

  const all = [1, 24, 300, 70_000].map((request) => ({ ...change, request }));
  const pieces = all.map((each) => encodePieces(each));

  expect(new Set(pieces.map(([, instance]) => instance)).size).toBe(1);
  expect(pieces[0]?.[1]?.length).toBeGreaterThan(20);
  for (const each of all) expect(decodeMessage(encodeMessage(each))).toEqual(each);
  expect(encodeMessage(change)).toEqual(bytes);
});

test('a view that many watches are told is encoded once, and each has its own request', () => {
  const missing = Array.from({ length: 256 }, (_, index) => `h${String(index)}` as Name);
  let reads = 0;
  const counted = new Proxy(missing, {
    get: (names, key) => {
      if (key === '0') reads += 1;
      return Reflect.get(names, key) as unknown;
    },
  });
  const why = 'split' as const;
  const view = { kind: 'change', change: 'view', complete: false, missingCount: 300, why } as const;

  const all = [1, 24, 300, 70_000].map((request) => ({ ...view, request, missing: counted }));
  const bytes = all.map((each) => encodeMessage(each));
  const other = { ...view, request: 24, missing: counted, missingCount: 301 };

  expect(reads).toBeGreaterThan(0);
  const once = reads;
  reads = 0;
  encodeMessage({ ...view, request: 1, missing: counted, missingCount: 302 });
  expect(once).toBe(reads);
  for (const [index, each] of all.entries())
    expect(decodeMessage(bytes[index]!)).toEqual({ ...each, missing });
  expect(decodeMessage(encodeMessage(other))).toEqual({ ...other, missing });
});

test('a part of a message that is kept keeps nothing else of its frame in memory', () => {
  const services = Array.from({ length: 500 }, (_, index) => {
    return { name: `${'service-'.repeat(12)}${String(index)}` as Name, live: 1, stale: 0 };
  });
  const view = { complete: true, missing: [], more: false };
  const bytes = encodeMessage({ kind: 'services', request: 1, ...view, services });
  const kept: unknown[] = [];
  const before = heapBytes();

  for (let count = 0; count < 1_000; count += 1) {
    const message = decodeMessage(bytes.slice()) as MessageOf<'services'>;
    kept.push(message.services[7]?.name);
  }

  expect(heapBytes() - before).toBeLessThan(1_000_000);
  expect(kept[999]).toBe(services[7]?.name);
});

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

test.each([
  ['a fraction', { kind: 'ping', stamp: 1.5 }],
  ['a negative number', { kind: 'ping', stamp: -1 }],
  ['a number beyond 2^53', { kind: 'ping', stamp: 2 ** 53 }],
  ['a field that is missing', { kind: 'pong' }],
  ['a kind that is none', { kind: 'constructor' }],
])('%s is not encoded', (_, message) => {
  expect(() => encodeMessage(message as unknown as Message)).toThrow(RangeError);
});

test('fields that are unknown are ignored, whatever they hold', () => {
  const nested = { deep: [{ a: new Uint8Array(3) }, null, true, -5, 2n ** 63n], '': undefined };
  const bytes = plain.encode([6, { future: nested, stamp: 7, __proto__: null }]);

  expect(decodeMessage(bytes)).toEqual({ kind: 'pong', stamp: 7 });
});

test('a key of an unknown field may be of any type', () => {
  const bytes = bytesOf('82 06 a4 657374616d70 07 01 02 420102 03 8101 04');

  expect(decodeMessage(bytes)).toEqual({ kind: 'pong', stamp: 7 });
});

test('a key __proto__ is an unknown field', () => {
  const bytes = bytesOf('82 06 a2 695f5f70726f746f5f5f a1657374616d7009 657374616d70 07');

  const message = decodeMessage(bytes);

  expect(message).toEqual({ kind: 'pong', stamp: 7 });
  expect(Object.getPrototypeOf(message)).toBe(Object.prototype);
});

test('items behind the fields are ignored', () => {
  expect(decodeMessage(plain.encode([6, { stamp: 7 }, 'more', [1]]))).toEqual({
    kind: 'pong',
    stamp: 7,
  });
});

test('cells behind those of a row are ignored', () => {
  const bytes = plain.encode([43, { lines: [[origin, 5, 'more']] }]);

  expect(decodeMessage(bytes)).toEqual({
    kind: 'want',
    lines: [{ origin: '0'.repeat(32), sequence: 5 }],
  });
});

test('a word that a newer version has added is unknown, and can be passed on', () => {
  const bytes = plain.encode([41, { batches: [[origin, 1, [[4, origin, 'evicted']]]] }]);

  const message = decodeMessage(bytes) as Message;

  expect(message).toMatchObject({ batches: [{ entries: [{ kind: 'delete', cause: 'unknown' }] }] });
  expect(decodeMessage(encodeMessage(message))).toEqual(message);
});

test('a row may lack its last optional columns, or have null there', () => {
  const entry = (...cells: unknown[]) =>
    decodeMessage(
      plain.encode([41, { batches: [[origin, 1, [[4, origin, 'closed', ...cells]]]] }]),
    );
  const deleted = { kind: 'delete', instance: '0'.repeat(32), cause: 'closed' };
  const holding = (one: object) => ({
    kind: 'entries',
    batches: [{ origin: '0'.repeat(32), first: 1, entries: [one] }],
  });

  expect(entry()).toStrictEqual(holding(deleted));
  expect(entry(null)).toStrictEqual(holding(deleted));
  expect(entry('why', 'more')).toStrictEqual(holding({ ...deleted, detail: 'why' }));
  expect(() => entry(1)).toThrow('expected text');
});

test('a number is read in whatever length it comes', () => {
  const stamp = (number: string) => decodeMessage(bytesOf(`82 06 a1 657374616d70 ${number}`));

  const five = ['05', '1805', '190005', '1a00000005', '1b0000000000000005'].map(stamp);
  const largest = stamp('1b001fffffffffffff');

  expect(five).toEqual(Array(5).fill({ kind: 'pong', stamp: 5 }));
  expect(largest).toEqual({ kind: 'pong', stamp: Number.MAX_SAFE_INTEGER });
});

test.each([
  ['with a request', { request: 3, more: [] }, { code: 99, request: 3 }],
  ['with a long request', { request: 2n ** 40n }, { code: 99, request: 2 ** 40 }],
  ['without a request', {}, { code: 99 }],
  ['with a request that is no number', { request: 'x' }, { code: 99 }],
  ['with a request below zero', { request: -1 }, { code: 99 }],
  ['with a request beyond 2^53', { request: 2n ** 60n }, { code: 99 }],
])('a message of an unknown kind is told as such, %s', (_, fields, told) => {
  expect(decodeMessage(plain.encode([99, fields]))).toStrictEqual({ kind: 'unknown', ...told });
});

test('a message shares no memory with the bytes it came from', () => {
  for (const { bytes, message } of VECTORS) {
    const copy = bytes.slice();

    const decoded = decodeMessage(copy);
    copy.fill(0xff);

    expect(decoded).toEqual(message);
  }
});

test.each([
  ['a missing field', [6, {}], 'pong: stamp is missing'],
  ['a field of another type', [6, { stamp: 'x' }], 'pong: stamp: expected a whole number'],
  ['a field that is undefined', [5, { stamp: undefined }], 'ping: stamp: expected a whole'],
  ['a number below zero', [6, { stamp: -1 }], 'pong: stamp: expected a whole number'],
  ['a number beyond 2^53', [6, { stamp: 2n ** 53n }], 'pong: stamp: expected a whole number'],
  ['a name with a blank', [13, { request: 1, service: 'a b' }], 'lookup: service: expected a name'],
  ['a short id', [11, { request: 1, instance: origin.subarray(1), cause: 'closed' }], '16 bytes'],
  ['a word that is a number', [11, { request: 1, instance: origin, cause: 1 }], 'expected text'],
  ['a text with a line end', [3, { error: 1, reason: 'a\nb' }], 'control characters'],
  ['a text that is too long', [3, { error: 1, reason: 'é'.repeat(257) }], 'too long'],
  ['a row that is too short', [43, { lines: [[origin]] }], 'want: lines: line: too short'],
  ['a row that is no array', [43, { lines: [{}] }], 'want: lines: line: expected an array'],
  ['an entry of no kind', [41, { batches: [[origin, 1, [[9]]]] }], 'entry: no kind 9'],
  ['a list that is none', [43, { lines: {} }], 'want: lines: expected a list'],
  ['a code that is none', ['ping', {}], 'code: expected a whole number'],
  ['a code alone', [5], 'expected an array of code and fields'],
  ['fields that are no map', [5, []], 'expected a map of fields'],
  ['fields that are null', [5, null], 'expected a map of fields'],
  ['a map alone', {}, 'expected an array of code and fields'],
])('%s is refused', (_, item, said) => {
  expect(() => decodeMessage(plain.encode(item))).toThrow(ProtocolError);
  expect(() => decodeMessage(plain.encode(item))).toThrow(said);
});

test.each([
  ['nothing', '', 'cut off'],
  ['a byte behind the message', '82 05 a0 00', 'bytes follow the message'],
  ['a field given twice', '82 06 a2 657374616d70 01 657374616d70 02', 'given twice'],
  ['an array of indefinite length', '9f 05 a0 ff', 'indefinite'],
  ['a map of indefinite length', '82 05 bf ff', 'indefinite'],
  ['a text of indefinite length', '82 05 a1 7f 6161 ff 00', 'indefinite'],
  ['a break', '82 05 ff', 'floats and simple values'],
  ['a tag', '82 05 c1 a0', 'tags'],
  ['a record of cbor-x', '82 05 d9dfff 83 19e000 816161 01', 'tags'],
  ['a float', '82 06 a1 657374616d70 f93c00', 'floats'],
  ['a double', '82 06 a1 657374616d70 fb3ff0000000000000', 'floats'],
  ['a simple value', '82 06 a1 657374616d70 e0', 'simple values'],
  ['a length that means nothing', '82 05 bc', 'indefinite'],
  ['a text beyond the end', '82 05 a1 7affffffff 61', 'cut off'],
  ['bytes beyond the end', '82 05 a1 5bffffffffffffffff 61', 'cut off'],
  ['more items than bytes', '9affffffff 05 a0', 'cut off'],
  ['more pairs than bytes', '82 05 bbffffffffffffffff', 'cut off'],
  ['a length that is cut off', '82 05 ba 0000', 'cut off'],
  ['a text that is not UTF-8', '82 05 a1 61ff 00', 'UTF-8'],
  ['an overlong text', '82 05 a1 62c080 00', 'UTF-8'],
  ['a longer overlong text', '82 05 a1 63e08080 00', 'UTF-8'],
  ['the longest overlong text', '82 05 a1 64f0808080 00', 'UTF-8'],
  ['a surrogate', '82 05 a1 63eda080 00', 'UTF-8'],
  ['a character beyond Unicode', '82 05 a1 64f4908080 00', 'UTF-8'],
  ['half a character', '82 05 a1 62e282 00', 'UTF-8'],
  ['a character that breaks off', '82 05 a1 63e28261 00', 'UTF-8'],
])('%s is refused, and so says the error', (_, hexadecimal, said) => {
  expect(() => decodeMessage(bytesOf(hexadecimal))).toThrow(ProtocolError);
  expect(() => decodeMessage(bytesOf(hexadecimal))).toThrow(said);
});

test('an unknown field may nest to a depth of 16 in all, and no deeper', () => {
  const nested = (depth: number) => bytesOf(`82 05 a1 6161 ${'81'.repeat(depth)} 00`);

  expect(decodeMessage(nested(14))).toEqual({ kind: 'ping' });
  expect(() => decodeMessage(nested(15))).toThrow('nested too deeply');
});

test('a megabyte of opening brackets is refused', () => {
  expect(() => decodeMessage(new Uint8Array(1_000_000).fill(0x81))).toThrow('nested too deeply');
});
