// A bare server: sends so many bytes on every connection every so many milliseconds, and reads what
// comes. Without numbers it sends a sign of life as often as a link does.
import { createServer } from 'node:net';

const [length = 4, everyMs = 400] = process.argv.slice(2).map(Number);
const bytes = Buffer.alloc(length, 1);
const server = createServer({ noDelay: true }, (socket) => {
  let dueMs = performance.now() + everyMs;
  const timer = setInterval(() => {
    // A busy machine leaves out turns of the timer: what is due is sent all the same.
    for (; dueMs <= performance.now(); dueMs += everyMs) socket.write(bytes);
  }, everyMs);
  socket.on('data', () => undefined);
  socket.on('error', () => undefined);
  socket.on('close', () => clearInterval(timer));
}).listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(`listening ${server.address().port}`);
});
