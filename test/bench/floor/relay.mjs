// A bare server: bytes of one connection go out on all others, and so does a byte when one is
// closed. With an address it is connected to another of its kind. A connection that is taken in is
// told so by a first byte: bytes before that, on either side, would reach no end.
import { connect, createServer } from 'node:net';

const GREETING = '+';
const others = new Set();
const tell = (from, bytes) => {
  for (const other of others) if (other !== from) other.write(bytes);
};
const take = (socket) => {
  others.add(socket.setNoDelay());
  socket.on('data', (bytes) => tell(socket, bytes));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    others.delete(socket);
    tell(socket, Buffer.of(0));
  });
};
const server = createServer((socket) => {
  take(socket);
  socket.write(GREETING);
});
const listen = () => {
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
    console.log(`listening ${server.address().port}`);
  });
};
const [port] = process.argv.slice(2);
if (port === undefined) listen();
else {
  const socket = connect(Number(port), '127.0.0.1');
  socket.once('data', () => {
    take(socket);
    listen();
  });
}
