// A bare server: for every so many bytes it answers with the same bytes, kept ready.
import { createServer } from 'node:net';

const [askedBytes, answerBytes] = process.argv.slice(2).map(Number);
const answer = Buffer.alloc(answerBytes, 1);
const server = createServer({ noDelay: true }, (socket) => {
  let pending = 0;
  socket.on('error', () => undefined);
  socket.on('data', ({ length }) => {
    pending += length;
    const count = Math.floor(pending / askedBytes);
    pending -= count * askedBytes;
    socket.cork();
    for (let index = 0; index < count; index += 1) socket.write(answer);
    socket.uncork();
  });
}).listen(0, '127.0.0.1', 4096, () => console.log(`listening ${server.address().port}`));
