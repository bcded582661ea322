// Row A. A shell script looks up ten services, a process each: how long does one take, from its
// start to its end, beside a Node.js that does nothing?

import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { rarangiWords } from '../processes.ts';
import { type Figure, median, type Row } from '../row.ts';
import { openSession, registrationOf } from '../wire.ts';

export const start: Row = {
  name: 'start',
  title: 'A. Cold start of a command',
  method: '25 pairs of runs, one after the other',
  measure: async (bench, isQuick) => {
    const { address } = await bench.serve();
    const session = await openSession(address);
    session.send({ kind: 'register', request: 1, registration: registrationOf(1, 'db') });
    const server = `--server=${address}`;
    const commands = {
      lookup: { must: 1.4, words: ['lookup', 'db', server] },
      status: { must: 2, words: ['status', server] },
      peers: { must: 2, words: ['peers', server] },
      register: {
        must: 2,
        words: ['register', server, '--name=x', '--port=1', '--ready=none', '--', 'true'],
      },
    };
    const figures: Figure[] = [];
    for (const [name, { must, words }] of Object.entries(commands)) {
      const pairs = await timePairs(rarangiWords(words), isQuick ? 3 : RUNS);
      const [value, floor] = [
        median(pairs.map(({ ms }) => ms)),
        median(pairs.map((p) => p.emptyMs)),
      ];
      figures.push({ what: `rarangi ${name}`, unit: 'ms', value, floor });
      const ratio = median(pairs.map(({ ms, emptyMs }) => ms / emptyMs));
      const title = `rarangi ${name}, by an empty Node.js`;
      figures.push({ what: title, unit: 'x', value: ratio, must: `≤ ${String(must)}` });
    }
    session.close();
    return figures;
  },
};

interface Pair {
  readonly ms: number;
  readonly emptyMs: number;
}

/** Both in turn, so that both meet the same weather. The first pair warms the caches. */
async function timePairs(words: readonly string[], runs: number): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const emptyMs = await timeNode(['-e', '0']);
    pairs.push({ emptyMs, ms: await timeNode(words) });
  }
  return pairs.slice(1);
}

async function timeNode(words: readonly string[]): Promise<number> {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const sinceMs = performance.now();
  const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.resume();
  child.stderr.resume();
  await once(child, 'exit');
  return performance.now() - sinceMs;
}

const RUNS = 25;
