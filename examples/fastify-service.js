// A Fastify service whose registration is part of its life: a plugin registers when the server
// listens, and gives the registration up before the server closes. Start it with: node examples/fastify-service.js

import Fastify from 'fastify';
import { connect } from 'rarangi';

/** Keeps `name` registered while the server listens; `fastify.rarangi` is the client. */
async function catalogue(fastify, { environment, name }) {
  const client = connect({ environment });
  fastify.decorate('rarangi', client);
  fastify.addHook('onListen', async () => {
    const [{ address, port }] = fastify.addresses();
    client.register({ name, address, port, scheme: 'http' });
  });
  fastify.addHook('preClose', () => client.close());
}
// Its decorator and its hooks are for the whole server, not for a part of it.
catalogue[Symbol.for('skip-override')] = true;

const fastify = Fastify();
await fastify.register(catalogue, {
  environment: process.env.RARANGI_ENVIRONMENT ?? 'development',
  name: 'greeter',
});

// It is a client of the other example.
fastify.get('/greet', async () => {
  const { address, port } = await fastify.rarangi.resolve('hello', { waitMs: 5_000 });
  const response = await fetch(`http://${address}:${port}/hello`);
  return { greeting: await response.json() };
});

await fastify.listen({ host: '127.0.0.1', port: 0 });
console.log('listening');
process.once('SIGTERM', () => fastify.close());
