// How fast registrations go over the wire, and what share of that the walk before the decoder
// (well-formed.ts) and the checks of the declaration take. Run:
// npx vitest bench --run test/bench/codec.bench.ts.

import { Decoder } from 'cbor-x';
import { bench, describe } from 'vitest';
import { decodeMessage, encodeMessage } from '../../src/protocol/codec.ts';
import { encodeFrame, FrameDecoder } from '../../src/protocol/frame.ts';
import type { InstanceId, Name, OriginId } from '../../src/protocol/ids.ts';
import type { Message } from '../../src/protocol/messages.ts';
import { checkWellFormed } from '../../src/protocol/well-formed.ts';

const REGISTRATIONS = 1_000;

const registrations = Array.from({ length: REGISTRATIONS }, (_, index) => ({
  instance: index.toString(16).padStart(32, '0') as InstanceId,
  revision: 1,
  service: `service-${String(index % 50)}` as Name,
  address: `10.0.${String(index >> 8)}.${String(index & 255)}`,
  port: 1024 + index,
  scheme: 'http',
  tags: [
    { key: 'version' as Name, value: '1.2.3' },
    { key: 'zone' as Name, value: 'akl-1' },
  ],
}));
const snapshot: Message = {
  kind: 'snapshot',
  origin: 'f'.repeat(32) as OriginId,
  sequence: 123_456,
  part: 0,
  facts: {
    name: 'h1-a' as Name,
    host: 'h1' as Name,
    cluster: 'c1' as Name,
    side: 'a',
    role: 'master',
    addresses: ['10.0.0.1:17310'],
  },
  links: [],
  registrations,
  more: false,
};
const bytes = encodeMessage(snapshot);
const ping = encodeMessage({ kind: 'ping', stamp: 12_345_678_901 });
const decoder = new Decoder({ mapsAsObjects: false, useRecords: false, copyBuffers: true });
const pings = new Uint8Array(Buffer.concat(Array<Uint8Array>(1_000).fill(encodeFrame(ping))));

describe(`a snapshot of ${String(REGISTRATIONS)} registrations, ${String(bytes.length)} bytes`, () => {
  bench('encodeMessage', () => {
    encodeMessage(snapshot);
  });
  bench('decodeMessage', () => {
    decodeMessage(bytes);
  });
  bench('of which checkWellFormed', () => {
    checkWellFormed(bytes);
  });
  bench('of which cbor-x', () => {
    decoder.decode(bytes);
  });
});

describe('a ping', () => {
  bench('decodeMessage', () => {
    decodeMessage(ping);
  });
  bench('of which checkWellFormed', () => {
    checkWellFormed(ping);
  });
  bench('1,000 in one chunk, framing only', () => {
    Array.from(new FrameDecoder(4096).push(pings));
  });
});
