// Connects, registers, resolves and closes, so many times, and says what that has cost: handles and
// the heap, after a warm-up and at the end. It wants --expose-gc.

import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'rarangi';

const [environment, server, roundsText] = process.argv.slice(2);
const rounds = Number(roundsText);
// One signal for all: nothing of a round may stay on it.
const { signal } = new AbortController();
const warmUp = Math.ceil(rounds / 10);

for (let round = 0; round < warmUp; round += 1) await play(round);
const before = await measure();
for (let round = warmUp; round < rounds; round += 1) await play(round);
const after = await measure();
console.log(JSON.stringify({ before, after }));

async function play(round) {
  const client = connect({ environment, servers: [server] });
  const handle = client.register({ name: 'round', port: 1 + (round % 65_535) }, { signal });
  await handle.registered;
  await client.resolve('round', { signal });
  await client.close();
}

async function measure() {
  // What is closed is gone a turn later; twice, as finalizers free what they held.
  for (let pass = 0; pass < 3; pass += 1) {
    await delay(50);
    globalThis.gc();
  }
  const handles = process.getActiveResourcesInfo().filter((name) => !/^(TTY|Pipe)/.test(name));
  return { handles, heapBytes: process.memoryUsage().heapUsed };
}
