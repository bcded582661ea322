// Registers one service at many ports and holds it: `node offering.js NAME FIRST_PORT COUNT`.

import { connect } from '../../dist/index.js';

const [name, first, count] = process.argv.slice(2);
const client = connect({ environment: 'production' });
const ports = Array.from({ length: Number(count) }, (_, index) => Number(first) + index);
const offers = ports.map((port) => client.register({ name, port, address: '127.0.0.1' }));
await Promise.all(offers.map((offer) => offer.registered));
console.error(JSON.stringify({ event: 'registered' }));
