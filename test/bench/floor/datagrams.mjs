// A bare server over UDP: every query gets the same bytes, kept ready, with its own number in them.
import { createSocket } from 'node:dgram';

const [address, port, hex] = process.argv.slice(2);
const answer = Buffer.from(hex, 'hex');
const lookup = (given, _, found) => {
  found(null, given, 4);
};
const socket = createSocket({ type: 'udp4', lookup });
socket.on('message', (query, remote) => {
  answer[0] = query[0];
  answer[1] = query[1];
  socket.send(answer, remote.port, remote.address);
});
socket.bind(Number(port), address, () => {
  console.log('listening');
});
