// A program that uses the library, as tests want one: it is live as `dweller`, and for every word on
// its stdin it writes a line on stdout. `block MS` blocks its event loop; `NAME` resolves a service.

import { createInterface } from 'node:readline';
import { connect } from 'rarangi';

const [environment, port, ...servers] = process.argv.slice(2);
const client = connect({ environment, servers, timeoutMs: 10_000 });
const registration = client.register({ name: 'dweller', port: Number(port) });
for (const event of ['lost', 'regained']) registration.on(event, () => console.log(event));

const watched = new Set();
const watching = (async () => {
  for await (const { change, instance } of client.watch('db')) {
    if (change === 'removed') watched.delete(instance.port);
    else if (instance !== undefined) watched.add(instance.port);
  }
})();
await registration.registered;

for await (const line of createInterface({ input: process.stdin })) {
  const [word, ms] = line.split(' ');
  if (word === 'block') block(Number(ms));
  else if (word === 'watched') console.log(`watched ${[...watched].sort().join(' ')}`);
  else console.log(await answerTo(word));
}
await client.close();
await watching;

async function answerTo(name) {
  try {
    const { port: found } = await client.resolve(name);
    return `${name} at ${found}`;
  } catch (error) {
    return `${name} ${error.code}`;
  }
}

function block(ms) {
  console.log('blocking');
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}
