// Row A. A shell script looks up ten services, a process each: how long does one take, from its
// start to its end, beside a Node.js that does nothing, and beside one that asks the same with bytes
// that are ready?

import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { floorFile, rarangiWords } from '../processes.ts';
import { type Figure, median, type Row } from '../row.ts';
import { framed, HELLO, openSession, registerOf, registrationOf } from '../wire.ts';

export const start: Row = {
  name: 'start',
  title: 'A. Cold start of a command',
  method: '25 pairs of runs, one after the other',
  measure: async (bench, isQuick) => {
    const { address } = await bench.serve();
    const session = await openSession(address);
    session.send(registerOf(1, registrationOf(1, 'db')));
    const server = `--server=${address}`;
    const lookup = rarangiWords(['lookup', 'db', server]);
    const held = ['--name=x', '--port=1', '--ready=none', '--', 'true'];
    const programs: readonly Program[] = [
      { title: 'a bare question over node:net', words: questionWords(address) },
      { title: 'rarangi lookup', must: 1.65, words: lookup },
      { title: 'rarangi status', must: 2, words: rarangiWords(['status', server]) },
      { title: 'rarangi peers', must: 2, words: rarangiWords(['peers', server]) },
      { title: 'rarangi register', must: 2, words: rarangiWords(['register', server, ...held]) },
    ];
    const figures: Figure[] = [];
    for (const program of programs) figures.push(...(await figuresOf(program, isQuick ? 3 : RUNS)));
    session.close();
    return figures;
  },
};

interface Program {
  readonly title: string;
  readonly words: readonly string[];
  /** So many times as long as an empty Node.js takes, at most. */
  readonly must?: number;
}

async function figuresOf(program: Program, runs: number): Promise<Figure[]> {
  const { title, must } = program;
  const pairs = await timePairs(program, runs);
  const value = median(pairs.map(({ ms }) => ms));
  const floor = median(pairs.map(({ emptyMs }) => emptyMs));
  const ratio = median(pairs.map(({ ms, emptyMs }) => ms / emptyMs));
  const promise = must === undefined ? {} : { must: `≤ ${String(must)}` };
  return [
    { what: title, unit: 'ms', value, floor },
    { what: `${title}, by an empty Node.js`, unit: 'x', value: ratio, ...promise },
  ];
}

interface Pair {
  readonly ms: number;
  readonly emptyMs: number;
}

/** Both in turn, so that both meet the same weather. The first pair warms the caches. */
async function timePairs(program: Program, runs: number): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const emptyMs = await timeNode(['-e', '0']);
    pairs.push({ emptyMs, ms: await timeNode(program.words) });
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

function questionWords(address: string): string[] {
  const at = address.lastIndexOf(':');
  const question = framed({ kind: 'lookup', request: 1, service: registrationOf(1, 'db').service });
  const bytes = Buffer.concat([HELLO, question]).toString('hex');
  return [floorFile('ask.cjs'), address.slice(0, at), address.slice(at + 1), bytes];
}

const RUNS = 25;
