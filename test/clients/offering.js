// Registers one service at many ports and holds it: `node offering.js NAME FIRST_PORT COUNT [SERVER]`.

import { connect } from '../../dist/index.js';

const [name, first, count, server] = process.argv.slice(2);
const where = server === undefined ? { environment: 'production' } : { servers: [server] };
const client = connect({ environment: 'development', ...where });
const ports = Array.from({ length: Number(count) }, (_, index) => Number(first) + index);
const offers = ports.map((port) => client.register({ name, port, address: '127.0.0.1' }));
await Promise.all(offers.map((offer) => offer.registered));
console.error(JSON.stringify({ event: 'registered' }));
