// Asks by HTTP so many times a second, by the clock, however soon it is answered: each question goes
// out on the connection that has rested longest. Prints how many answers came in how many seconds.
import { connect } from 'node:net';

const [url, rate, seconds, connections] = process.argv.slice(2);
const { hostname, port, host, pathname } = new URL(url);
const question = Buffer.from(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
const perMs = Number(rate) / 1e3;
const lengthOf = (begun) => {
  const head = begun.toString('latin1', 0, begun.indexOf('\r\n\r\n'));
  if (!head.startsWith('HTTP/1.1 200 ')) throw new Error(head);
  return head.length + 4 + Number(/^content-length: (\d+)/im.exec(head)[1]);
};
const idle = [];
let answered = 0;
let asked = 0;
const open = () =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true }, resolve);
    socket.on('connect', () => idle.push(socket));
    socket.on('error', reject);
    let missing = 0;
    socket.on('data', (bytes) => {
      if (missing === 0) missing = lengthOf(bytes);
      missing -= bytes.length;
      if (missing > 0) return;
      answered += 1;
      idle.push(socket);
    });
  });
await Promise.all(Array.from({ length: Number(connections) }, open));
const beginMs = performance.now();
const timer = setInterval(() => {
  const passedMs = performance.now() - beginMs;
  // What it cannot ask for want of a connection it asks later: it is counted when it is answered.
  for (; asked < passedMs * perMs && idle.length > 0; asked += 1) idle.shift().write(question);
  if (passedMs < 1e3 * Number(seconds)) return;
  clearInterval(timer);
  console.log(JSON.stringify({ answered, seconds: passedMs / 1e3 }));
  process.exit();
}, 1);
