// A stranger who begins handshakes as fast as one core allows, at most so many a second, from
// addresses of its own, and leaves each as soon as it is answered.
// node flood.mjs HOST PORT PER_SECOND FROM,… [identity]: prints `begun` when the first has begun,
// and how many it has begun when stdin ends.

import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

const [host, port, perSecond, from, identity = 'development'] = process.argv.slice(2);
const sources = from.split(',');
const OPEN_MAX = 2_000;
let begun = 0;
let open = 0;
let sent = 0;
const startMs = performance.now();

/** A sound ClientHello of TLS 1.3, but its binder is made without the secret. */
function hello() {
  const u16 = (number) => Buffer.of(number >> 8, number & 255);
  const extension = (type, body) => Buffer.concat([u16(type), u16(body.length), body]);
  const name = Buffer.from(identity);
  const psk = Buffer.concat([
    ...[u16(name.length + 6), u16(name.length), name, Buffer.alloc(4)],
    ...[u16(33), Buffer.of(32), randomBytes(32)],
  ]);
  const extensions = Buffer.concat([
    extension(43, Buffer.of(2, 3, 4)),
    extension(10, Buffer.of(0, 2, 0, 0x1d)),
    extension(51, Buffer.concat([u16(36), u16(0x1d), u16(32), randomBytes(32)])),
    extension(45, Buffer.of(1, 1)),
    extension(41, psk),
  ]);
  const body = Buffer.concat([
    ...[u16(0x0303), randomBytes(32), Buffer.of(0), u16(2), u16(0x1301), Buffer.of(1, 0)],
    ...[u16(extensions.length), extensions],
  ]);
  const message = Buffer.concat([Buffer.of(1, 0), u16(body.length), body]);
  return Buffer.concat([Buffer.of(0x16, 3, 1), u16(message.length), message]);
}

function knock() {
  begun += 1;
  open += 1;
  const localAddress = sources[begun % sources.length];
  const socket = connect({ host, port: Number(port), localAddress });
  socket.on('error', () => undefined);
  socket.on('connect', () => {
    sent += 1;
    if (sent === 1) process.stdout.write('begun\n');
    socket.write(hello());
  });
  socket.on('data', () => socket.resetAndDestroy());
  socket.on('end', () => socket.destroy());
  socket.on('close', () => {
    open -= 1;
  });
}

const timer = setInterval(() => {
  const due = ((performance.now() - startMs) / 1_000) * Number(perSecond) - begun;
  for (let left = Math.min(due, 200); left > 0 && open < OPEN_MAX; left -= 1) knock();
}, 2);

process.stdin.on('end', () => {
  clearInterval(timer);
  const seconds = (performance.now() - startMs) / 1_000;
  process.stdout.write(`${String(begun)} in ${seconds.toFixed(1)} s\n`, () => process.exit());
});
process.stdin.resume();
