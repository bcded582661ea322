import { expect, test } from 'vitest';
import { readQuery } from '../../../src/doors/dns/query.ts';
import { queryBytes, Stage, TYPES, ZONE } from './stage.ts';

const HEADER = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
const ASKED = [3, 0x77, 0x65, 0x62, 0, 0, 1, 0, 1];

test('a packet that is no question gets an error, and one without a header nothing', () => {
  const stage = new Stage();
  const rcodeOf = (...bytes: number[]): string | undefined =>
    stage.take(Uint8Array.from(bytes))?.rcode;

  expect(rcodeOf(...HEADER.slice(0, 11))).toBeUndefined();
  expect(rcodeOf()).toBeUndefined();
  expect(rcodeOf(0, 0, 0x81, 0, ...HEADER.slice(4), ...ASKED)).toBeUndefined();
  expect(rcodeOf(...HEADER)).toBe('FORMERR');
  expect(rcodeOf(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)).toBe('FORMERR');
  expect(rcodeOf(0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, ...ASKED, ...ASKED)).toBe('FORMERR');
  expect(rcodeOf(...HEADER, ...ASKED.slice(0, -1))).toBe('FORMERR');
  expect(rcodeOf(...HEADER, ...ASKED)).toBe('REFUSED');
  for (const opcode of [1, 2, 4, 5, 6, 15]) {
    expect(rcodeOf(0, 0, opcode << 3, 0, ...HEADER.slice(4), ...ASKED)).toBe('NOTIMP');
  }
});

test('an error repeats the number and the kind of what was asked', () => {
  const told = new Stage().take(Uint8Array.from([0xab, 0xcd, 0x29, 0, ...HEADER.slice(4)]));

  expect([...(told?.bytes ?? [])]).toEqual([0xab, 0xcd, 0xa9, 0x04, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test('a pointer leads backwards, and not for ever', () => {
  const read = (...name: number[]) =>
    readQuery(Uint8Array.from([...HEADER, ...name, 0, 1, 0, 1])).kind;

  expect(read(0xc0, 12)).toBe('wrong');
  expect(read(0xc0, 14)).toBe('wrong');
  expect(read(1, 0x61, 0xc0, 12)).toBe('wrong');
  expect(read(0xc0)).toBe('wrong');
  expect(read(0x40, 0)).toBe('wrong');
  expect(read(1, 0x61, 0)).toBe('query');
});

test('a name is of 255 bytes at most', () => {
  const labels = (...lengths: number[]): string =>
    lengths.map((length) => 'x'.repeat(length)).join('.');

  expect(readQuery(queryBytes(labels(63, 63, 63, 61), 1)).kind).toBe('query');
  expect(readQuery(queryBytes(labels(63, 63, 63, 62), 1)).kind).toBe('wrong');
});

test('EDNS is told once, at the end, and its length is that of what there is', () => {
  const name = `web.${ZONE}`;
  const whole = queryBytes(name, TYPES.A, { payloadBytes: 4_096, wantsSignatures: true });
  expect(readQuery(whole)).toMatchObject({
    kind: 'query',
    query: { edns: { payloadBytes: 4_096, version: 0, wantsSignatures: true } },
  });
  const opt = whole.slice(-11);
  const twice = Uint8Array.from([...whole, ...opt]);
  twice[11] = 2;
  expect(readQuery(twice).kind).toBe('wrong');
  const long = whole.slice();
  long[long.length - 1] = 1;
  expect(readQuery(long).kind).toBe('wrong');
});

test('a query longer than any is none', () => {
  const whole = queryBytes(`web.${ZONE}`, TYPES.A);
  const long = new Uint8Array(4_097);
  long.set(whole);

  expect(readQuery(long.slice(0, 4_096)).kind).toBe('query');
  expect(readQuery(long).kind).toBe('wrong');
});

test('bytes that are no text are asked for, repeated, and found nowhere', () => {
  const told = new Stage().ask(`w\xff\x00b.${ZONE}.`, 'A');

  expect(told.rcode).toBe('NXDOMAIN');
  expect(Buffer.from(told.bytes).includes(Buffer.from('w\xff\x00b', 'latin1'))).toBe(true);
});
