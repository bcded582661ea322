// The plain stream: so many registrations are sent in batches over loopback and decoded; says how
// many milliseconds that took.
import { connect, createServer } from 'node:net';

import { Decoder, Encoder } from 'cbor-x';

const BATCH = 500;
const OPTIONS = { mapsAsObjects: false, useRecords: false, tagUint8Array: false };
const total = Number(process.argv[2]);
const encoder = new Encoder(OPTIONS);
const decoder = new Decoder(OPTIONS);
const batches = [];
for (let start = 0; start < total; start += BATCH) {
  const rows = Array.from({ length: Math.min(BATCH, total - start) }, (_, index) => [
    Buffer.alloc(16, start + index),
    1,
    `service-${(start + index) % 400}`,
    '10.0.0.1',
    1024,
    'http',
    [
      ['version', '1.2.3'],
      ['zone', 'akl-1'],
    ],
  ]);
  const content = Buffer.from(encoder.encode(rows));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(content.length);
  batches.push(Buffer.concat([head, content]));
}
const held = [];
const server = createServer((socket) => {
  for (const batch of batches) socket.write(batch);
}).listen(0, '127.0.0.1', () => {
  const sinceMs = performance.now();
  let kept = Buffer.alloc(0);
  const socket = connect(server.address().port, '127.0.0.1');
  socket.on('data', (bytes) => {
    kept = kept.length === 0 ? bytes : Buffer.concat([kept, bytes]);
    while (kept.length >= 4 && kept.length >= 4 + kept.readUInt32BE()) {
      const end = 4 + kept.readUInt32BE();
      held.push(...decoder.decode(kept.subarray(4, end)));
      kept = kept.subarray(end);
    }
    if (held.length < total) return;
    console.log(`took ${performance.now() - sinceMs}`);
    process.exit();
  });
});
