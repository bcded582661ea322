// A bare service: holds a connection, once the relay has taken it in, until it is killed.
import { connect } from 'node:net';

const [port] = process.argv.slice(2);
connect(Number(port), '127.0.0.1').once('data', () => console.log('connected'));
