// A program with the library: offers a service at an address, watches all that offer it, and says
// every change as a line of JSON on stdout.

import { connect } from '../../dist/index.js';

const [address, name, port] = process.argv.slice(2);

const client = connect({ servers: [address] });
client.register({ name, port: Number(port) });
for await (const { change, instance } of client.watch(name)) {
  process.stdout.write(`${JSON.stringify({ change, port: instance?.port })}\n`);
}
