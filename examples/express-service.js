// An Express service that is found as long as it runs: registered when its port accepts, given up
// before it stops. Start it with: node examples/express-service.js

import express from 'express';
import { connect } from 'rarangi';

const environment = process.env.RARANGI_ENVIRONMENT ?? 'development';
const client = connect({ environment });
const app = express();

app.get('/hello', (_request, response) => {
  response.json({ hello: 'world' });
});

// Port 0 lets the kernel choose: a client that looks the service up learns the port.
const server = app.listen(0, '127.0.0.1', () => {
  const { address, port } = server.address();
  const registration = client.register({ name: 'hello', address, port, scheme: 'http' });
  registration.on('lost', ({ reason }) => console.error('not listed at the moment:', reason));
  registration.on('regained', () => console.error('listed again'));
  console.log('listening');
});

process.once('SIGTERM', async () => {
  // First no new client finds the service; then it answers the clients that have.
  await client.close();
  server.close();
});
