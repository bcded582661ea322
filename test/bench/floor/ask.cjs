// A bare question: waits for the welcome, says bytes that are ready, prints that an answer came.
// CommonJS, as the program that it is the floor of.
'use strict';

const { connect } = process.getBuiltinModule('node:net');

const [host, port, question] = process.argv.slice(2);
const socket = connect(Number(port), host);
socket.once('data', () => {
  socket.write(Buffer.from(question, 'hex'));
  socket.once('data', () => process.stdout.write('127.0.0.1:1\n', () => process.exit()));
});
