// Requests to whichever instance is there: undici keeps a pool of connections for each of them, and
// one that does not answer is left out of the next attempt. Run it with: node examples/undici-client.js

import { connect } from 'rarangi';
import { Agent, request } from 'undici';

const environment = process.env.RARANGI_ENVIRONMENT ?? 'development';
const client = connect({ environment });
// One agent for all instances: it has a pool for each origin.
const agent = new Agent({ connect: { timeout: 1_000 } });

/** GETs a path of a service as JSON, from another instance if one cannot be reached. */
async function get(service, path, { signal } = {}) {
  const except = [];
  for (;;) {
    const instance = await client.resolve(service, { except, signal, waitMs: 5_000 });
    const origin = `${instance.scheme ?? 'http'}://${instance.address}:${instance.port}`;
    try {
      const { body } = await request(`${origin}${path}`, { dispatcher: agent, signal });
      return await body.json();
    } catch (error) {
      if (except.length === 2 || signal?.aborted) throw error;
      except.push(instance);
    }
  }
}

try {
  const answer = await get('hello', '/hello', { signal: AbortSignal.timeout(10_000) });
  console.log(answer.hello);
} finally {
  await Promise.all([agent.close(), client.close()]);
}
